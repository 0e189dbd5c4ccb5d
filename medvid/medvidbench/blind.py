"""A blind model: one that is shown black frames, for the baseline that a question alone earns."""

from dataclasses import replace

import numpy as np

from medvid.engine.base import Engine, Reply, Request


class Blind:
    """An engine that shows its model black frames: what can be had from the question alone."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.profile = engine.profile

    async def warm(self) -> None:
        await self.engine.warm()

    async def generate(self, request: Request) -> Reply:
        """The clip gets an id of its own, lest a cache answers from the frames."""
        black = request.frames.with_rgb(np.zeros_like(request.frames.rgb))
        return await self.engine.generate(replace(request, frames=black, clip=replace(request.clip, id=f"blind {request.clip.id}")))

    async def aclose(self) -> None:
        await self.engine.aclose()

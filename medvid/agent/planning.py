"""Planning: what a planner is asked, and what it gives. The offline rules (planner.py) and a language model are planners alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from medvid.agent.catalogue import Listing, Tools
from medvid.agent.memory import Memory
from medvid.core import Needs, Plan, Planning


@dataclass(frozen=True, slots=True)
class Asked:
    """question: in plain words. listing: the videos it is about. memory: the conversation so far. insist: passed
    to every tool that takes it."""

    question: str
    listing: Sequence[Listing]
    tools: Tools
    memory: Memory = Memory()
    insist: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, or what has to be said first. unused: words of the question that no step rests on. tries: of a language model. limits: each
    bound that was hit, in words."""

    made: Plan | Needs
    unused: tuple[str, ...] = ()
    tries: tuple[Planning, ...] = ()
    limits: tuple[str, ...] = ()


class Planner(Protocol):
    async def __call__(self, asked: Asked) -> Planned:
        """Raises PlanError where no plan may run, EngineError where a model cannot be reached."""

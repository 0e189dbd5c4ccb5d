"""Options that several commands share, and the settings they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from medvid.core.settings import Settings

Files = Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Files beside those under the roots.")]
Roots = Annotated[list[Path] | None, typer.Option("--root", metavar="DIR", help="A folder of videos; may be given again.")]
Model = Annotated[
    str | None, typer.Option("--model", metavar="DIR|ID", help="A checkpoint folder or hub id; the small embedded model if left out.")
]
Engine = Annotated[
    str | None, typer.Option("--engine", metavar="NAME|URL", help="What runs the model: local, vllm, or a server's address up to its /v1.")
]
Device = Annotated[str | None, typer.Option("--device", metavar="auto|cpu|cuda|mps", help="Where the model runs; auto if left out.")]
Planner = Annotated[
    str | None, typer.Option("--planner-model", metavar="PROVIDER:MODEL", help="A language model that plans; rules do if left out.")
]
Servers = Annotated[
    list[str] | None, typer.Option("--mcp", metavar="[NAME=]URL", help="Another MCP server, whose tools may take part; may be given again.")
]
Insist = Annotated[bool, typer.Option("--insist", help="Answer even where the model was not trained for this kind of video.")]
Thread = Annotated[str | None, typer.Option("--thread", metavar="NAME", help="The conversation this belongs to, or a new one.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Run a plan that costs much without asking.")]
Approve = Annotated[bool, typer.Option("--approve", help="Show every plan and wait for a yes.")]
NoVerify = Annotated[bool, typer.Option("--no-verify", help="Do not look a second time at what was found.")]
Ray = Annotated[bool, typer.Option("--ray", help="Spread over Ray actors, here or on the cluster of RAY_ADDRESS, an engine in each.")]
Actors = Annotated[int | None, typer.Option(min=1, metavar="N", help="With --ray: how many; as GPUs or cores allow if left out.")]
Frames = Annotated[Path | None, typer.Option("--root", metavar="DIR", help="The frames' folder; that of the records if left out.")]
FrameRoots = Annotated[
    list[str] | None, typer.Option("--frame-root", metavar="OLD=NEW", help="NEW: where paths from OLD on are; may be given again.")
]
Fed = Annotated[Literal["faithful", "published"] | None, typer.Option("--feeding", help="True frames and times, or as published.")]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="So many, spread over tasks and file; may grow later.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, nothing else.")]


def settings_of(**flags: Any) -> Settings:
    """Flag over environment over file over default. Raises ConfigError."""
    from medvid.core import settings

    if (flags.get("engine") or "").startswith(("http://", "https://")):
        flags |= {"engine": "remote", "endpoint": flags["engine"]}
    return settings.load(**flags)


def examples(*lines: str) -> str:
    """The foot of a command's help. Each line stands for itself."""
    return "Examples:\n\n" + "\n\n".join(f"`{line}`" for line in lines)

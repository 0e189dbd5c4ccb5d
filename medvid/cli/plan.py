"""`medvid plan`: a plan's file, checked against the tools and shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.options import Json, examples, settings_of
from medvid.cli.source import open_source
from medvid.core import Plan

EXAMPLES = examples("medvid plan kept/plan.yaml", 'medvid plan clipping.yaml operation.mp4 --set action="clip the cystic duct" --mermaid')


def plan(
    file: Annotated[Path, typer.Argument(metavar="PLAN.yaml", help="As `--save` wrote it, or by hand: docs/plans.md.")],
    video: Annotated[str | None, typer.Argument(metavar="[VIDEO]", help="A file or id to put in for $video.")] = None,
    given: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; may be given again.")] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print the plan as a Mermaid flow chart.")] = False,
    as_json: Json = False,
) -> None:
    """Checks a plan against the tools and shows it; nothing is run. With a video, as it would run on that one."""
    import json

    import anyio
    from rich.console import Console

    from medvid.agent import drawing
    from medvid.core.plan_file import read_plan
    from medvid.report.tables import plan_table

    checked = anyio.run(_checked, read_plan(file, Plan), video, given or ())
    if as_json or mermaid:
        typer.echo(drawing.mermaid(checked) if mermaid else json.dumps(checked.to_json()))
    else:
        Console().print(plan_table(checked))


async def _checked(plan: Plan, video: str | None, given: Sequence[str]) -> Plan:
    from medvid.agent.binding import bind, values_of
    from medvid.agent.catalogue import list_tools, list_videos
    from medvid.agent.check import check_plan
    from medvid.app import open_library, open_tools
    from medvid.core import ConfigError

    if given and not video:
        raise ConfigError("--set puts a value in for one video; name that video too")
    settings = settings_of()
    library, video_id = open_source(settings, video) if video else (open_library(settings), None)
    async with open_tools(settings, library) as (client, _):
        listing = await list_videos(client, [video_id]) if video_id else []
        plan = bind(plan, values_of(plan, given), listing[0]) if listing else plan
        check_plan(plan, await list_tools(client), listing=listing, bound=bool(listing))
    return plan

"""`medvid run`: one analysis over many videos, into tables that can be gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medvid.cli.options import Actors, Device, Engine, Json, Model, Ray, examples, settings_of

if TYPE_CHECKING:
    from medvid.agent.cohort import Analysis, Folder
    from medvid.core.settings import Settings
    from medvid.video.manifest import Member

EXAMPLES = examples(
    "medvid run --list",
    "medvid run operative_timeline recordings --out timeline",
    'medvid run compare_groups --manifest cases.csv --set action="clip the cystic duct" --out compared --jobs 2',
)
COLUMNS = "Videos in a column video; others may be id, group, procedure, attempt."


def run(
    analysis: Annotated[str | None, typer.Argument(metavar="ANALYSIS", help="A name from --list, or a YAML file.")] = None,
    videos: Annotated[list[Path] | None, typer.Argument(metavar="[VIDEO]...", help="Files, or folders of them.")] = None,
    manifest: Annotated[Path | None, typer.Option(metavar="CSV", help=COLUMNS)] = None,
    given: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; may be given again.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where results go; the same folder again goes on.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Videos at once.")] = 1,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run videos again that failed.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Show the analyses that come along.")] = False,
    ray: Ray = False, actors: Actors = None, as_json: Json = False, model: Model = None, engine: Engine = None, device: Device = None,
) -> None:  # fmt: skip
    """Runs one plan over many videos: outcomes as they come, then tables, statistics and a chart (docs/analyses.md).

    Killed or interrupted, the same command goes on; a video that is finished is not run again."""
    from importlib.metadata import version

    from medvid import __version__
    from medvid.agent.binding import values_of
    from medvid.agent.cohort import SHIPPED, Folder, load_analysis
    from medvid.core import ConfigError
    from medvid.report.installation import PACKAGES
    from medvid.report.tidy import frame_of
    from medvid.video.manifest import members_of

    if listed:
        shown = {name: load_analysis(name).model_dump(mode="json", include={"says", "parameters"}) for name in SHIPPED}
        lines = (" ".join((f"{name}: {one['says']}", *(f"[{key}]" for key in one["parameters"]))) for name, one in shown.items())
        return typer.echo(json.dumps(shown) if as_json else "\n".join(lines))
    if analysis is None or out is None:
        raise ConfigError("name an analysis (see `medvid run --list`), videos, and a folder for the results with --out DIR")
    frame_of([])  # what makes the tables is missed now, and not after hours
    plan, settings = load_analysis(analysis), settings_of(model=model, engine=engine, device=device, roots=())
    values, members = values_of(plan, given or []), members_of(videos or [], manifest)
    groups = {member.row.get("group", "") for member in members}
    if plan.report == "groups" and (len(groups) != 2 or "" in groups):
        raise ConfigError(f"{analysis} compares two groups; the manifest's column group has {sorted(groups)}; give each video one of two")
    made_with = {"analysis": plan.to_json(), "parameters": values, "model": settings.model or "embedded", "medvid": __version__}
    ids = {member.row["id"]: member.listing and member.listing.video_id for member in members}
    about = {"packages": {name: version(name) for name in PACKAGES}, "videos": ids}
    about["settings"] = settings.model_dump(mode="json", exclude={"callers", "api_key"})
    folder = Folder(out, made_with, about, retry=retry_failed)
    for name, same in [(member.path.name, same) for member in members for same in member.same]:
        typer.echo(f"{same} holds the same video as {name}; it is run once", err=True)
    code = 0
    try:
        _run(plan, values, settings, members, folder, jobs, ray, actors)
    except KeyboardInterrupt:
        code = 130
        typer.echo("stopped; the same command goes on where it was", err=True)
    failed = _finish(plan, members, folder, as_json)
    if code or failed:
        raise typer.Exit(code or 1)


def _opened(settings: Settings, files: Sequence[Path], procedures: Mapping[str, str]) -> AbstractAsyncContextManager[tuple[Any, str]]:
    from medvid.app import open_library, open_tools

    return open_tools(settings, open_library(settings, files, procedures=procedures))


def _run(
    plan: Analysis, values: dict[str, Any], settings: Settings, members: Sequence[Member], folder: Folder, jobs: int, ray: bool,
    actors: int | None,
) -> None:  # fmt: skip
    import anyio

    from medvid.agent.cohort import Finished, finish_text, run_cohort
    from medvid.app import gpus_of
    from medvid.core.on_ray import on_ray

    there = [(member, member.listing) for member in members if member.listing]
    procedures = {listing.video_id: member.row["procedure"] for member, listing in there if member.row.get("procedure")}
    opener = partial(_opened, settings, [member.path.absolute() for member, _ in there], procedures)
    videos = {listing.video_id: listing.model_dump(mode="json") for _, listing in there}

    async def here() -> None:
        async with opener() as (client, _):
            await run_cohort(plan, values, list(videos.values()), client, folder, jobs=jobs, on_event=tell, on_done=count)

    with _shown(members, folder) as (tell, count):
        if not ray:
            return anyio.run(here)
        asked = partial(finish_text, plan, values, videos, folder.path.absolute())
        left = [video_id for video_id in videos if video_id not in folder.finished]
        with closing(on_ray(opener, asked, left, actors=actors, at_once=jobs, gpus=gpus_of(settings))) as texts:
            for done in map(Finished.model_validate_json, texts):
                folder.add(done)
                count(done)


@contextmanager
def _shown(members: Sequence[Member], folder: Folder) -> Iterator[tuple[Any, Any]]:
    """What hears of events and shows a row for each video in work, and what hears of finished videos and says a line of each."""
    from rich.markup import escape

    from medvid.cli.steps import timed_bars

    videos = {member.listing.video_id: (escape(member.row["id"]), member.listing) for member in members if member.listing}
    with timed_bars() as table:
        open_s = sum(listing.duration_s for video_id, (_, listing) in videos.items() if video_id not in folder.finished)
        whole, rows = table.add_task(f"{len(members)} videos", total=open_s), dict[str, Any]()
        table.advance(whole, 1e-9)  # the time left is reckoned from the first advance on

        async def tell(video_id: str, event: Any) -> None:
            if video_id not in rows:
                rows[video_id] = table.add_task("", total=None)
            doing = escape(event.message.partition("\n")[0][:48])
            table.update(rows[video_id], description=f"  {videos[video_id][0]}: {doing}", total=event.steps, completed=event.steps_done)

        def count(done: Any) -> None:
            if done.video_id in rows:
                table.remove_task(rows.pop(done.video_id))
            over = f"{sum(video_id in folder.finished for video_id in videos)} of {len(members)} videos"
            table.update(whole, description=over, advance=videos[done.video_id][1].duration_s)
            left = f"; about {table.tasks[0].time_remaining:.0f} s left" if table.tasks[0].time_remaining else ""
            said = f"failed, {escape(done.failure.message)}" if done.failure else "done"
            table.console.print(f"{over}: {videos[done.video_id][0]}: {said} ({done.elapsed_s:.1f} s{left})")

        yield tell, count


def _finish(plan: Analysis, members: Sequence[Member], folder: Folder, as_json: bool) -> int:
    """Writes the tables of what is finished, and says how many that are. How many failed."""
    from medvid.report.cohort import write_report
    from medvid.report.tidy import finding_rows, video_row

    rows, findings = list[dict[str, Any]](), list[dict[str, Any]]()
    for member in members:
        found = member.listing.model_dump(include={"video_id", "duration_s"}) if member.listing else {}
        done = folder.finished.get(found.get("video_id", ""))
        reason = member.problem or (done.failure.message if done and done.failure else None)
        rows.append({**member.row, **found, "status": "failed" if reason else "done" if done else "not run", "reason": reason})
        if done and done.run:
            rows[-1] |= {"elapsed_s": done.elapsed_s, **video_row(done.run)}
            findings += [{name: rows[-1].get(name) for name in ("id", "video_id", "group")} | row for row in finding_rows(done.run)]
    table = write_report(folder.path, rows, findings, {step.id for step in plan.steps}, plan.report, plan.title)
    statuses = [row["status"] for row in rows]
    if as_json:
        typer.echo(json.dumps({"out": str(folder.path), "videos": rows}))
    else:
        typer.echo(table.astype(object).where(table.notna(), "").to_string(index=False, float_format="{:.2f}".format))
        typer.echo(f"{', '.join(f'{statuses.count(one)} {one}' for one in dict.fromkeys(statuses))}; results are in {folder.path}")
    if failed := statuses.count("failed"):
        typer.echo("why a video failed stands in videos.csv; --retry-failed runs it again", err=True)
    return failed

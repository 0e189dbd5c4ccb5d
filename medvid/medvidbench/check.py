"""What the owner of a checkpoint finds out in ten minutes and may post: whether it is asked as stock Transformers asks it, answers alike in
each engine, and answers tools and records in a form that can be read.

Figures and words of ours only: nothing of a video, of a model's text or of this machine stands in a report.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from anyio.to_thread import run_sync

from medvid.core import Access, ConfigError, EngineError, Feeding, MedVidError, VideoError
from medvid.core.settings import Settings
from medvid.engine.base import Engine, Reply
from medvid.engine.checkpoint import Checkpoint, read_checkpoint
from medvid.engine.device import device_name
from medvid.engine.profiles import KNOWN
from medvid.engine.proof import differing, fixed_requests
from medvid.medvidbench.asking import How, answer_text, request_of
from medvid.medvidbench.metrics import Column
from medvid.medvidbench.metrics.next_action import Nearest
from medvid.medvidbench.metrics.table import columns, metrics
from medvid.medvidbench.nearest import minilm
from medvid.medvidbench.records import Record, Result, result_of
from medvid.medvidbench.verdict import judge
from medvid.report.installation import findings
from medvid.simulate import from_tag
from medvid.tools.published import FACTOR
from medvid.tools.registry import TOOLS
from medvid.tools.toolbox import Toolbox
from medvid.video import Library
from medvid.video.container import content_id

TOLERANCES = {"float32": 1e-3, "bfloat16": 0.5}  # Of a token's log-probability, by the type of the weights.
QUOTED = re.compile(r"[(:'\"]|\S*[/\\]")  # Where our own words of an error may end: at what a model, a file or another program said.
LONGEST_S = 30.0
COLUMNS = tuple(metric.name for metric in metrics() if metric.marks and not metric.of)  # Those that no judge is needed for.
FEEDINGS: tuple[Feeding, ...] = get_args(Feeding)


class Report:
    """facts: what was checked, with what. checks: `{check, engine, state, seconds, figures, reason}`, as they began."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """tell: hears of each check, and errors in full."""
        self.tell, self.model = tell, ""
        self.facts: dict[str, str] = {}
        self.checks: list[dict[str, Any]] = []

    @contextmanager
    def part(self, name: str, engine: str = "") -> Iterator[dict[str, Any]]:
        """Takes figures; one named `failed` or `not run` says why it is so. An error of ours fails this part only."""
        figures: dict[str, Any] = {}
        check = {"check": name, "engine": engine, "state": "not run", "seconds": 0.0, "figures": figures, "reason": "interrupted"}
        self.checks.append(check)
        started_s = time.monotonic()
        try:
            yield figures
            failed, lacking = figures.pop("failed", ""), figures.pop("not run", "")
            check |= {"state": "failed" if failed else "not run" if lacking else "ok", "reason": failed or lacking}
        except MedVidError as error:
            self.tell(str(error))
            said = "" if isinstance(error, VideoError) else str(error).replace(self.model, "the model")  # the former begin with a file
            check |= {"state": "failed", "reason": f"{error.kind} error: {QUOTED.split(said)[0].strip()}"}
        finally:
            check["seconds"] = round(time.monotonic() - started_s, 2)
            self.tell(f"{name} {engine}: {check['state']}")

    @property
    def markdown(self) -> str:
        lines = ["# medvid check", "", *(f"- {what}: {found}" for what, found in self.facts.items()), ""]
        lines += ["| check | engine | state | seconds | figures |", "|---|---|---|---|---|"]
        for check in self.checks:
            said = [f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in check["figures"].items()]
            said += [check["reason"]] if check["reason"] else []
            lines.append(f"| {check['check']} | {check['engine']} | {check['state']} | {check['seconds']:.1f} | {'; '.join(said)} |")
        return "\n".join(lines)


async def examine(
    report: Report, settings: Settings, engines: Sequence[str], open_model: Callable[[Settings], Engine], video: Path,
    records: Sequence[Record], how: How,
) -> None:
    """engines: none for all that are there, one after the other; local, which keeps its memory, comes last. video: for the tools. how: the
    records are asked, but for the feeding. Raises MedVidError where nothing can be checked."""
    checkpoint, library = read_checkpoint(settings.model), Library((), [video])
    report.model = checkpoint.profile.name
    report.facts |= facts_of(settings, checkpoint)
    requests = fixed_requests(checkpoint.profile)
    others = await run_sync(differing, checkpoint, requests)
    for name in ("prompt", "positions"):
        with report.part(name) as figures:
            differs = ", ".join(others.get(name, []))
            figures |= {"clips": len(requests), "failed": differs and f"other than stock Transformers has for {differs}"}
            figures["not run"] = "" if name in others else "the checkpoint's processor cannot be loaded; it wants torchvision"
    there = {"vllm": find_spec("vllm") is not None, "remote": settings.endpoint is not None, "local": True}
    replies: dict[str, list[Reply]] = {}
    for name in engines or [name for name, is_there in there.items() if is_there]:
        async with AsyncExitStack() as stack:
            with report.part("loads and answers", name) as figures:
                engine = open_model(settings.model_copy(update={"engine": name}))
                stack.push_async_callback(engine.aclose)
                replies[name] = [await engine.generate(request) for request in requests]
                figures |= {"clips": len(requests), "prompt tokens": sum(reply.tokens_in for reply in replies[name])}
            if name in replies:
                await ask_tools(report, name, engine, library)
                await ask_records(report, name, engine, records, how)
    if replies.keys() >= {"local", "vllm"}:
        exact = checkpoint.small and settings.vllm_args.get("dtype", "float32") == "float32"
        compare(report, replies["local"], replies["vllm"], "float32" if exact else "bfloat16")


def facts_of(settings: Settings, checkpoint: Checkpoint) -> dict[str, str]:
    """The id of a file stands for its size and its first, middle and last MiB."""
    profile, folder = checkpoint.profile, checkpoint.folder
    is_known = profile.name != folder.name or profile.name in {known.name for _, known in KNOWN}  # else it is the name of a folder
    found = {item.what: item.found for item in findings(settings, lambda: device_name(settings.device), folder)}
    weights = ", ".join(content_id(path) for path in sorted(folder.glob("*.safetensors")))
    return {what: found[what] for what in ("medvid", "packages", "device")} | {
        "vllm": ", ".join(version(name) for name in packages_distributions().get("vllm", [])) or "not installed",
        "profile": profile.name if is_known else f"none of its own: an untuned {profile.architecture}",
        "config.json": content_id(folder / "config.json"), "weights": f"{checkpoint.weights_bytes / 1e9:.2f} GB, {weights}",
    }


def compare(report: Report, local: Sequence[Reply], vllm: Sequence[Reply], kind: str) -> None:
    """Log-probabilities where the texts are the same. kind: of the weights."""
    with report.part("parity", "local, vllm") as figures:
        same = [(own, other) for own, other in zip(local, vllm, strict=True) if own.text == other.text]
        gaps = [abs(a - b) for own, other in same for a, b in zip(own.logprobs or (), other.logprobs or (), strict=False)]
        largest = max(gaps, default=None)
        figures |= {"same texts": f"{len(same)} of {len(local)}", "largest difference": largest, f"allowed in {kind}": TOLERANCES[kind]}
        if largest is None or largest > TOLERANCES[kind] or (len(same) < len(local) and kind == "float32"):
            figures["failed"] = "the engines answer differently"


async def ask_tools(report: Report, name: str, engine: Engine, library: Library) -> None:
    """About the start of the library's one video, even where the model knows no such video."""
    (video,) = library.listing(Access())
    case, truth = library.case(video.video_id), from_tag(library.info(video.video_id, Access()).tags)
    shared = {"video_id": video.video_id, "span": {"start_s": 0.0, "end_s": min(video.duration_s, LONGEST_S)}, "insist": True}
    own: dict[str, dict[str, Any]] = {
        "localize_action": {"action": (*case.action_names, "cut the tissue")[0]}, "ground_object": {"object": "grasper", "every_s": 5.0},
        "caption_region": {"box_px": [side * share for share in (0.25, 0.75) for side in video.size], "time_s": 0.0},
    }
    read = []
    for tool in TOOLS:
        with report.part(tool, name) as figures:
            args = shared | own.get(tool, {})
            outcome = await Toolbox(engine, library).run(tool, args, access=Access())
            read += [outcome.status != "unreadable"] * (outcome.status != "not_assessable")
            right = judge(tool, args, outcome.model_dump(mode="json"), truth).right if truth is not None else None
            figures |= {"status": outcome.status} | ({"right": right} if right is not None else {})
    with report.part("answers read", name) as figures:
        kind, known = "simulated" if case.simulated else "real", case.simulated == (engine.profile.domain == "simulated")
        figures |= {"read": f"{sum(read)} of {len(read)}", "clip": f"{kind}, {'in' if known else 'out of'} the model's domain"}
        figures["failed"] = "fewer than half could be read" if 2 * sum(read) < max(1, len(read)) else ""


async def ask_records(report: Report, name: str, engine: Engine, records: Sequence[Record], how: How) -> None:
    """The benchmark's columns as they stand for these records, in either feeding; the question is put to the letter."""
    tables: dict[Feeding, dict[str, Column]] = {}
    nearest = await run_sync(nearest_class, report)
    for feeding in FEEDINGS if records else ():
        results: list[Result] = []
        with report.part(f"records, {feeding}", name) as figures:
            if feeding == "published" and engine.profile.factor != FACTOR:
                figures["not run"] = f"published feeding is known for frames in multiples of {FACTOR} px only"
                continue
            for position, record in enumerate(records):
                try:
                    request, _ = await run_sync(request_of, record, position, engine.profile, replace(how, feeding=feeding))
                    reply = await engine.generate(request)
                    results.append(result_of(record, answer_text(record, reply.text, request.clip)))
                except (VideoError, ConfigError, EngineError) as error:
                    report.tell(str(error))
            tables[feeding] = {column.name: column for column in columns(results, nearest)}
            figures |= {"asked": len(results), "not answered": len(records) - len(results)}
            figures["failed"] = "" if results else "none was answered"
    for column in dict.fromkeys((*COLUMNS, *(found for table in tables.values() for found in table))):
        with report.part(column, name) as figures:
            for figure in ("leaderboard", "strict", "unreadable", "tests"):
                told = {feeding: table[column] for feeding, table in tables.items() if column in table}
                figures |= {f"{figure}, {feeding}": getattr(own, figure) for feeding, own in told.items()}
            figures["not run"] = "" if figures else "no records of this task"


def nearest_class(report: Report) -> Nearest | None:
    """None where sentence vectors are not installed: next actions then count by their exact names alone, which is below the leaderboard."""
    try:
        return minilm()
    except ConfigError as error:
        report.tell(f"next actions count by their exact names alone: {error}")
        return None

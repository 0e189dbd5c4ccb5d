"""`medvid check`: a model put to the proof, with a report fit for posting; and any question on frame files, as model cards put theirs."""

import json
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import typer

from medvid.cli.options import Device, Engine, FrameRoots, Frames, Json, Model, examples, settings_of

EXAMPLES = examples(
    "medvid check --model weights/uAI-NEXUS-MedVLM-1.0a-7B-RL", "medvid check --model weights/medvlm --clip operation.mp4 --out report",
    "medvid check --model weights/medvlm --records val.json --root frames --limit 50 --json",
    'medvid check --model weights/medvlm --question "What is the surgeon doing?" --fps 1 frames/*.jpg',
)


def check(
    frames: Annotated[list[Path] | None, typer.Argument(metavar="FRAME", help="With --question: pictures in time order.")] = None,
    model: Model = None, engine: Engine = None, device: Device = None,
    clip: Annotated[Path | None, typer.Option(metavar="FILE", help="A video for the tools, with its sidecar; else the demo clip.")] = None,
    records: Annotated[Path | None, typer.Option(metavar="FILE", help="Records of the benchmark's form, with answers.")] = None,
    root: Frames = None, frame_root: FrameRoots = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the records, spread over the file.")] = 20,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Writes report.md and report.json here; else nothing is written.")] = None,
    question: Annotated[str | None, typer.Option(metavar="TEXT", help="No check: this question on the frames, and the answer.")] = None,
    fps: Annotated[float, typer.Option(metavar="NUMBER", help="With --question: frames a second.")] = 1.0,
    times: Annotated[
        Any, typer.Option(metavar="S,S,...", parser=lambda text: tuple(map(float, text.split(","))), help="Or the second of each frame.")
    ] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Puts a model to the proof on this machine. The report holds no frame, no name of a file and no answer.

    Each engine that is there is checked, or the one named. Ends with 1 where a check failed, with 2 where none could be run."""
    import anyio

    from medvid import app
    from medvid.medvidbench.asking import How, renamed_by
    from medvid.medvidbench.check import Report, examine
    from medvid.medvidbench.records import read_records
    from medvid.tools.look import frames_request
    from medvid.tools.registry import BY_QA_TYPE
    from medvid.video import FrameList

    settings = settings_of(model=str(Path(model).absolute()) if model and Path(model).is_dir() else model, engine=engine, device=device)

    async def ask(frames: FrameList, question: str) -> Any:
        async with aclosing(app.open_model(settings)) as opened:
            return await opened.generate(frames_request(frames, question, opened.profile))

    if question is not None:
        reply = anyio.run(ask, FrameList(tuple(frames or ()), fps, times_s=times), question)
        typer.echo(json.dumps({"text": reply.text, "finish": reply.finish}) if as_json else reply.text)
        return
    if frames:
        raise typer.BadParameter("frames go with --question; a check of records takes --records and --root")
    answered = [record for record in read_records(records) if record.answer and record.qa_type in BY_QA_TYPE] if records else []
    asked = answered[:: max(1, len(answered) // limit)][:limit]
    how = How(root=root or (records or Path()).parent, renamed=renamed_by(frame_root))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    report = Report(lambda line: typer.echo(line, err=True))
    try:
        engines = [settings.engine] if engine else []
        anyio.run(examine, report, settings, engines, app.open_model, clip or app.demo_clip(), asked, how)
    finally:
        if report.checks:
            text = json.dumps({"facts": report.facts, "checks": report.checks}, indent=1)
            typer.echo(text if as_json else report.markdown)
            if out is not None:
                (out / "report.json").write_text(text, encoding="utf-8")
                (out / "report.md").write_text(report.markdown, encoding="utf-8")
    if any(part["state"] == "failed" for part in report.checks):
        raise typer.Exit(1)

"""`medvid bench score`: what a run's answers, or a results file, are worth."""

import json
from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.options import Json, examples

EXAMPLES = examples(
    "medvid bench score run", "medvid bench score run --blind run-blind --cards profile.json --markdown scores.md --page page",
    "medvid bench score results.json --train train.json --json",
)  # fmt: skip


def score(
    answers: Annotated[Path, typer.Argument(metavar="DIR|RESULTS.json", help="A run's folder, or results in the benchmark's own form.")],
    train: Annotated[
        Path | None, typer.Option("--train", metavar="RECORDS", help="Choose the majority from these; from the other videos if left out.")
    ] = None,
    blind: Annotated[Path | None, typer.Option("--blind", metavar="DIR", help="The same records, asked on black frames.")] = None,
    cards: Annotated[
        Path | None, typer.Option("--cards", metavar="FILE", help="Write the reliability cards into this profile.json of the checkpoint.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables there.")] = None,
    page: Annotated[Path | None, typer.Option("--page", metavar="DIR", help="Write a page that shows each record.")] = None,
    frames: Annotated[int, typer.Option("--frames", metavar="N", min=0, max=64, help="Frames of a record on the page.")] = 4,
    as_json: Json = False,
) -> None:
    """Scores answers as the leaderboard does and strictly, by source and in all, with 95 % intervals over videos, what the commonest
    answer and a blind model earn, and the published figures."""
    from medvid.engine.profiles import write_reliability
    from medvid.medvidbench.drilldown import write_drilldown
    from medvid.medvidbench.nearest import minilm
    from medvid.medvidbench.records import read_records
    from medvid.medvidbench.score import cards_of, read_sheet, score_of
    from medvid.medvidbench.standings import facts_of, lines_of, markdown_of
    from medvid.report.saved import check_folder

    if page is not None:
        check_folder(page)
    sheet = read_sheet(answers)
    told, marks = score_of(sheet, minilm(), train=read_records(train) if train else None, blind=read_sheet(blind) if blind else None)
    if cards is not None:
        write_reliability(cards, cards_of(told))
    if markdown is not None:
        markdown.write_text(markdown_of(told), encoding="utf-8")
    written = [path for path in (cards, markdown, page and write_drilldown(page, sheet, told, marks, frames)) if path]
    if as_json:
        typer.echo(json.dumps(told.model_dump(mode="json")))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    (first, second, *others), *rows = lines_of(told)
    table = Table(Column(first, no_wrap=True), second, *(Column(name, justify="right", no_wrap=True) for name in others))
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)
    for line in [*facts_of(told), *(f"wrote {path}" for path in written)]:
        typer.echo(line)

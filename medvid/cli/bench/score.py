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
NARROWEST = 120


def score(
    answers: Annotated[Path, typer.Argument(metavar="DIR|RESULTS.json", help="A run's folder, or results in the benchmark's own form.")],
    train: Annotated[Path | None, typer.Option("--train", metavar="RECORDS", help="Take the majority of these records.")] = None,
    blind: Annotated[Path | None, typer.Option("--blind", metavar="DIR", help="The same records, asked on black frames.")] = None,
    cards: Annotated[Path | None, typer.Option("--cards", metavar="FILE", help="A profile.json, to take the reliability cards.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables there.")] = None,
    page: Annotated[Path | None, typer.Option("--page", metavar="DIR", help="Write a page that shows each record.")] = None,
    as_json: Json = False,
) -> None:
    """Scores answers as the leaderboard does and strictly, by source and in all, with 95 % intervals over videos, what the commonest
    answer and a blind model earn, and the published figures."""
    from medvid.core import ConfigError
    from medvid.engine.profiles import write_reliability
    from medvid.medvidbench.drilldown import entries_of
    from medvid.medvidbench.judge import columns_of
    from medvid.medvidbench.nearest import minilm
    from medvid.medvidbench.records import read_records
    from medvid.medvidbench.score import cards_of, read_run, score_of
    from medvid.medvidbench.standings import facts_of, lines_of, markdown_of
    from medvid.report.record_page import write_page
    from medvid.report.saved import check_folder

    if page is not None:
        check_folder(page)
    for file in (cards, markdown):
        if file is not None and not file.absolute().parent.is_dir():
            raise ConfigError(f"the folder {file.absolute().parent} does not exist; make it first")
    run, black = read_run(answers), read_run(blind) if blind else None
    judged, learnt = columns_of(answers) if answers.is_dir() else (), read_records(train) if train else ()
    told, marks = score_of(run, lambda *asked: minilm()(*asked), train=learnt, blind=black, judged=judged)
    facts, lines = facts_of(told), lines_of(told)
    if cards is not None:
        write_reliability(cards, cards_of(told))
    if markdown is not None:
        markdown.write_text(markdown_of(told), encoding="utf-8")
    if page is not None:
        entries = entries_of(run, marks, page)
        write_page(page, {"facts": facts, "lines": lines, "published": told.published, "records": entries})
    if as_json:
        typer.echo(json.dumps(told.model_dump(mode="json")))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    heads = (Column(name, justify="left" if at < 2 else "right", no_wrap=at < 2) for at, name in enumerate(lines[0]))
    table = Table(*heads, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for cells in lines[1:]:
        table.add_row(*map(escape, cells))
    console = Console()
    console.width = max(console.width, NARROWEST)  # Figures are never cut, not in a pipe either.
    console.print(table)
    typer.echo("\n".join(facts))

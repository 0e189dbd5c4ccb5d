"""`medvid bench submit`: the answers of a run as the list that the leaderboard takes."""

import json
from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.bench.shown import show
from medvid.cli.options import Json, examples

EXAMPLES = examples("medvid bench submit results --out submission.json", "medvid bench submit results --out part.json --allow-missing")


def submit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `medvid bench run --out` named.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The submission, JSON.")],
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Give records without an answer an empty prediction.")] = False,
    as_json: Json = False,
) -> None:
    """Writes a row a record, in the order of the records' file. Nothing is sent; `medvid bench check` reads it as the leaderboard does."""
    from medvid.medvidbench.answers import read_answers
    from medvid.medvidbench.submission import misplaced, rows_of

    run = read_answers(folder)
    rows, empty = rows_of(run, allow_missing=allow_missing)
    out.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for problem in misplaced(rows, run.records):
        typer.echo(f"careful: {problem}", err=True)
    show({"file": str(out), "rows": len(rows), "without_answer": empty, "distinct_ids": len({row["id"] for row in rows})}, as_json)

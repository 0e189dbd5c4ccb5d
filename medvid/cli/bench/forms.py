"""`medvid bench forms`: the exact forms of the questions, read from the user's own copy of the data."""

import json
from pathlib import Path
from typing import Annotated

import typer

from medvid.cli.options import Json, examples

EXAMPLES = examples("medvid bench forms train.json", "medvid bench forms train.json test.json --name mine --json")


def forms(
    records: Annotated[list[Path], typer.Argument(metavar="RECORDS...", help="Files of records, of any tasks and sources.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the settings and profiles call them.")] = "medvidbench",
    as_json: Json = False,
) -> None:
    """Reads the exact forms of the questions into the configuration folder, for a model to be asked by.

    A form counts by the records whose question it gives back to the letter; of each task and source the one with most is kept."""
    from medvid.medvidbench.forms import find_forms
    from medvid.medvidbench.records import read_records
    from medvid.prompts.read import write_forms

    found = find_forms(record for path in records for record in read_records(path))
    path = write_forms(name, [of.forms[0] for of in found if of.forms])
    if as_json:
        groups = [{**of._asdict(), "forms": [form.model_dump(mode="json") for form in of.forms]} for of in found]
        typer.echo(json.dumps({"name": name, "file": str(path), "groups": groups}))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("task", "source", "records", "given back by the form kept", "by other forms", "by none")
    for of in found:
        kept, *others = [form.records for form in of.forms] or [0]
        cells = (of.records, f"{kept} ({kept / of.records:.1%})", ", ".join(map(str, others)), of.unplaced)
        table.add_row(of.qa_type, of.source, *map(str, cells))
    Console().print(table)
    typer.echo(f"Kept in {path}. To ask by them set MEDVID_WORDING={name}, or wording in config.toml or a checkpoint's profile.json.")

"""`medvid bench check`: what the leaderboard would read from each answer of a submission."""

from pathlib import Path
from typing import Annotated, Any

import typer

from medvid.cli.bench import shown
from medvid.cli.options import Json, examples

EXAMPLES = examples("medvid bench check submission.json", "medvid bench check submission.json --records test.json --show 3")


def check(
    submission: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="The list that would go out.")],
    records: Annotated[Path | None, typer.Option(metavar="FILE", help="The test file: rows are compared with it, place by place.")] = None,
    show: Annotated[int, typer.Option(min=0, metavar="N", help="So many examples of each kind of loss.")] = 0,
    as_json: Json = False,
) -> None:
    """Counts, task by task, what the leaderboard's readers take otherwise than written, or not at all.

    Ends with 1 where the file would be refused, or rows stand at another record's place."""
    from medvid.medvidbench.metrics import by_source
    from medvid.medvidbench.reading import EMPTY, UNREADABLE, seen
    from medvid.medvidbench.records import Result, read_records, result_of
    from medvid.medvidbench.submission import misplaced, read_submission

    rows, asked = read_submission(submission), read_records(records) if records else None
    problems, texts = misplaced(rows, asked), [str(row.get("prediction") or "") for row in rows]
    bare = (Result(qa_type=str(row.get("qa_type")), answer=text) for row, text in zip(rows, texts, strict=True))
    results = list(bare) if asked is None else [result_of(record, text) for record, text in zip(asked, texts, strict=False)]
    groups, tasks = by_source(results), dict[str, dict[str, Any]]()
    for at, result in enumerate(results):
        task = tasks.setdefault(result.qa_type, {"rows": 0, "read": 0, "losses": {}})
        read, faults = seen(result, groups[result.data_source])
        task["rows"], task["read"] = task["rows"] + 1, task["read"] + (not {EMPTY, UNREADABLE} & set(faults))
        for fault in faults:
            task["losses"].setdefault(fault, []).append({"row": at, "text": result.answer, "read": read})
    for task in tasks.values():
        task["losses"] = {fault: {"rows": len(found), "examples": found[:show]} for fault, found in task["losses"].items()}
    shown.show({"rows": len(rows), "problems": problems, "tasks": tasks}, as_json)
    if problems:
        raise typer.Exit(1)

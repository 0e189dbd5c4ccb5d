"""The list that the leaderboard takes, `{"id", "qa_type", "prediction"}` a record, and joins by place to the test file.

Source: docs/formats.md, "Records and results".
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from medvid.core import ConfigError
from medvid.medvidbench.answers import Answered
from medvid.medvidbench.records import Record, read_as

KEYS = ("id", "qa_type", "prediction")
LEAST_ROWS = 100  # Fewer are refused.
Row = dict[str, Any]


def submission_id(record: Record) -> str:
    """Not unique. The frames are those of either convention; NurViD states times instead, so its two places stay empty."""
    said = record.metadata
    ends = (said.get(f"input_video_{end}_frame", said.get(f"{end}_frame", "")) for end in ("start", "end"))
    return "&&".join((said.get("video_id", ""), *ends, said.get("fps", "")))


def rows_of(run: Answered, *, allow_missing: bool = False) -> tuple[list[Row], int]:
    """A row a record, and how many predictions are empty for want of an answer. Raises ConfigError for such, unless they are allowed."""
    texts = {at: answer.text for at, answer in run.answers.items() if answer.text is not None}
    lacking = [at for at in range(len(run.records)) if at not in texts]
    if lacking and not allow_missing:
        failed = len(set(lacking) & run.answers.keys())
        raise ConfigError(
            f"{len(lacking)} of {len(run.records)} records have no answer: {failed} failed, {len(lacking) - failed} were not asked; the "
            f"first is record {lacking[0]}. Ask them with the same `medvid bench run`, or leave them empty with --allow-missing"
        )
    said = [(submission_id(record), record.qa_type, texts.get(at, "")) for at, record in enumerate(run.records)]
    return [dict(zip(KEYS, row, strict=True)) for row in said], len(lacking)


def read_submission(path: Path) -> list[Row]:
    """Rows may lack keys or hold anything. Raises ConfigError for what is no list of objects."""
    return read_as(TypeAdapter(list[Row]), path, "row", f"a submission is a list of objects with {', '.join(KEYS)}")


def misplaced(rows: Sequence[Row], records: Sequence[Record] | None) -> list[str]:
    """What the leaderboard refuses, or joins to another record than meant."""
    lacking = [key for key in KEYS if rows and key not in rows[0]]
    odd = [at for at, row in enumerate(rows) if not isinstance(row.get("prediction"), str)]
    problems: dict[str, Any] = {
        f"{len(rows)} rows; the leaderboard takes {LEAST_ROWS} at least": len(rows) < LEAST_ROWS,
        f"the first row lacks {', '.join(lacking)}": lacking,
        f"{len(odd)} rows have a prediction that is no text, the first is row {[*odd, 0][0]}": odd,
        f"{len(rows)} rows for {len(records or ())} records; each needs its row": records is not None and len(rows) != len(records),
    }
    wanted = [{"qa_type": record.qa_type, "id": submission_id(record)} for record in records or ()]
    for key in ("qa_type", "id"):
        off = [at for at, (row, own) in enumerate(zip(rows, wanted, strict=False)) if row.get(key) != own[key]]
        problems[f"{len(off)} rows have another {key} than the record at their place, the first is row {[*off, 0][0]}"] = off
    return [problem for problem, there in problems.items() if there]

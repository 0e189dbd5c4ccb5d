"""A run's folder as `medvid bench run` leaves it, from records and the texts that answered them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medvid.core import Failure
from medvid.medvidbench.answers import Answer, AnswersFolder, made_from, question_hash
from medvid.medvidbench.records import Record, write_records


def record(qa_type: str, truth: str | None, facts: Any = None, *, source: str = "AVOS", question: str = "What?", **metadata: str) -> Record:
    turns = [{"from": "human", "value": f"<video>\n{question}"}, *([{"from": "gpt", "value": truth}] if truth is not None else [])]
    return Record.model_validate({
        "qa_type": qa_type, "data_source": source, "conversations": turns, "video": ["frames/0.jpg", "frames/1.jpg"],
        "metadata": metadata or {"video_id": "v", "fps": "1.0"}, "struc_info": {} if facts is None else facts,
    })  # fmt: skip


def run_folder(path: Path, records: Sequence[Record], texts: Sequence[str | Failure | None]) -> Path:
    """texts: of each record; a Failure where it failed, None where it was not asked. The records' file stands beside the folder."""
    file = path.with_name(f"{path.name}-records.json")
    write_records(file, records)
    folder = AnswersFolder(path, records, {"records": made_from(file), "model": "m"}, {"records_file": str(file)})
    for at, (asked, text) in enumerate(zip(records, texts, strict=True)):
        said = {"failure": text} if isinstance(text, Failure) else {"text": text}
        if text is not None:
            folder.add(Answer.model_validate({"position": at, "question": question_hash(asked), **said}))
    return path

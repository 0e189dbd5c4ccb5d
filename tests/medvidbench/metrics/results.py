"""Results in few words."""

from __future__ import annotations

from typing import Any

from medvid.medvidbench.records import Result


def result(qa_type: str, gnd: str, answer: str, *, source: str = "S", question: str = "", fps: str = "1.0", facts: Any = None) -> Result:
    return Result(
        qa_type=qa_type, data_source=source, question=question, metadata={"fps": fps}, gnd=gnd, answer=answer, struc_info=facts or []
    )

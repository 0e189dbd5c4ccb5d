"""Answers: what a run over records leaves in its folder, a line a record, and how they are read again.

    provenance.json   the records' file and its content, the model, how it was fed
    answers.jsonl     a line an answer, or the reason why there is none; of several lines of one record the last counts
    results.json      the answers in the benchmark's own form, written when the run ends

An answer belongs to a place in the records' file and to the question there, never to a clip's id, which repeats.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from medvid.core import ConfigError, Failure, Value
from medvid.core.results_folder import ResultsFolder, provenance, whole_lines
from medvid.medvidbench.records import Record, Result, read_leniently, result_of, write_results

NAME, RESULTS = "answers.jsonl", "results.json"


class Answer(Value):
    """text: None exactly where `failure` says why there is none. finish: `length` where the answer ended at the token limit. axis: by what
    the frames' times were reckoned, see `medvidbench/extent.py`. fps: of the frames that were fed."""

    position: int
    question: str
    text: str | None = None
    failure: Failure | None = None
    finish: Literal["stop", "length"] | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    mean_logprob: float | None = None
    frames: int = 0
    fps: float | None = None
    axis: str = ""
    elapsed_s: float = 0.0


def question_hash(record: Record) -> str:
    return blake2b(f"{record.qa_type}\n{record.question}".encode(), digest_size=8).hexdigest()


def made_from(path: Path) -> dict[str, Any]:
    """The records' file, as a run's `made_with` holds it."""
    return {"name": path.name, "blake2b": blake2b(path.read_bytes(), digest_size=16).hexdigest()}


class AnswersFolder(ResultsFolder):
    """The folder of a run that goes on. answers: by position, those of these records and no others."""

    def __init__(
        self, path: Path, records: Sequence[Record], made_with: Mapping[str, Any], about: Mapping[str, Any], *, retry: bool = False
    ) -> None:
        """What failed and may pass is taken as not asked; retry: so is all that failed. Raises ConfigError as `ResultsFolder` does."""
        super().__init__(path, NAME, made_with, about)
        self.records = records
        found = _by_position(self.kept, records)
        self.answers = {at: one for at, one in found.items() if one.failure is None or not (retry or one.failure.retryable)}

    def add(self, answer: Answer) -> None:
        """On the disk when this returns."""
        self.append(answer.model_dump(mode="json"))
        self.answers[answer.position] = answer

    def write_results(self) -> None:
        """`results.json` of what there is."""
        write_results(self.path / RESULTS, Answered({}, self.records, self.answers).results)


@dataclass(frozen=True, slots=True)
class Answered:
    """A run as it stands on the disk. records: all of the file, broken ones as `read_leniently` has them. answers: by position."""

    provenance: dict[str, Any]
    records: Sequence[Record]
    answers: dict[int, Answer]

    @property
    def results(self) -> dict[int, Result]:
        """By position; what failed is not among them."""
        told = {at: answer.text for at, answer in sorted(self.answers.items()) if answer.text is not None}
        return {at: result_of(self.records[at], text) for at, text in told.items()}


def read_answers(path: Path) -> Answered:
    """Of a run's folder, also one that is not finished. Raises ConfigError where it is none, or the records have changed since."""
    told = provenance(path)
    file = Path(told.get("records_file", ""))
    if not file.is_file() or made_from(file) != told["made_with"].get("records"):
        raise ConfigError(f"the records {file} of {path} are not there as they were when it was run; put them back, or run it anew")
    records, _ = read_leniently(file)
    return Answered(told, records, _by_position(whole_lines(path / NAME), records))


def _by_position(lines: Iterable[bytes], records: Sequence[Record]) -> dict[int, Answer]:
    found = {answer.position: answer for answer in map(Answer.model_validate_json, lines)}
    return {at: answer for at, answer in found.items() if at < len(records) and answer.question == question_hash(records[at])}

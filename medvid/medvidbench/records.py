"""Records and results in the form of MedVidBench: JSON that other people's programs write and read. Keys that are not named here are kept.

Source: docs/formats.md, "Records and results".
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, NonNegativeInt, TypeAdapter, ValidationError, field_validator

from medvid.core import ConfigError

T = TypeVar("T")
_TOLERANT = ConfigDict(extra="allow", frozen=True, populate_by_name=True, serialize_by_alias=True)
_VIDEO_TAG = "<video>"
_TELLING = {"id": str, "qa_type": str, "data_source": str, "dataset_name": str, "metadata": dict}


class Turn(BaseModel):
    model_config = _TOLERANT

    speaker: Literal["human", "gpt"] = Field(alias="from")
    value: str


class Answered(BaseModel):
    """What a record and a result share. metadata: strings as they stand there; its `fps` is the frame list's rate, not the video's."""

    model_config = _TOLERANT

    qa_type: str
    data_source: str = Field(default="", validation_alias=AliasChoices("data_source", "dataset_name"))
    metadata: dict[str, str] = {}
    struc_info: Any = Field(default_factory=list)

    @field_validator("metadata", mode="before")
    @classmethod
    def _as_strings(cls, value: Any) -> Any:
        """Some sources write numbers, and null for what they lack."""
        return {key: str(item) for key, item in value.items() if item is not None} if isinstance(value, dict) else value

    @property
    def fps(self) -> float | None:
        """Frames a second of the frame list; None where the record states none."""
        try:
            return float(self.metadata["fps"]) or None
        except (KeyError, ValueError):
            return None

    @property
    def facts(self) -> dict[str, Any]:
        """The first entry of `struc_info`, which is a list, an object or empty; dense captions' bare list becomes `dc_segments`."""
        first = self.struc_info[0] if isinstance(self.struc_info, list) and self.struc_info else self.struc_info
        if isinstance(first, list):
            return {"dc_segments": first}
        return first if isinstance(first, dict) else {}


class Record(Answered):
    """A question on a list of frames; with its answer, but in test data."""

    id: str = ""
    conversations: tuple[Turn, ...] = Field(min_length=1)
    video: tuple[str, ...] = ()
    is_rc: bool = Field(default=False, alias="is_RC")
    rc_info: dict[str, Any] | None = Field(default=None, alias="RC_info")

    @field_validator("id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value

    @property
    def question(self) -> str:
        """What goes to the model: without the video tag and its newline."""
        text = next((turn.value for turn in self.conversations if turn.speaker == "human"), "")
        return text.replace(f"{_VIDEO_TAG}\n", "").replace(_VIDEO_TAG, "")

    @property
    def answer(self) -> str | None:
        return next((turn.value for turn in self.conversations if turn.speaker == "gpt"), None)


class Result(Answered):
    """A question with a model's answer, and the true one (`gnd`) where it is known."""

    question: str = ""
    answer: str
    gnd: str | None = None


_RECORDS, _RESULTS, _LIST = TypeAdapter(list[Record]), TypeAdapter(dict[NonNegativeInt, Result]), TypeAdapter(list[Any])


def result_of(record: Record, answer: str) -> Result:
    shared = record.model_dump(include=set(Answered.model_fields))
    return Result(**shared, question=record.question, answer=answer, gnd=record.answer)


def read_records(path: Path) -> list[Record]:
    """Raises ConfigError naming the record's place in the list and the key that is wrong."""
    return read_as(_RECORDS, path, "record", "records are a list")


def read_leniently(path: Path) -> tuple[list[Record], dict[int, str]]:
    """Every record in its place, and by position why one is broken; of that one stands there what tells which it is. Raises ConfigError
    where the file is no list."""
    records, broken = list[Record](), dict[int, str]()
    entries: list[Any] = read_as(_LIST, path, "record", "records are a list")
    for at, entry in enumerate(entries):
        try:
            records.append(Record.model_validate(entry))
        except ValidationError as error:
            broken[at] = _why(error, "record", (at,))
            said = entry if isinstance(entry, dict) else {}
            sound = {key: said[key] for key, kind in _TELLING.items() if isinstance(said.get(key), kind)}
            records.append(Record.model_validate({"qa_type": "", "conversations": [{"from": "human", "value": ""}], **sound}))
    return records, broken


def write_records(path: Path, records: Iterable[Record]) -> None:
    _dump(path, [record.model_dump(mode="json") for record in records])


def read_results(path: Path) -> list[Result]:
    """In the order of their keys. Raises ConfigError naming the key."""
    return [result for _, result in sorted(read_as(_RESULTS, path, "result", 'results are an object with the keys "0", "1", ...').items())]


def write_results(path: Path, results: Sequence[Result] | Mapping[int, Result]) -> None:
    """In the order they come; keyed by position where they do not say otherwise."""
    keyed = results.items() if isinstance(results, Mapping) else enumerate(results)
    _dump(path, {str(at): result.model_dump(mode="json", exclude_none=True) for at, result in keyed})


def _dump(path: Path, value: Any) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def read_as(form: TypeAdapter[T], path: Path, one: str, whole: str) -> T:
    """Raises ConfigError naming the place that is wrong."""
    try:
        return form.validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigError(f"{path.name}: {_why(error, one)}; {whole}") from error


def _why(error: ValidationError, one: str, within: tuple[int, ...] = ()) -> str:
    first = error.errors(include_url=False)[0]
    loc = within + first["loc"]
    place = ": ".join([f"{one} {loc[0]}", ".".join(map(str, loc[1:])) or "the whole", ""]) if loc else ""
    return f"{place}{first['msg']} (it holds {str(first['input'])[:80]!r})"

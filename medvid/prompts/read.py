"""Question forms read from a user's own copy of the benchmark's data: `forms/NAME.json` in the configuration folder, which
`medvid bench forms` writes. A form is a list of literal texts and slots for values; no character of a text means anything.

Source: docs/formats.md, "Question forms".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from medvid.core import Case, ConfigError, Value
from medvid.core.settings import config_file
from medvid.core.vocabulary import sources_of

Writing = Literal["verbatim", "lower", "capital", "short", "decimal"]
_WRITE: dict[Writing, Callable[[Any], str]] = {
    "verbatim": str, "lower": str.lower, "capital": lambda name: name[:1].upper() + name[1:],
    "short": lambda number: f"{float(number):.3f}".rstrip("0").rstrip("."), "decimal": lambda number: f"{float(number):.1f}",
}  # fmt: skip
NAMES, NUMBERS = tuple(_WRITE)[:3], tuple(_WRITE)[3:]


class Slot(Value):
    """Where a value stands. write: names verbatim, in lower case or with a capital; numbers short (`66`, `0.5`) or with one decimal.
    between: what stands between the items of a list, and before its last."""

    value: Literal["action", "object", "every_s", "start_s", "end_s", "time_s", "procedure", "actions"]
    write: Writing = "verbatim"
    between: tuple[str, str] = ("", "")

    def text(self, value: str | float | tuple[str, ...]) -> str:
        *most, last = map(_WRITE[self.write], value if isinstance(value, tuple) else (value,))
        return self.between[0].join(most) + (self.between[1] if most else "") + last


class ReadForm(Value):
    """One question of one source. style: of tools that have one. records: how many of those read it gives back, to the letter."""

    tool: str
    style: str | None
    source: str
    records: int = Field(ge=1)
    parts: tuple[str | Slot, ...] = Field(min_length=1)

    @property
    def needs(self) -> set[str]:
        return {part.value for part in self.parts if isinstance(part, Slot)}

    def fill(self, values: Mapping[str, Any]) -> str | None:
        """None where it needs what is not among `values`."""
        if not self.needs <= values.keys():
            return None
        return "".join(part if isinstance(part, str) else part.text(values[part.value]) for part in self.parts)


class FormsFile(Value):
    version: Literal[1] = 1
    forms: tuple[ReadForm, ...] = Field(min_length=1)


def form_for(forms: Sequence[ReadForm], tool: str, case: Case, style: str | None) -> ReadForm | None:
    """That of a source which the case can be of; where there is none, the one that most records have."""
    fitting = [form for form in forms if (form.tool, form.style) == (tool, style)]
    own = (form for source in (sources_of(case) if fitting else ()) for form in fitting if form.source == source)
    return next(own, None) or max(fitting, key=lambda form: form.records, default=None)


def forms_file(name: str) -> Path:
    """Raises ConfigError for a name that is no plain word, or ours."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,63}", name, re.ASCII) or name == "plain":
        raise ConfigError(f"{name!r} cannot name question forms; take letters, digits, `_`, `.` and `-`; `plain` is ours")
    return config_file().with_name("forms") / f"{name}.json"


def read_forms(name: str) -> tuple[ReadForm, ...]:
    """Raises ConfigError where there are none of this name, or the file cannot be used."""
    path = forms_file(name)
    try:
        return FormsFile.model_validate_json(path.read_bytes()).forms
    except FileNotFoundError as error:
        there = ", ".join(["plain", *sorted(found.stem for found in path.parent.glob("*.json"))])
        way_out = f"`medvid bench forms RECORDS.json --name {name}` reads one"
        raise ConfigError(f"there is no wording {name!r}, but {there}; {way_out}") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"forms/{path.name} cannot be used: {error}; read the records again with `medvid bench forms`") from error


def write_forms(name: str, forms: Sequence[ReadForm]) -> Path:
    """Replaces those of this name. Raises ConfigError where there is none to write."""
    path = forms_file(name)
    if not forms:
        raise ConfigError("no question form was found; give records of the benchmark's tasks, with their questions and struc_info")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(FormsFile(forms=tuple(forms)).model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path

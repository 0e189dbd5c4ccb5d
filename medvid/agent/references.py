"""References: how an argument of a step names what an earlier step gave.

    reference = "$" ( step | parameter | "item" | "video" ) , { "." name | "[" index "]" | '["' name '"]' | "[*]" }

`$s1.spans[0]` reads the first span of step s1, `$s3.track[-1].time_s` counts from the end, `$s6.scores["Two structures"]` takes names that
hold spaces. `[*]` reads every element and joins lists found to one. `$item` is the current element of the step's `for_each`. A step with a
`for_each` of its own is the list of what it gave. null is empty: whatever is read from null, from a missing field or past an end is null.
A string that is to begin with a dollar sign doubles it: `$$5`. References may stand anywhere inside an argument. `$video` and parameters
are put in before a plan runs (binding.py). Source: docs/plans.md.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from medvid.core import PlanError, Step

ITEM, VIDEO = "item", "video"
_WHOLE = re.compile(r"\$([a-z][a-z0-9_]{0,39})((?:\.[A-Za-z_]\w*|\[-?\d+\]|\[\*\]|\[\"[^\"]+\"\])*)")
_PART = re.compile(r"\.([A-Za-z_]\w*)|\[(-?\d+)\]|\[(\*)\]|\[\"([^\"]+)\"\]")


@dataclass(frozen=True, slots=True)
class Every:
    """`[*]`: each element of a list."""


@dataclass(frozen=True, slots=True)
class Reference:
    """root: a step's id, a parameter's name, `item` or `video`."""

    text: str
    root: str
    path: tuple[str | int | Every, ...]

    def up_to(self, depth: int) -> str:
        """Its text without what follows the first parts of the path."""
        return f"${self.root}{''.join([part[0] for part in _PART.finditer(self.text)][:depth])}"


def is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("$") and not value.startswith("$$")


def parse(text: str) -> Reference:
    """Raises PlanError where the text starts like a reference and is none."""
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise PlanError(f"{text!r} is no reference; write $step.field, $step.list[0] or $item, and $$ for a plain dollar sign")
    return Reference(text, match[1], tuple(_part(part) for part in _PART.finditer(match[2])))


def _part(match: re.Match[str]) -> str | int | Every:
    name, index, every, quoted = match.groups()
    if every:
        return Every()
    return int(index) if index is not None else name or quoted


def replaced(value: Any, by: Callable[[Reference], Any], *, plain: bool = True) -> Any:
    """A JSON value with each reference inside replaced by what `by` gives for it. Raises PlanError for a malformed one.
    plain: whether a doubled dollar sign becomes one."""
    if is_reference(value):
        return by(parse(value))
    if isinstance(value, str):
        return value[1:] if plain and value.startswith("$$") else value
    if isinstance(value, dict):
        return {key: replaced(item, by, plain=plain) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [replaced(item, by, plain=plain) for item in value]
    return value


def escaped(value: Any) -> Any:
    """The JSON value as a plan writes it, so that no text inside is read as a reference."""
    return json.loads(re.sub(r'(?<!\\)"\$', '"$$', json.dumps(value)))


def renamed(step: Step, names: Mapping[str, str], **changed: Any) -> Step:
    """The step, reading the steps of these names in the place of their own. changed: other fields of it."""

    def put(reference: Reference) -> str:
        return f"${names.get(reference.root, reference.root)}{reference.text[len(reference.root) + 1 :]}"

    reads = replaced({"args": step.args, "for_each": step.for_each}, put, plain=False)
    return Step.model_validate({**step.to_json(), **reads, **changed})


def references_in(value: Any) -> list[Reference]:
    """Every reference inside a JSON value. Raises PlanError for a malformed one."""
    found: list[Reference] = []
    replaced(value, found.append)
    return found


def resolve(value: Any, lookup: Callable[[str], Any]) -> Any:
    """The value with each reference replaced by what it reads; `lookup` gives what a root stands for."""
    return replaced(value, lambda reference: read(lookup(reference.root), reference.path))


def read(value: Any, path: tuple[str | int | Every, ...]) -> Any:
    """What stands at the path; null where nothing does."""
    for depth, part in enumerate(path):
        if isinstance(part, Every):
            return _joined([read(item, path[depth + 1 :]) for item in value]) if isinstance(value, list) else None
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and -len(value) <= part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def _joined(items: list[Any]) -> list[Any]:
    lists = (item if isinstance(item, list) else [item] for item in items if item is not None)
    return list(chain.from_iterable(lists))


def holds_null(given: Any, resolved: Any) -> str | None:
    """The first reference in `given` that reads nothing in `resolved`, the same value resolved; None where all read something."""
    if is_reference(given):
        return given if resolved is None else None
    places: Iterable[tuple[Any, Any]] = given.items() if isinstance(given, dict) else enumerate(given) if isinstance(given, list) else ()
    return next((text for place, item in places if (text := holds_null(item, resolved[place]))), None)

"""Shapes: JSON schemas of values that are not there yet, for checking a plan before it runs.

A `Placeholder` stands for what a reference will read. It is known by its schema only, so types, fields and elements are compared, while
limits (`minimum`, `pattern`, `maxItems`) are left to the run. null never counts: an argument that turns out null is not passed.
Source of the keywords: JSON Schema 2020-12.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from medvid.agent.references import Every

Schema = dict[str, Any]
_ALL_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean"})


class Dangling(LookupError):
    """A path that a schema does not have."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value known by its schema only; an empty schema is an unknown value. root holds the `$defs`. text: the reference that reads it."""

    schema: Any
    root: Any
    text: str

    @property
    def options(self) -> list[Schema]:
        """What it may be: the schema with `$ref` followed and alternatives spread out, null left out."""
        return _options(self.schema, self.root)

    @property
    def types(self) -> frozenset[str]:
        return frozenset().union(*map(_types, self.options))

    @property
    def fields(self) -> set[str]:
        """The names that it may have a value under."""
        return {name for option in self.options for name in option.get("properties", {})}

    def at(self, part: str | int | Every) -> "Placeholder":
        """What stands one step further. Raises Dangling where the schema rules it out."""
        options = self.options
        if any(not option for option in options):
            return self._to({})
        found = [inner for option in options for inner in _inside(option, part)]
        if not found:
            raise Dangling
        return self._to(found[0] if len(found) == 1 else {"anyOf": found})

    def read(self, path: tuple[str | int | Every, ...]) -> "Placeholder":
        """What the path reads from it. Raises Dangling."""
        place = self
        for depth, part in enumerate(path):
            if isinstance(part, Every):
                inner = place.at(part).read(path[depth + 1 :])
                return self.listed(inner.at(part) if inner.types == {"array"} else inner)
            place = place.at(part)
        return place

    def listed(self, element: "Placeholder | None" = None) -> "Placeholder":
        return self._to({"type": "array", "items": (element or self).schema})

    def _to(self, schema: Any) -> "Placeholder":
        return Placeholder(schema, self.root, self.text)


def words(place: Placeholder) -> str:
    """`an object with spans`, `a list`, `a number`."""
    if place.fields:
        return f"an object with {', '.join(sorted(place.fields))}"
    return " or ".join(_WORDS[kind] for kind in sorted(place.types)) or "nothing"


_WORDS = {
    "object": "an object", "array": "a list", "string": "a text", "number": "a number", "integer": "a whole number",
    "boolean": "true or false",
}  # fmt: skip


def _options(schema: Any, root: Any) -> list[Schema]:
    if schema is True or schema is None:
        return [{}]
    if not isinstance(schema, dict):
        return []
    if "$ref" in schema:
        found = root if schema["$ref"].startswith("#/") else {}
        for key in schema["$ref"].removeprefix("#/").split("/"):
            found = found.get(key, {}) if isinstance(found, dict) else {}
        return _options(found, root)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return [option for part in schema[keyword] for option in _options(part, root)]
    if len(schema.get("allOf", ())) == 1:
        return _options(schema["allOf"][0], root)
    return [] if schema.get("type") == "null" else [schema]


def _types(schema: Schema) -> frozenset[str]:
    kind = schema.get("type")
    if kind is None and "enum" in schema:
        return frozenset({"string"}) if all(isinstance(item, str) for item in schema["enum"]) else _ALL_TYPES
    if kind is None:
        return _ALL_TYPES
    return frozenset({kind} if isinstance(kind, str) else kind) - {"null"}


def _inside(option: Schema, part: str | int | Every) -> Iterator[Any]:
    types = _types(option)
    if isinstance(part, str):
        if "object" in types:
            if part in option.get("properties", {}):
                yield option["properties"][part]
            elif (more := option.get("additionalProperties", not option.get("properties"))) is not False:
                yield more
    elif "array" in types:
        prefix = option.get("prefixItems", [])
        if isinstance(part, int) and prefix:
            if -len(prefix) <= part < len(prefix):
                yield prefix[part]
        elif isinstance(part, Every) and prefix:
            yield {"anyOf": prefix}
        else:
            yield option.get("items", {})


def misfit(place: Placeholder, wanted: Placeholder) -> str | None:
    """Why what will be read cannot stand where something is wanted, by structure alone; None where it may."""
    if not all((*place.options, *wanted.options)) or any(_fits(place, wanted, option) for option in wanted.options):
        return None
    return f"reads {words(place)}; {words(wanted)} is needed"


def _fits(place: Placeholder, wanted: Placeholder, option: Schema) -> bool:
    types, names = _types(option), option.get("properties", {})
    # Whether a number is whole is seen when it is there.
    shared = place.types & (types | {"number", "integer"} if types & {"number", "integer"} else types)
    if "object" in shared and place.fields:
        bare = option.get("additionalProperties") is False and not place.fields & names.keys()
        inner = [misfit(place.at(name), wanted.at(name)) for name in place.fields & names.keys()]
        return not bare and place.fields >= set(option.get("required", ())) and not any(inner)
    return bool(shared) and ("array" not in shared or misfit(place.at(Every()), wanted.at(Every())) is None)


def _passing(rule: Any) -> Any:
    """The rule for what is there: a Placeholder keeps every rule."""

    def check(validator: Any, value: Any, instance: Any, schema: Schema) -> Iterator[ValidationError]:
        yield from () if isinstance(instance, Placeholder) else rule(validator, value, instance, schema) or ()

    return check


_RULES = {name: _passing(rule) for name, rule in dict(Draft202012Validator.VALIDATORS).items()}
Validator: Any = extend(Draft202012Validator, _RULES)  # type: ignore[no-untyped-call]
"""A JSON Schema validator of values that may hold Placeholders."""

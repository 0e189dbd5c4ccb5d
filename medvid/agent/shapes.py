"""Shapes: JSON schemas of values that are not there yet, for checking a plan before it runs.

A `Placeholder` stands for what a reference will read. It is known by its schema only, so types, fields and elements are compared, while
limits (`minimum`, `pattern`, `maxItems`) are left to the run. null never counts: an argument that turns out null is not passed.
Source of the keywords: JSON Schema 2020-12.
"""

from collections.abc import Callable, Iterator
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


Rule = Callable[[Any, Any, Any, Schema], Iterator[ValidationError] | None]


def _checked(name: str, rule: Rule) -> Rule:
    """The rule for values that are there. A Placeholder is compared by its structure; any other rule of it is left to the run."""

    def check(validator: Any, value: Any, instance: Any, schema: Schema) -> Iterator[ValidationError]:
        fitting = _STRUCTURE.get(name) if isinstance(instance, Placeholder) else rule
        yield from (fitting(validator, value, instance, schema) if fitting else None) or ()

    return check


def _type(validator: Any, value: Any, place: Placeholder, schema: Schema) -> Iterator[ValidationError]:
    wanted = {value} if isinstance(value, str) else set(value)
    # Whether a number is whole is seen when it is there.
    fitting = wanted | {"number", "integer"} if wanted & {"number", "integer"} else wanted
    if not place.types & fitting:
        needed = " or ".join(_WORDS.get(kind, kind) for kind in sorted(wanted - {"null"}))
        yield ValidationError(f"reads {words(place)}; {needed} is needed")


def _properties(validator: Any, value: Schema, place: Placeholder, schema: Schema) -> Iterator[ValidationError]:
    for name in place.fields & set(value):
        yield from validator.descend(place.at(name), value[name], path=name, schema_path=name)
    if place.fields and schema.get("additionalProperties") is False and not place.fields & set(value):
        yield ValidationError(f"reads {words(place)}; an object with {', '.join(sorted(value))} is needed")


def _required(validator: Any, value: list[str], place: Placeholder, schema: Schema) -> Iterator[ValidationError]:
    if place.fields and not set(value) <= place.fields:
        yield ValidationError(f"reads {words(place)}; an object with {', '.join(value)} is needed")


def _items(validator: Any, value: Any, place: Placeholder, schema: Schema) -> Iterator[ValidationError]:
    if "array" in place.types and isinstance(value, dict):
        yield from validator.descend(place.at(Every()), value)


def _prefix_items(validator: Any, value: list[Any], place: Placeholder, schema: Schema) -> Iterator[ValidationError]:
    if "array" in place.types:
        for i, item in enumerate(value):
            yield from validator.descend(place.at(i), item, path=i)


def _any_of(validator: Any, value: list[Any], place: Placeholder, schema: Schema) -> Iterator[ValidationError]:
    found = [list(validator.descend(place, option)) for option in value if option != {"type": "null"}]
    if found and all(found):
        yield found[0][0]


_STRUCTURE: dict[str, Rule] = {
    "type": _type, "properties": _properties, "required": _required, "items": _items, "prefixItems": _prefix_items, "anyOf": _any_of,
    "oneOf": _any_of,
}  # fmt: skip
_THROUGH = ("$ref", "allOf", "$dynamicRef")
_RULES = {name: rule if name in _THROUGH else _checked(name, rule) for name, rule in dict(Draft202012Validator.VALIDATORS).items()}
Validator: Any = extend(Draft202012Validator, _RULES)  # type: ignore[no-untyped-call]
"""A JSON Schema validator of values that may hold Placeholders."""

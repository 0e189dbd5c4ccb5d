"""Binding: a reusable plan made concrete for one video. Parameters (`$action`) and the video (`$video.duration_s`) are put in."""

from collections.abc import Mapping
from typing import Any

from medvid.agent.references import is_reference, parse, read
from medvid.core import Plan, PlanError, Step


def bind(plan: Plan, given: Mapping[str, Any], video: Mapping[str, Any]) -> Plan:
    """given: values of the plan's parameters. video: its listing. Raises PlanError for one that is missing or unknown."""
    takes = ", ".join(plan.parameters) or "none"
    unknown = [f"there is no parameter {name!r}; the plan takes {takes}" for name in given.keys() - plan.parameters]
    values = {**{name: parameter.default for name, parameter in plan.parameters.items()}, **given}
    missing = [f"parameter {name!r} has no value; give one" for name, value in values.items() if value is None]
    if unknown or missing:
        raise PlanError("the plan cannot be used:", (*unknown, *missing))
    roots = {**values, "video": video}
    return Plan(steps=tuple(Step.model_validate(_put(step.to_json(), roots)) for step in plan.steps), title=plan.title)


def _put(value: Any, roots: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _put(item, roots) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_put(item, roots) for item in value]
    reference = parse(value) if is_reference(value) else None
    return _plain(read(roots[reference.root], reference.path)) if reference and reference.root in roots else value


def _plain(value: Any) -> Any:
    """The value as it stands: a dollar sign that opens a text is doubled, so that nothing reads it as a reference."""
    if isinstance(value, str):
        return "$" + value if value.startswith("$") else value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value

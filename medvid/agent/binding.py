"""Binding: puts the values of a reusable plan's parameters, and the video it is used on, in the place of `$name` and `$video`.

What is put in is data: a text that begins with a dollar sign stays that text. Source: docs/plans.md.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import yaml
from pydantic import ValidationError

from medvid.agent.catalogue import Listing
from medvid.agent.operations import SPAN
from medvid.agent.references import VIDEO, Reference, escaped, read, replaced
from medvid.agent.shapes import Schema, Validator
from medvid.core import Parameter, Plan, PlanError


def values_of(plan: Plan, texts: Sequence[str]) -> dict[str, Any]:
    """`NAME=VALUE` of a command line: the value as it stands for a text, else as YAML has it (`2`, `{start_s: 0, end_s: 9.5}`). Raises
    PlanError with a complaint for each that is not of that form, names no parameter or is of the wrong type."""
    values, complaints = dict[str, Any](), list[str]()
    for name, equals, value in (text.partition("=") for text in texts):
        parameter = plan.parameters.get(name)
        if not equals or parameter is None:
            complaints.append(f"there is no parameter {name!r} to set; write NAME=VALUE, NAME of {', '.join(plan.parameters) or 'none'}")
            continue
        values[name] = value
        if parameter.type != "string":
            with suppress(yaml.YAMLError):
                values[name] = json.loads(json.dumps(yaml.safe_load(value), default=str))
        complaints += _misfits(name, parameter, values[name])
    if complaints:
        raise PlanError("the plan cannot be used:", tuple(complaints))
    return values


def bind(plan: Plan, given: Mapping[str, Any], video: Listing) -> Plan:
    """The plan as it runs, with nothing left open. given: values by parameter. Raises PlanError with a complaint for each value that is
    missing, unknown or of the wrong type."""
    known = ", ".join(plan.parameters) or "none"
    complaints = [f"there is no parameter {name!r}; this plan's parameters: {known}" for name in given if name not in plan.parameters]
    values: dict[str, Any] = {}
    for name, parameter in plan.parameters.items():
        value = given.get(name, parameter.default)
        if value is None:
            complaints.append(f"parameter {name!r} has no value; give a {parameter.type}{parameter.says and f': {parameter.says}'}")
        else:
            complaints += _misfits(name, parameter, value)
        values[name] = value

    def put(reference: Reference) -> Any:
        root, path = reference.root, reference.path
        if root == VIDEO and path and path[0] not in video:
            complaints.append(f"{reference.text} reads what no listing has; a video has {', '.join(video)}")
        return escaped(read(video if root == VIDEO else values[root], path)) if root in {VIDEO, *values} else reference.text

    steps = replaced([step.to_json() for step in plan.steps], put, plain=False)
    try:
        bound = Plan.model_validate({"title": plan.title, "steps": steps})
    except ValidationError as error:  # a for_each took what is no list
        complaints.append(str(error))
    if complaints:
        raise PlanError("the plan cannot be used:", tuple(complaints))
    return bound


def _misfits(name: str, parameter: Parameter, value: Any) -> list[str]:
    what = f"parameter {name!r} is {json.dumps(value, default=str)[:80]}; it takes a value of type {parameter.type}"
    return [] if Validator(schema_of(parameter)).is_valid(value) else [what]


def schema_of(parameter: Parameter) -> Schema:
    return SPAN if parameter.type == "span" else {"type": parameter.type}

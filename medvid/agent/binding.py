"""Binding: puts the values of a reusable plan's parameters, and the video it is used on, in the place of `$name` and `$video`.

What is put in is data: a text that begins with a dollar sign stays that text. Source: docs/plans.md.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import yaml
from pydantic import ValidationError

from medvid.agent.catalogue import Listing
from medvid.agent.operations import SPAN
from medvid.agent.references import VIDEO, Reference, escaped, read, replaced
from medvid.agent.shapes import Schema, Validator
from medvid.core import Parameter, Plan, PlanError


def bind(plan: Plan, given: Mapping[str, Any], video: Listing) -> Plan:
    """The plan as it runs, with nothing left open. given: values by parameter; a text for one that is no text is read as YAML (`2`,
    `{start_s: 0, end_s: 9.5}`). Raises PlanError with a complaint for each value that is missing, unknown or of the wrong type."""
    known = ", ".join(plan.parameters) or "none"
    complaints = [f"there is no parameter {name!r}; this plan's parameters: {known}" for name in given if name not in plan.parameters]
    values: dict[str, Any] = {}
    for name, parameter in plan.parameters.items():
        value = given.get(name, parameter.default)
        if isinstance(value, str) and parameter.type != "string":
            with suppress(yaml.YAMLError):
                value = yaml.safe_load(value)
        if value is None:
            complaints.append(f"parameter {name!r} has no value; give a {parameter.type}{parameter.says and f': {parameter.says}'}")
        elif not Validator(schema_of(parameter)).is_valid(value):
            complaints.append(f"parameter {name!r} is {json.dumps(value)[:80]}; it takes a value of type {parameter.type}")
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


def schema_of(parameter: Parameter) -> Schema:
    return SPAN if parameter.type == "span" else {"type": parameter.type}

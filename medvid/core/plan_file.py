"""A plan as a YAML file, which `--save` writes, an editor changes, and `medvid plan` reads. Source: docs/plans.md."""

import json
import re
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from medvid.core.errors import ConfigError
from medvid.core.plan import Plan

P = TypeVar("P", bound=Plan)

def read_plan(path: Path, kind: type[P]) -> P:
    """kind: Plan, or what is more than one. Raises ConfigError, naming the file and the place in it."""
    try:
        return plan_of(path.read_text(encoding="utf-8"), kind, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def plan_of(text: str, kind: type[P], name: str = "the plan") -> P:
    """The plan that a text is. Raises ConfigError, naming the place in it."""
    try:
        return kind.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{name} is no YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        places = (f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}" for fault in error.errors())
        raise ConfigError(f"{name} is no plan: {'; '.join(places)}; docs/plans.md says how one is written") from error


def plan_text(plan: Plan) -> str:
    return yaml.safe_dump(plan.to_json(), sort_keys=False, allow_unicode=True, width=140)


def reusable(plan: Plan, video_id: str, duration_s: float) -> Plan:
    """The plan of one video for any other: its id and its end become `$video.video_id` and `$video.duration_s`."""
    text = json.dumps(plan.to_json()).replace(f'"{video_id}"', '"$video.video_id"')
    end = rf'("(?:duration_s|end_s)": ){re.escape(json.dumps(duration_s))}(?=[,}}])'
    return Plan.model_validate_json(re.sub(end, r'\1"$video.duration_s"', text))

"""deploy/compose.yaml as compose would read it: by `docker compose config` where there is docker, else by the specification's schema."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy" / "compose.yaml"
SCHEMA = Path(__file__).with_name("compose-spec.json")
GIVEN = {"MEDVID_TOKEN": "0123456789abcdef0123", "MEDVID_WEIGHTS": str(ROOT), "MEDVID_MEDIA": str(ROOT / "docs")}
"""What a user must set."""
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\}")


class Refused(Exception):
    """Compose does not start."""


def configured(given: dict[str, str]) -> dict[str, Any]:
    """The configuration with its variables filled in. Raises Refused where one that it asks for is missing."""
    return by_docker(given) if has_compose() else by_schema(given)


def has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0


def by_docker(given: dict[str, str]) -> dict[str, Any]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MEDVID_")}
    command = ["docker", "compose", "--file", str(FILE), "config", "--format", "json"]
    done = subprocess.run(command, env={**kept, **given}, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(done.stderr)
    return json.loads(done.stdout)


def by_schema(given: dict[str, str]) -> dict[str, Any]:
    def value(found: re.Match[str]) -> str:
        name, kind, rest = found["name"], found["kind"], found["rest"]
        if given.get(name):
            return given[name]
        if kind == "-":
            return rest
        raise Refused(f"{name}: {rest}")

    def filled(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: filled(inner) for key, inner in item.items()}
        if isinstance(item, list):
            return [filled(inner) for inner in item]
        return VARIABLE.sub(value, item) if isinstance(item, str) else item

    configuration = filled(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    jsonschema.validate(configuration, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return configuration

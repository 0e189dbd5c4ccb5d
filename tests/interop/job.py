"""What a client is told to do, and what it reports. Standard library only: it runs in the environment of every Python client.

A job is one JSON argument: `{command | url, env, era, calls, cancel, ledgers}`; `era` is `legacy` or `modern`, a call is
`{name, arguments, until}`. An argument such as `$list_videos.videos.0.video_id` is taken from the structured content of an earlier call. A
call with `until: [field, value]` is made again until its structured content says so. The report is one line of JSON on stdout:
`{client, tools: [name], results: {name: {text, structured, is_error}}, progress, stayed}`; `progress` counts what was heard during the call
that was cancelled, `stayed` says whether the client kept its connection for a second after that.
"""

from __future__ import annotations

import json
import sys
from typing import Any

STAY_S = 1.0
"""How long a client stays after its cancel, so that the ledger shows who stopped the engine: the cancel, or the end of the connection."""


AGAIN_S = 0.3
"""Between a call and the same call again."""


def the_job() -> dict[str, Any]:
    return json.loads(sys.argv[1])


def filled(value: Any, results: dict[str, Any]) -> Any:
    """Arguments with what earlier calls gave."""
    if isinstance(value, dict):
        return {key: filled(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, results) for item in value]
    if not (isinstance(value, str) and value.startswith("$")):
        return value
    name, *path = value[1:].split(".")
    found = results[name]["structured"]
    for part in path:
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def to_be_asked_again(call: dict[str, Any], result: dict[str, Any]) -> bool:
    if "until" not in call or result["is_error"]:
        return False
    field, value = call["until"]
    return result["structured"][field] != value


def report(**found: Any) -> None:
    print(json.dumps(found), flush=True)

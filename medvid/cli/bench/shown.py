"""How commands on results print what they found: JSON, or the same as lines of YAML, numbers with three decimals."""

import json
from typing import Any

import typer


def show(found: dict[str, Any], as_json: bool) -> None:
    import yaml

    text = json.dumps(found, ensure_ascii=False)
    rounded = json.loads(text, parse_float=lambda said: round(float(said), 3))
    typer.echo(text if as_json else yaml.safe_dump(rounded, sort_keys=False, allow_unicode=True, width=160).rstrip())

"""What the judge of free texts is told: judge.toml."""

import tomllib
from pathlib import Path
from typing import Any

WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("judge.toml").read_text(encoding="utf-8"))

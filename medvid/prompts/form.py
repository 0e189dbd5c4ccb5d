"""Form: what one tool's question says after the parts that all questions share."""

from dataclasses import dataclass, field
from typing import Literal

STYLES = {"gemini": "Use the gemini style."}
"""The two caption styles of the benchmark. The default adds no word: captions of both kinds answer one task."""


@dataclass(frozen=True, slots=True)
class Form:
    """request: a template of the last part. lists: what the procedure's own list is called before it, None where the task shows none.
    styles: what follows the request for a style of captions; a style that is missing adds nothing. answer: its form, where it has one,
    told in a system message to a model that was not trained on it."""

    request: str
    answer: str = ""
    lists: Literal["actions", "steps"] | None = None
    styles: dict[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.request, *self.styles.values(), *([self.lists] if self.lists else []))

"""Free text answers, the tools that give them, and the token F1 by which texts are compared strictly."""

import re
from collections import Counter

from pydantic import Field

from medvid.core import Case, ParseError, Value
from medvid.core.clip import Clip
from medvid.tools.base import A, Reading, Tool
from medvid.tools.spans import SPAN, UNIT

_TIMES = re.compile(rf"{SPAN.pattern}|\b{UNIT}", re.IGNORECASE)
LONGEST_TEXT = 4000  # Characters. Captions of the benchmark stay far below; what runs on longer is a model that does not stop.

LONGEST_WORD = 60  # Characters. Medical words stay below 46.


class Description(Value):
    """What a model says in its own words."""

    text: str = Field(min_length=1)


def read_text(text: str) -> str:
    """The text on one line. Raises ParseError where it holds no word beside times, or runs on without end."""
    line = " ".join(text.split())
    if not re.search(r"[^\W\d_]{2}", _TIMES.sub(" ", line)):
        raise ParseError(f"{line[:80]!r} holds no word; ask again, or over another span", text=text)
    if (longest := max(line.split(), key=len)) and len(longest) > LONGEST_WORD:
        raise ParseError(f"{longest[:20]!r}... is a word of {len(longest)} characters, above {LONGEST_WORD}: no language", text=text)
    if len(line) > LONGEST_TEXT:
        raise ParseError(f"the text has {len(line)} characters, above {LONGEST_TEXT}: a model that does not stop; ask again", text=text)
    return line


def token_f1(predicted: str, truth: str) -> float:
    """F1 of the two bags of lower-case words, in [0, 1]; two texts without words are equal."""
    a, b = (Counter(re.findall(r"\w+", text.lower())) for text in (predicted, truth))
    if not a or not b:
        return float(a == b)
    return 2 * (a & b).total() / (a.total() + b.total())


class DescribingTool(Tool[A, Description]):
    result_type = Description

    def read(self, text: str, clip: Clip, case: Case) -> Reading[Description]:
        return Reading(Description(text=read_text(text)))

    def write(self, result: Description) -> str:
        return result.text

    def compare(self, predicted: Description, truth: Description) -> float:
        return token_f1(predicted.text, truth.text)

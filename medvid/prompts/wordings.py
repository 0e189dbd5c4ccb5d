"""Wording: the form in which questions are put to a checkpoint, named by its profile: role, scene, procedure, request, in this order.

What the Case does not state is left out. Forms read from a user's own data go before these. Source: docs/formats.md, "The eight tasks".
"""

import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from medvid.core import Case, Value
from medvid.core.vocabulary import procedure_of, sources_of
from medvid.prompts.read import ReadForm, form_for, read_forms


class Example(Value):
    """A question and an answer of ours; `{score}` in it is any of `scores`."""

    question: str
    answer: str
    scores: tuple[int, ...] = ()


class Form(Value):
    """TOOL.toml."""

    description: str  # what a client reads of the tool
    request: str  # a template of the question's last part
    answer: str = ""  # its form, told in a system message to a model that was not trained on it
    lists: Literal["actions", "steps"] | None = None  # what the procedure's own list is called before it, None where the task shows none
    example: Example  # shown once, in a system message, to a model that was not tuned on the data
    styles: dict[str, str] = {}  # what follows the request for a style of captions; one that is missing adds nothing


ROLE, SCENE = "You are an expert in medical video.", "The video shows {scene}."
PROCEDURE, LISTING = "The procedure is {procedure}.", "The {what} are [{names}]."
ONE_SHOT = """\
Answer the question about the video in the form of this example, whose content is made up and of another video.
Question: {question}
Answer: {answer}
Write the answer alone, in just that form."""
_FILES = sorted(set(Path(__file__).parent.glob("*.toml")) - {Path(__file__).with_name("judge.toml")})
FORMS = {file.stem: Form.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))) for file in _FILES}  # by tool


@dataclass(frozen=True, slots=True)
class Wording:
    name: str
    read: tuple[ReadForm, ...] = ()  # forms of the user's own data, which go before ours

    def ask(self, tool: str, case: Case, values: Mapping[str, str] | None = None, style: str | None = None) -> str:
        """The whole question of `tool`; `values` fill its request. Ours is one line, sentences joined by one space."""
        read = form_for(self.read, tool, case, style)
        if read is not None and (text := read.fill({**_stated(case), **(values or {})})) is not None:
            return text
        form = FORMS[tool]
        parts = (
            ROLE,
            SCENE.format(scene=case.scene) if case.scene else "",
            PROCEDURE.format(procedure=case.procedure) if case.procedure else "",
            LISTING.format(what=form.lists, names=", ".join(case.action_names)) if form.lists and case.actions else "",
            form.request.format(**(values or {})),
            form.styles.get(style or "", ""),
        )
        return " ".join(part for part in parts if part)

    def remark(self, tool: str, case: Case, style: str | None = None) -> str | None:
        """Where forms were read, why a question is put in our own words all the same, or in the form of another source."""
        read = form_for(self.read, tool, case, style)
        if read is None:
            return f"asked in medvid's own words: {self.name} has no form of {tool}" if self.read else None
        missing = sorted(read.needs & {"procedure", "actions"} - _stated(case).keys())
        if missing:
            return f"asked in medvid's own words: the form of {read.source} names {' and '.join(missing)}, not declared"
        return None if read.source in sources_of(case) else f"asked in the form of {read.source}, which is not told to be this video's"


def _stated(case: Case) -> dict[str, Any]:
    return {name: value for name, value in (("procedure", procedure_of(case)), ("actions", case.action_names)) if value}


def wording(name: str) -> Wording:
    """The wording of this name: ours, or one that the user has read. Raises ConfigError where there is none."""
    return Wording(name, () if name == "plain" else read_forms(name))


def one_shot(tool: str, seed: int) -> str:
    """The system message with one example of the task. Scores that it leaves open are drawn by the seed, so that they tell nothing."""
    example, draw = FORMS[tool].example, random.Random(seed)
    answer = re.sub(r"\{score\}", lambda open_place: str(draw.choice(example.scores)), example.answer)
    return ONE_SHOT.format(question=example.question, answer=answer)


def all_words() -> frozenset[str]:
    """Every word that a template of ours holds, as it stands there; names and numbers filled in are not among them."""
    texts = [ROLE, SCENE, PROCEDURE, LISTING]
    for form in FORMS.values():
        texts += [form.request, *form.styles.values(), form.lists or ""]
    return frozenset(word for text in texts for word in re.findall(r"\w+", re.sub(r"\{\w+\}", " ", text)))

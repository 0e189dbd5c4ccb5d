"""Wording: the form in which questions are put to a checkpoint, named by its profile.

A question has four parts in this order: role, scene, procedure (with its list of actions or steps where the task has one), request.
What the Case does not state is left out. Source: docs/formats.md, "The eight tasks".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from medvid.core.case import Case
from medvid.core.errors import ConfigError
from medvid.prompts import (
    assess_cvs,
    assess_skill,
    caption_events,
    caption_region,
    ground_object,
    localize_action,
    predict_next,
    summarize_video,
)
from medvid.prompts.form import Form


@dataclass(frozen=True, slots=True)
class Wording:
    """Templates of the shared parts, and one Form a tool."""

    name: str
    role: str
    scene: str
    procedure: str
    listing: str
    forms: Mapping[str, Form]

    def ask(self, tool: str, case: Case, values: Mapping[str, str] | None = None, style: str | None = None) -> str:
        """The whole question of `tool`; `values` fill its request. One line, sentences joined by one space."""
        form = self.forms[tool]
        parts = [self.role]
        if case.scene:
            parts.append(self.scene.format(scene=case.scene))
        if case.procedure:
            parts.append(self.procedure.format(procedure=case.procedure))
        if form.lists and case.actions:
            parts.append(self.listing.format(what=form.lists, names=", ".join(case.action_names)))
        parts.append(form.request.format(**(values or {})))
        if style in form.styles:
            parts.append(form.styles[style])
        return " ".join(parts)

    @property
    def texts(self) -> tuple[str, ...]:
        """Every template, the placeholders in braces."""
        shared = tuple(str(getattr(self, field.name)) for field in fields(self) if field.name not in ("name", "forms"))
        return shared + tuple(text for form in self.forms.values() for text in form.texts)


PLAIN = Wording(
    name="plain",
    role="You are an expert in medical video.",
    scene="The video shows {scene}.",
    procedure="The procedure is {procedure}.",
    listing="The {what} are [{names}].",
    forms={
        "localize_action": localize_action.PLAIN,
        "ground_object": ground_object.PLAIN,
        "predict_next": predict_next.PLAIN,
        "caption_events": caption_events.PLAIN,
        "summarize_video": summarize_video.PLAIN,
        "caption_region": caption_region.PLAIN,
        "assess_skill": assess_skill.PLAIN,
        "assess_cvs": assess_cvs.PLAIN,
    },
)
_WORDINGS = {PLAIN.name: PLAIN}


def wording(name: str) -> Wording:
    """The wording of this name. Raises ConfigError where there is none."""
    if name not in _WORDINGS:
        raise ConfigError(f"there is no wording {name!r}; a profile may name {', '.join(sorted(_WORDINGS))}")
    return _WORDINGS[name]


def all_words() -> frozenset[str]:
    """Every word that some template holds, as it stands there; names and numbers filled in are not among them."""
    texts = (re.sub(r"\{\w+\}", " ", text) for form in _WORDINGS.values() for text in form.texts)
    return frozenset(word for text in texts for word in re.findall(r"\w+", text))

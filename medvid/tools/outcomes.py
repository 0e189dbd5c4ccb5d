"""Outcomes: what the looks of one call come to, with their evidence. Source: docs/formats.md, "Outcomes"."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from medvid.core import Evidence, Feeding, Outcome, Reliability
from medvid.core.outcome import Status, outcome_type
from medvid.engine.base import Profile
from medvid.tools.base import Args, StyleArgs, Tool
from medvid.tools.look import Inquiry, Seen
from medvid.tools.scope import asked_phrase

ALWAYS_ANSWERS = "this model always answers; presence not verified"
NOT_DECLARED = "procedure not declared"


@dataclass(frozen=True, slots=True)
class Report:
    """Writes the Outcome of one inquiry."""

    inquiry: Inquiry
    profile: Profile
    started_s: float
    notes: list[str]

    def of(self, seen: list[Seen]) -> Outcome[Any]:
        """What several looks come to. One that saw nothing counts only where every other could be read."""
        tool = self.inquiry.tool
        for look in seen:
            self.notes.extend(look.notes)
        found = [look for look in seen if look.status == "found"]
        failed = [look for look in seen if look.status in ("dark", "unreadable")]
        if found:
            result = found[0].result if len(seen) == 1 else tool.merge([(look.span, look.result) for look in found])
            for look in failed:
                why = "not asked about" if look.status == "dark" else f"the answer for {look.span} could not be read"
                self.notes.append(f"{why}: {look.reason}")
            if not self.profile.abstains:
                self.notes.append(ALWAYS_ANSWERS)
            return self._outcome("ok", seen, result=result)
        return self._nothing(seen, failed)

    def _nothing(self, seen: list[Seen], failed: list[Seen]) -> Outcome[Any]:
        unreadable = [look for look in failed if look.status == "unreadable"]
        if unreadable:
            share = f" ({len(unreadable)} of {len(seen)} looks)" if len(seen) > 1 else ""
            reason = f"the model's text could not be read{share}: {unreadable[0].reason}"
            return self.refused("unreadable", f"{reason}; it stands in evidence.raw; try another span or rate", seen)
        if failed:
            rest = "" if len(failed) == len(seen) else f" ({len(failed)} of {len(seen)} looks), and in the rest nothing was observed"
            return self.refused("not_assessable", f"{failed[0].reason}{rest}; ask about another span", seen)
        phrase = asked_phrase(self.inquiry.args)
        what = repr(phrase) if phrase is not None else "what was asked for"
        reason = f"{what} was not observed in {self.inquiry.span}; ask about another span, or in other words"
        return self.refused("not_observed", reason, seen)

    def refused(self, status: Status, reason: str, seen: Sequence[Seen] = ()) -> Outcome[Any]:
        return self._outcome(status, seen, reason=reason)

    def _outcome(self, status: Status, seen: Sequence[Seen], *, result: Any = None, reason: str | None = None) -> Outcome[Any]:
        inquiry, raw = self.inquiry, tuple(look.raw for look in seen if look.raw is not None)
        evidence = Evidence(
            video_id=inquiry.info.video_id, span=inquiry.span, looks=tuple(look.look for look in seen), model=self.profile.name,
            feeding=inquiry.feeding, raw=raw, reliability=_cards(inquiry.tool, inquiry.args, self.profile, inquiry.feeding),
            elapsed_s=round(time.monotonic() - self.started_s, 3),
        )  # fmt: skip
        of = outcome_type(inquiry.tool.result_type)
        return of(status=status, result=result, reason=reason, notes=tuple(dict.fromkeys(self.notes)), evidence=evidence)


def _cards(tool: Tool[Any, Any], args: Args, profile: Profile, feeding: Feeding) -> tuple[Reliability, ...]:
    """Of the caption style asked for only; what nobody measured in this feeding says so, before what was measured in the other. Beside
    it, how far the confidence in such answers is off."""
    styles = get_args(StyleArgs.model_fields["style"].annotation)
    skipped = [f"_{style}" for style in styles if style != args.style] if isinstance(args, StyleArgs) else []
    asked = [qa_type for qa_type in tool.qa_types if not qa_type.endswith(tuple(skipped))]
    cards: list[Reliability] = []
    for qa_type in asked:
        card = profile.cards.get(qa_type)
        if card is None or card.feeding != feeding:
            cards.append(Reliability(qa_type=qa_type, metric=card.metric if card else qa_type, feeding=feeding))
        cards += [card] if card else []
    off = [card for qa_type in asked if (card := profile.cards.get(f"{qa_type}_confidence")) is not None and card.feeding == feeding]
    return (*cards, *off)

"""Planner: a question in plain words becomes a plan, by rules; no model is asked. The default planner, and it works without a network.

Each clause of the question becomes steps that may read earlier ones: an action is localised first, then grounded, described or assessed
over the spans found. `there`, `that` and `it` mean what was last found. A question that no rule places gives Needs, with the nearest ones
that do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from medvid.agent.actions import Declared, meet, nearest, nouns_of, phrase
from medvid.agent.catalogue import LIST_VIDEOS, Listing, Tools
from medvid.agent.clauses import Anchor, Clause, clauses_of, named_object
from medvid.agent.planning import Asked, Planned
from medvid.agent.words import PERSONS, is_verb, words_of
from medvid.core import Needs, Plan, Step

STRIDE_IN_SPAN_S = 2.0
STRIDE_IN_VIDEO_S = 4.0
SHORT_VIDEO_S = 12.0
ACTIONS_PROPOSED = 3
GENERAL = ("Summarise the video.", "Describe what happens.", "What comes next?")

_ONLY_WHEN = re.compile(r"(?:at what time|when)(?: (?:is|was) (?:it|that|this))?")
_TAKES = re.compile(r"\b(?:takes?|took|taken|taking|lasts?|lasted)\b")
"""How long something takes is no action."""


class Unplaced(Exception):
    """A part of a question that no rule places; the message is that part."""


@dataclass(frozen=True, slots=True)
class Focus:
    """What `there` and `that` mean. spans: a reference to a list of spans; one: a span, or a reference to one."""

    spans: str | None = None
    one: Any = None


@dataclass(frozen=True, slots=True)
class Window:
    """Where to look. span: of the call, None for the whole video. each: a list to run over, with span `$item`."""

    span: Any = None
    each: str | None = None


def make_plan(question: str, listing: Sequence[Listing], tools: Tools, *, insist: bool = False) -> Plan | Needs:
    """A plan over the listed videos, the same for each. insist: passed to every tool that takes it."""
    if not listing:
        return Needs(question="Which video is the question about? Give a video id or a file.")
    steps: list[Step] = []
    for video in listing:
        draft = _Draft(video, tools, insist, steps, tuple(map(Declared.of, video.get("actions") or ())))
        try:
            clauses = clauses_of(question, float(video["duration_s"]))
            if not clauses:
                raise Unplaced(question)
            for clause in clauses:
                draft.add_clause(clause)
        except Unplaced as unplaced:
            said = str(unplaced) or question
            # The nearest questions that are placed, about the declared actions that are most like the words first.
            choices = [f"When does “{name}” happen?" for name in nearest(said, draft.actions, ACTIONS_PROPOSED)]
            return Needs(
                question=f"No rule places {said!r}. Ask when, where, how often or how long, what something is doing, what comes next, "
                "how well, or for a description; for example:",
                choices=(*choices, *GENERAL),
            )
    return Plan(steps=tuple(steps))


async def offline(asked: Asked) -> Planned:
    """The planner that asks no model. See planning.Planner."""
    return Planned(make_plan(asked.question, asked.listing, asked.tools, insist=asked.insist))


@dataclass(slots=True)
class _Draft:
    """The steps for one video, and what has been found so far."""

    video: Listing
    tools: Tools
    insist: bool
    steps: list[Step]
    actions: tuple[Declared, ...]
    focus: Focus | None = None
    thing: str | None = None
    nouns: list[str] = field(default_factory=list)

    # What a clause becomes.

    def add_clause(self, clause: Clause) -> None:
        self.nouns = nouns_of(clause.text) or self.nouns
        match clause.kind:
            case "about":
                self._add(tool=LIST_VIDEOS, args={})
            case "cvs" | "skill":
                self._look(f"assess_{clause.kind}", self._window(clause))
            case "next":
                self._next(clause)
            case "count" | "how long":
                self._measure(clause)
            case "doing":
                self._doing(clause)
            case "where" | "visible":
                self._where(clause)
            case "describe":
                self._over_action("caption_events", clause)
            case "summary" | "instrument":  # which instrument does it: the words of a summary name it
                self._over_action("summarize_video", clause)
            case _:
                self._when(clause)

    def _next(self, clause: Clause) -> None:
        """What follows a stretch is asked by showing everything up to its end."""
        anchors = tuple(replace(anchor, relation="during") if anchor.relation == "after" else anchor for anchor in clause.anchors)
        window = self._window(replace(clause, anchors=anchors))
        if isinstance(window.span, str):
            window = replace(window, span={"start_s": 0, "end_s": f"{window.span}.end_s"})
        self._look("predict_next", window)

    def _when(self, clause: Clause) -> None:
        # `was it irrigated, and when`: localising has told already
        told = self.focus and self.focus.spans and _ONLY_WHEN.fullmatch(clause.text) and not clause.anchors
        if names := self._actions(clause.text):
            self._localize(names, clause)
        elif not told:
            if named_object(clause.text, "when") is None:
                raise Unplaced(clause.text)
            self._where(clause)

    def _measure(self, clause: Clause) -> None:
        names = self._actions(_TAKES.sub(" ", clause.text))
        if names:
            listed = self._localize(names, replace(clause, turn=None))
        elif self.focus and self.focus.spans and not clause.anchors and clause.span is None:
            listed = [self.focus.spans]
        else:
            raise Unplaced(clause.text)
        for spans in listed:
            one = clause.turn in ("first", "last", "longest") and clause.kind == "how long"
            measured = [self._computed(str(clause.turn), spans=spans)] if one else spans
            self._computed("count" if clause.kind == "count" else "total_duration", spans=measured)

    def _doing(self, clause: Clause) -> None:
        thing = self._object(clause, "doing")
        if thing in PERSONS:
            self._over_action("caption_events", replace(clause, text=""))
            return
        window = self._window(clause)
        ground = f"${self._ground(thing, window)}"
        root = "$item" if window.each else ground
        box = {"box_px": f"{root}.track[0].box_px", "time_s": f"{root}.track[0].time_s"}
        if window.each:  # the calls run over the tracks found: `$item` is one of them, and each is asked about as long as it lasts
            window = Window({"start_s": "$item.track[0].time_s", "end_s": "$item.track[-1].time_s"}, ground)
        self._look("caption_region", window, **box)

    def _where(self, clause: Clause) -> None:
        self._ground(self._object(clause, clause.kind or "when"), self._window(clause))

    def _over_action(self, tool: str, clause: Clause) -> None:
        if names := self._actions(clause.text):
            self._localize(names, clause)
            self._look(tool, (self._each() if clause.turn == "each" else None) or Window(self._one(clause.turn or "first")))
        else:
            self._look(tool, self._window(clause))

    # Steps.

    def _localize(self, names: Sequence[str], clause: Clause) -> list[str]:
        """One call an action; the first one is what `that` means afterwards. Gives a reference to the spans of each."""
        window = self._window(clause)
        ids = [self._look("localize_action", window, action=name) for name in names]
        spans = [f"${step}[*].spans" if window.each else f"${step}.spans" for step in ids]
        self.focus = Focus(spans=spans[0])
        self.nouns = nouns_of(names[0])
        if clause.kind in ("when", None) and len(names) == 1 and clause.turn in ("first", "last", "longest"):
            self.focus = Focus(spans=spans[0], one=self._computed(clause.turn, spans=spans[0]))
        return spans

    def _ground(self, thing: str, window: Window) -> str:
        inside = window.span is not None or float(self.video["duration_s"]) <= SHORT_VIDEO_S
        step = self._look("ground_object", window, object=thing, every_s=STRIDE_IN_SPAN_S if inside else STRIDE_IN_VIDEO_S)
        self.thing = thing
        if window.span is None:
            self.focus = self.focus or Focus(one={"start_s": f"${step}.track[0].time_s", "end_s": f"${step}.track[-1].time_s"})
        return step

    def _look(self, tool: str, window: Window, **args: Any) -> str:
        return self._add(tool=tool, args=args if window.span is None else {**args, "span": window.span}, for_each=window.each)

    def _computed(self, op: str, **args: Any) -> str:
        """A reference to the value of an operation."""
        return f"${self._add(op=op, args=args)}"

    def _add(self, *, tool: str | None = None, op: str | None = None, args: dict[str, Any], for_each: str | None = None) -> str:
        """The id of a step that does this: a new one, or an earlier one that does the same."""
        if tool is not None and tool != LIST_VIDEOS:
            args = {"video_id": self.video["video_id"], **args}
            if self.insist and tool in self.tools and "insist" in self.tools[tool].arguments:
                args["insist"] = True
        new = Step(id=f"s{len(self.steps) + 1}", tool=tool, op=op, args=args, for_each=for_each)
        same = next((step for step in self.steps if step.model_copy(update={"id": new.id}) == new), None)
        if same is None:
            self.steps.append(new)
        return (same or new).id

    # Where to look.

    def _window(self, clause: Clause) -> Window:
        anchors, each = clause.anchors, clause.turn == "each"
        if clause.span is not None and anchors:
            raise Unplaced(f"{clause.text}, restricted twice")
        match sorted(anchor.relation for anchor in anchors):
            case []:
                return (self._each() if each and clause.kind == "doing" and clause.span is None else None) or Window(clause.span)
            case ["during"]:
                one = self._anchored(anchors[0], "first", each=each)
                return (self._each() if each else None) or Window(one)
            case ["before"]:
                return Window(self._computed("before", span=self._anchored(anchors[0], "first")))
            case ["after"]:
                return Window(self._computed("after", span=self._anchored(anchors[0], "last"), duration_s=self.video["duration_s"]))
            case ["until"]:
                one = self._anchored(anchors[0], "first")
                return Window({"start_s": 0, "end_s": f"{one}.end_s" if isinstance(one, str) else one["end_s"]})
            case ["after", "before"] | ["between", "between"]:
                a, b = (self._anchored(anchor, "first") for anchor in anchors)
                return Window(self._computed("between", a=a, b=b))
        raise Unplaced(f"{clause.text}, restricted {len(anchors)} times")

    def _each(self) -> Window | None:
        """Each of the spans last found, where there is a list of them."""
        return Window("$item", self.focus.spans) if self.focus and self.focus.spans else None

    def _anchored(self, anchor: Anchor, pick: str, *, each: bool = False) -> Any:
        """The span that a restriction hangs on. What it names becomes what `that` means."""
        if anchor.text is not None:
            pick = next((turn for turn in ("first", "last", "longest") if turn in words_of(anchor.text)), pick)
            if names := self._actions(anchor.text):
                self._localize(names[:1], Clause(anchor.text, None))
            elif thing := named_object(anchor.text, "when"):
                self.focus = None
                self._ground(thing, Window())
            else:
                raise Unplaced(anchor.text)
        if self.focus is None:
            raise Unplaced(f"{anchor.relation} {anchor.text or 'that'}")
        return None if each and self.focus.spans else self._one(pick)

    def _one(self, pick: str) -> Any:
        if self.focus is None:
            raise Unplaced("that")
        return self._computed(pick, spans=self.focus.spans) if self.focus.one is None else self.focus.one

    # What is named.

    def _actions(self, text: str) -> list[str]:
        """The declared actions that the text names; else its own phrase, where it has a verb and something that it is done to."""
        words = words_of(text)
        if self.nouns and {"it", "they", "them"} & set(words) and any(map(is_verb, words)) and not nouns_of(text):
            text = f"{text} {' '.join(self.nouns)}"
        own = phrase(text)
        return meet(text, self.actions) or ([own] if own and " the " in own else [])

    def _object(self, clause: Clause, kind: str) -> str:
        named = named_object(clause.text, kind)
        if thing := self.thing if named == "it" else named:
            return thing
        raise Unplaced(clause.text)

"""Draft: the steps that a question becomes for one video, clause by clause.

An action is localised first, then grounded, described, assessed or measured over the spans found. `there`, `that` and `it` mean what was
last found, in the question or in the turns before it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from medvid.agent.actions import Ambiguous, Declared, Unplaced, completed, done, named, nouns_of
from medvid.agent.catalogue import LIST_VIDEOS, Listing
from medvid.agent.clauses import FOLLOW, LOOKS, OUTSIDE, Anchor, Clause, clauses_of, content, named_objects, turn_of
from medvid.agent.followups import TURNS_MEANT, Focus, changed, foci_of, going_on, steps_of, told_apart, with_span
from medvid.agent.operations import OPS
from medvid.agent.planning import Asked
from medvid.agent.sheet import Sheet
from medvid.agent.words import PERSONS, STOP, VERBS, target, words_of
from medvid.core import Step

STRIDE_IN_SPAN_S, STRIDE_IN_VIDEO_S, SHORT_VIDEO_S = 2.0, 4.0, 12.0
_TAKES = re.compile(r"\b(?:takes?|took|taken|taking|lasts?|lasted)\b")
"""How long something takes is no action."""
_HERE = Anchor("during", None)
REFERS = re.compile(r"\b(?:(?:that|this|the last|the other) one|it|that|this|those|them|they|then|there)\b")


class Window(NamedTuple):
    """Where to look. span: of the call, None for the whole video. each: a list to run over, with span `$item`."""

    span: Any = None
    each: Any = None


@dataclass(slots=True)
class Draft:
    """Steps for one video, and what has been found so far. turns: the steps of earlier ones; recalled: whether one was gone back to."""

    video: Listing
    asked: Asked
    sheet: Sheet
    actions: tuple[Declared, ...]
    focus: Focus | None = None
    thing: Step | None = None
    nouns: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    turns: list[list[Step]] = field(default_factory=list)
    recalled: bool = False

    def add_question(self, text: str, *, alike: bool) -> list[Clause]:
        """text: rewritten, without the videos it names. alike: what the last turn asked is asked here. Gives its clauses."""
        runs = self.asked.memory.turns[-TURNS_MEANT:]
        self.turns = [self.sheet.adopt(steps) for run in runs if (steps := steps_of(run, self.video["video_id"], self.asked.listing))]
        clauses = clauses_of("again" if alike else told_apart(text, self.turns), float(self.video["duration_s"]))
        if not (placed := [clause for clause in clauses if clause.kind != "idle"]):
            raise Unplaced(text)
        own = {word for action in self.actions for word in action.words} - STOP
        for clause in placed:
            for what, forms in OUTSIDE.items():
                if any(match and not own & set(words_of(match[0])) for match in (re.search(form, clause.text) for form in forms)):
                    raise Unplaced(clause.text, f"No tool here tells {what}")
        if self.turns and len(placed) == 1 and (again := changed(text, placed[0], self.turns, self.actions)):
            self.recalled = bool(self.sheet.adopt(again, wanted=True))
            return []
        for clause in placed:
            self.add_clause(clause)
        return clauses

    def _that(self, *, stretch: bool = False) -> Focus:
        """What was last found: in this question, else in the turns before it. stretch: one that was only looked at counts too."""
        if self.focus is None:
            near = next((steps for steps in reversed(self.turns) if foci_of(steps, stretch=stretch)), [])
            if len(foci := foci_of(near, stretch=stretch)) != 1:
                raise Ambiguous("it", [focus.action for focus in foci]) if foci else Unplaced("that")
            picked = {focus.one for steps in self.turns for focus in foci_of(steps)}  # which of several, said in a turn before
            one = next((f"${step.id}" for step in reversed(near) if f"${step.id}" in picked), None)
            self.focus, self.recalled = foci[0]._replace(one=foci[0].one or one), True
        return self.focus

    def _two(self, least: int = 2) -> list[Focus]:
        """The two that were last found."""
        foci = {(focus.action, str(focus.one)): focus for steps in self.turns for focus in foci_of(steps)}
        if len(foci) < least:
            raise Unplaced("which two")
        self.recalled = True
        return list(foci.values())[-2:]

    # What a clause becomes.

    def add_clause(self, clause: Clause) -> None:
        self.nouns = nouns_of(clause.text) or self.nouns
        last = {focus.action for steps in self.turns[-1:] for focus in foci_of(steps) if not content(clause.text, clause.kinds)}
        said = (clause.text, *(anchor.text for anchor in clause.anchors), last.pop() if len(last) == 1 else "")
        self.beside = list(filter(None, said))
        if self.turns and not (self.focus or self.thing or clause.anchors or clause.span):
            clause, self.recalled = (on := going_on(clause, self.turns[-1])), self.recalled or on.span is not None
        match clause.kind:
            case "about":
                self._add(LIST_VIDEOS)
            case "next":
                self._next(clause)
            case "where" | "visible" if names := done(clause.text, self.actions):  # no thing, but something that is done
                self._localize(names[:1], self._window(clause))
                if "where" in clause.text:
                    self._ground(target(names[0]), Window(self._one(clause.turn or "first")))
            case "doing" | "where" | "visible":
                self._things(clause, clause.kind)
            case "same tool":
                for focus in self._two():
                    self._add(LOOKS["instrument"], Window(self._one("first", focus)))
            case str() if clause.kind in LOOKS:
                self._over_action(LOOKS[clause.kind], clause)
            case _:
                self._times(clause)

    def _next(self, clause: Clause) -> None:
        """What follows a stretch is asked by showing everything up to its end."""
        anchors = tuple(anchor._replace(relation="during") if anchor.relation == "after" else anchor for anchor in clause.anchors)
        window = self._window(clause._replace(anchors=anchors or ((_HERE,) if self.focus and clause.span is None else ())))
        up_to = {"start_s": 0, "end_s": f"{window.span}.end_s"} if isinstance(window.span, str) else window.span
        self._add("predict_next", Window(up_to, window.each))

    def _over_action(self, tool: str, clause: Clause) -> None:
        points = re.search(rf"\b(?:that(?: done)?|those{'|it' if clause.kind == 'instrument' else ''}|(\w+ (?:one|time)))$", clause.text)
        if points and not (clause.anchors or clause.span) and (self.focus or any(foci_of(steps, stretch=True) for steps in self.turns)):
            clause = clause._replace(anchors=(Anchor("during", points[1]),))
        window, names = self._window(clause), self._actions(clause.text)
        if names:
            self._localize(names, window)
            window = (self._each() if clause.turn == "each" else None) or Window(self._one(clause.turn or "first"))
        self._add(tool, window)

    def _times(self, clause: Clause) -> None:
        """When something happens, and what is computed of that: how often, how long, how much of it, which came first, what both share."""
        kinds, restricted = set(clause.kinds), bool(clause.anchors or clause.span)
        measured = kinds & {"share", "count", "how long"}
        names = [] if "pauses" in kinds else self._actions(_TAKES.sub(" ", clause.text) if measured else clause.text, own=bool(kinds))
        unnamed = not names and "pauses" not in kinds
        if unnamed and not measured and (things := named_objects(clause.text, "when")) and things != ["it"]:
            return self._things(clause, "when")
        if unnamed and content(clause.text, clause.kinds):
            raise Unplaced(clause.text)
        if unnamed and restricted and clause.kind == "when" and REFERS.search(clause.text):
            names = list(filter(None, [self._that().action]))  # `was that before the artery was cut`
        if clause.anchors == (_HERE,) and (self.focus or self.turns) and self._that().action in names:
            clause = clause._replace(anchors=())  # nothing happens within itself: `there` is the video
        window = self._window(clause)
        of = window.span or {"start_s": 0, "end_s": self.video["duration_s"]}
        if "pauses" in kinds:
            lists: list[Any] = [self._add("gaps", spans=f"{self._add('caption_events', window)}.events[*].span", within=of)]
        elif names:
            pair = [self._that().spans] if len(names) == 1 and re.search(FOLLOW["pairs"], clause.text) else []
            lists = [*pair, *self._localize(names, window)]
        elif kinds & {"order", "overlap"} or re.search(FOLLOW["compares"], clause.text):
            lists = [focus.spans for focus in self._two(least=1 if len(self.asked.listing) > 1 else 2)]  # or one in two videos
        elif restricted and clause.kind == "how long":
            lists = [[window.span]]
        elif restricted and not clause.text:  # `and before that?`
            again = with_span(self.turns[-1], window.span) if self.turns and window.each is None else []
            if again and (any(anchor.text for anchor in clause.anchors) or {step.tool for step in again} - {None, "localize_action"}):
                self.sheet.adopt(again, wanted=True)
                return None
            lists = [self._add(LOOKS["describe"], window)]
        elif restricted or not (kinds & {"when", *measured} or clause.turn):
            raise Unplaced(clause.text)
        else:
            that = self._that(stretch=measured == {"how long"} and "that" in clause.text)
            lists = [[that.one] if that.one and not clause.turn and not kinds & {"count", "together"} else that.spans]
            self.sheet.wanted |= set(re.findall(r"\$(\w+)", str(lists)))
        if len(lists) == 2 and kinds & {"order", "overlap", "together"}:
            op = "order" if "order" in kinds else "intersect" if "overlap" in kinds else "union"
            lists = [self._add(op, a=lists[0], b=lists[1])]
        elif kinds & {"order", "overlap"}:
            raise Unplaced(clause.text)
        for spans in lists if "order" not in kinds else []:
            if clause.turn not in (None, "each") and len(lists) == 1 and "count" not in kinds:
                picked = self._pick(clause.turn, spans)
                spans, self.focus = [picked], self.focus and self.focus._replace(one=picked)
            if "share" in kinds:
                self._add("share", spans=spans, of=[of])
            elif measured:
                self._add("count" if "count" in kinds else "total_duration", spans=spans)

    def _things(self, clause: Clause, kind: str) -> None:
        things = named_objects(clause.text, kind)
        if not things and (content(clause.text, clause.kinds) or "instrument" in clause.text):
            raise Unplaced(clause.text)
        for thing in things or ["it"]:
            if thing in PERSONS and kind == "doing":
                self._add("caption_events", self._window(clause))
                continue
            name = self._it() if thing == "it" else thing
            if thing != "it" or clause.anchors or clause.span is not None:
                window = self._window(clause)
            else:
                window = Window(self.thing.args.get("span"), self.thing.for_each) if self.thing else Window(self._one("first"))
            ground = self._ground(name, window)
            root = "$item" if window.each else ground
            if window.each:  # the calls run over the tracks found: `$item` is one of them, and each is asked about as long as it lasts
                window = Window({"start_s": "$item.track[0].time_s", "end_s": "$item.track[-1].time_s"}, ground)
            if kind == "doing":
                self._add("caption_region", window, box_px=f"{root}.track[0].box_px", time_s=f"{root}.track[0].time_s")

    def _it(self) -> str:
        """The thing that was last grounded, else what was last acted on."""
        if self.thing is None and self.focus is None:
            steps = next((steps for steps in reversed(self.turns) if foci_of(steps) or any("object" in step.args for step in steps)), [])
            things = {str(step.args["object"]): step for step in steps if "object" in step.args}
            if len(things) > 1:
                raise Ambiguous("it", [f"the {thing}" for thing in things])
            self.thing, self.recalled = next(iter(things.values()), None), bool(things)
        return str(self.thing.args["object"]) if self.thing else target(self._that().action) or "object"

    # Steps.

    def _localize(self, names: Sequence[str], window: Window) -> list[str]:
        """One call an action; the first one is what `that` means afterwards. Gives a reference to the spans of each."""
        spans = [f"{self._add('localize_action', window, action=name)}{'[*]' if window.each else ''}.spans" for name in names]
        self.focus, self.thing, self.nouns = Focus(names[0], spans[0]), None, target(names[0]).split()
        return spans

    def _ground(self, thing: str, window: Window) -> str:
        inside = window.span is not None or float(self.video["duration_s"]) <= SHORT_VIDEO_S
        step = self._add("ground_object", window, object=thing, every_s=STRIDE_IN_SPAN_S if inside else STRIDE_IN_VIDEO_S)
        self.thing = next(known for known in self.sheet.steps if f"${known.id}" == step)
        if window.span is None:
            self.focus = self.focus or Focus(one={"start_s": f"{step}.track[0].time_s", "end_s": f"{step}.track[-1].time_s"})
        return step

    def _add(self, name: str, window: Window = Window(), **args: Any) -> str:
        """A reference to what a step with this tool or operation gives."""
        if name in OPS:
            return f"${self.sheet.add(Step(id='s0', op=name, args=args))}"
        card = self.asked.tools.get(name)
        common = {"video_id": self.video["video_id"]} if name != LIST_VIDEOS else {}
        common |= {"insist": True} if self.asked.insist and card and "insist" in card.arguments else {}
        args |= {"span": window.span} if window.span is not None else {}
        return f"${self.sheet.add(Step(id='s0', tool=name, args={**common, **args}, for_each=window.each))}"

    def _pick(self, turn: str, spans: Any) -> str:
        return self._add("nth", spans=spans, n=int(turn)) if turn.isdigit() else self._add(turn, spans=spans)

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
                return Window(self._add("before", span=self._anchored(anchors[0], "first")))
            case ["after"]:
                return Window(self._add("after", span=self._anchored(anchors[0], "last"), duration_s=self.video["duration_s"]))
            case ["after", "before"] | ["between", "between"]:
                if anchors[0].text is anchors[1].text is None:  # between the two that were found last
                    a, b = (self._one("first", focus) for focus in self._two())
                else:
                    a, b = (self._anchored(anchor, "first") for anchor in anchors)
                return Window(self._add("between", a=a, b=b))
        raise Unplaced(f"{clause.text}, restricted {len(anchors)} times")

    def _each(self) -> Window | None:
        """Each of the spans last found, where there is a list of them."""
        return Window("$item", self.focus.spans) if self.focus and self.focus.spans else None

    def _anchored(self, anchor: Anchor, pick: str, *, each: bool = False) -> Any:
        """The span that a restriction hangs on. What it names becomes what `that` means."""
        if anchor.text is not None:
            turn = turn_of(anchor.text)
            pick = turn if turn not in (None, "each") else pick
            if names := completed(anchor.text, self.beside, self.actions) or self._actions(anchor.text):
                self._localize(names[:1], Window())
            elif things := named_objects(anchor.text, "when"):
                self.focus = None
                self._ground(things[0], Window())
            elif turn is None or content(anchor.text):
                raise Unplaced(anchor.text)
            else:
                self.focus = self._that()._replace(one=None)
        return None if each and self._that().spans else self._one(pick)

    def _one(self, pick: str, focus: Focus | None = None) -> Any:
        focus = focus or self._that(stretch=True)
        return focus.one or self._pick(pick, focus.spans)

    # What is named.

    def _actions(self, text: str, *, own: bool = True) -> list[str]:
        """The actions that the text names; `it` is what was acted on last."""
        if {"it", "they", "them"} & set(words_of(text)) and VERBS.keys() & set(words_of(text)) and not nouns_of(text):
            self.nouns = self.nouns or (target(self._that().action).split() if self.turns else [])
            text = f"{text} {' '.join(self.nouns)}"
        return named(text, self.actions, own=own)

"""Planner: a question in plain words becomes a plan, by rules; no model is asked. The default planner, and it works without a network.

Each clause of the question becomes steps that may read earlier ones: an action is localised first, then grounded, described or assessed
over the spans found. `there`, `that` and `it` mean what was last found. A question that no rule places gives Needs, with the nearest ones
that do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from medvid.agent.actions import Ambiguous, Declared, meet, named, nouns_of
from medvid.agent.catalogue import LIST_VIDEOS, Listing, Tools
from medvid.agent.clauses import FOLLOW, LOOKS, OUTSIDE, Anchor, Clause, clauses_of, content, named_objects, rewritten, turn_of
from medvid.agent.followups import Focus, chosen, foci_of, pick_of, steps_of, swapped, videos_meant, with_name, with_span, with_turn
from medvid.agent.memory import Memory
from medvid.agent.operations import OPS
from medvid.agent.planning import Asked, Planned
from medvid.agent.sheet import Sheet
from medvid.agent.words import INSTRUMENTS, PERSONS, STOP, VERBS, base, find_instruments, likest, target, tidy, words_of
from medvid.core import Needs, Plan, Step

STRIDE_IN_SPAN_S, STRIDE_IN_VIDEO_S, SHORT_VIDEO_S = 2.0, 4.0, 12.0
ACTIONS_PROPOSED = 3
GENERAL = ("Summarise the video.", "Describe what happens.", "What comes next?")
TURNS_MEANT = 10
"""How far back `that` can reach."""
_HERE = Anchor("during", None)
_TAKES = re.compile(r"\b(?:takes?|took|taken|taking|lasts?|lasted)\b")
"""How long something takes is no action."""
_REFERS = re.compile(r"\b(?:(?:that|this|the last|the other) one|it|that|this|those|them|they|then|there)\b")


class Unplaced(Exception):
    """A part of a question that no rule places, and a sentence that says why, where there is one."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where to look. span: of the call, None for the whole video. each: a list to run over, with span `$item`."""

    span: Any = None
    each: Any = None


def make_plan(question: str, listing: Sequence[Listing], tools: Tools, *, memory: Memory = Memory(), insist: bool = False) -> Plan | Needs:
    """A plan over the listed videos, the same for each. insist: passed to every tool that takes it."""
    return plan_for(Asked(question, listing, tools, memory, insist)).made


async def offline(asked: Asked) -> Planned:
    """The planner that asks no model. See planning.Planner."""
    return plan_for(asked)


def plan_for(asked: Asked) -> Planned:
    if not asked.listing:
        return Planned(Needs(question="Which video is the question about? Give a video id or a file."))
    actions = {video["video_id"]: tuple(map(Declared.of, video.get("actions") or ())) for video in asked.listing}
    question = chosen(asked.question, asked.memory)
    whole = rewritten(question, {word for declared in actions.values() for action in declared for word in action.words} - STOP)
    last = next((turn.plan.steps for turn in reversed(asked.memory.turns) if turn.plan.steps), ())
    ids = [str(step.args["video_id"]) for step in last if "video_id" in step.args]
    text, meant = videos_meant(whole, asked.listing, ids)
    try:
        if not meant:
            raise Unplaced(question, "There is no other video here")
        near = [video for video in meant if video["video_id"] in ids]
        for videos in (near or meant, meant):
            sheet = Sheet()
            drafts = [_Draft(video, asked, sheet, actions[video["video_id"]]) for video in videos]
            clauses = [draft.add_question(text, ids[0] if text != whole and ids else None) for draft in drafts][0]
            if any(draft.recalled for draft in drafts):
                break  # what is asked of the turn before is asked of its videos
    except Ambiguous as ambiguous:
        return Planned(_which(question, *ambiguous.args))
    except Unplaced as unplaced:
        said, *why = unplaced.args
        # The nearest questions that are placed, about the declared actions that are most like the words first.
        names = likest(said, [action.name for declared in actions.values() for action in declared], ACTIONS_PROPOSED)
        asks = "Ask when, where, how often or how long, what something is doing, what comes next, how well, or for a description; for example:"
        choices = (*(f"When does “{name}” happen?" for name in names), *GENERAL)
        return Planned(Needs(question=f"{why[0] if why else f'No rule places {said!r}'}. {asks}", choices=choices))
    plan = Plan(steps=sheet.done())
    return Planned(plan, _unused(clauses, plan, drafts[0].actions))


def _which(question: str, text: str, names: Sequence[str]) -> Needs:
    """Asks which of several is meant, and proposes the question with each of them in it."""
    said, back = tidy(question).rstrip("?. "), text == "it"
    place = re.search(_REFERS if back else re.escape(text), said)
    head, found, tail = (said[: place.start()], place[0], said[place.end() :]) if place else (said, "", "")
    choices = tuple(" ".join(f"{head} {'' if back else found} “{name}” {tail}".split()) + "?" for name in names)
    return Needs(question=f"“{found or said}” may mean {' or '.join(f'“{name}”' for name in names)}. Which is meant?", choices=choices)


def _unused(clauses: Sequence[Clause], plan: Plan, actions: Sequence[Declared]) -> tuple[str, ...]:
    """The words of the question that name something and that no step rests on."""
    asked = {str(value) for step in plan.steps for value in step.args.values() if isinstance(value, str)}
    used = {base(word) for text in asked for word in words_of(" ".join([tidy(text), *INSTRUMENTS.get(text, ())]))}
    used |= {base(word) for action in actions if action.name in asked for word in action.words}
    texts = [(text, clause.kinds) for clause in clauses for text in (clause.text, *(anchor.text or "" for anchor in clause.anchors))]
    return tuple(dict.fromkeys(word for text, kinds in texts for word in content(text, kinds) if base(word) not in used))


@dataclass(slots=True)
class _Draft:
    """The steps for one video, and what has been found so far. turns: the steps of earlier ones; recalled: whether they were gone back to."""

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

    def add_question(self, text: str, other: str | None) -> list[Clause]:
        """text: rewritten, without the videos it names. other: the video that it was asked of before. Gives its clauses."""
        runs = self.asked.memory.turns[-TURNS_MEANT:]
        self.turns = [self.sheet.adopt(steps) for run in runs if (steps := steps_of(run, str(self.video["video_id"])))]
        clauses = clauses_of(text, float(self.video["duration_s"]))
        placed = [clause for clause in clauses if not clause.idle]
        if changed := self._changed(text, placed, other):
            self.sheet.adopt(changed, wanted=True)
            self.recalled = True
            return []
        if not placed:
            raise Unplaced(text)
        own = {word for action in self.actions for word in action.words} - STOP
        for clause in placed:
            for what, forms in OUTSIDE.items():
                if any(match and not own & set(words_of(match[0])) for match in (re.search(form, clause.text) for form in forms)):
                    raise Unplaced(clause.text, f"No tool here tells {what}")
            self.add_clause(clause)
        return clauses

    def _changed(self, text: str, clauses: Sequence[Clause], other: str | None) -> list[Step]:
        """The last turn with one thing changed, where that is all that is said."""
        if other and not re.sub(FOLLOW["lead"], "", text):
            lasts = {video["video_id"]: video["duration_s"] for video in self.asked.listing}
            steps = next(steps for run in reversed(self.asked.memory.turns) if (steps := steps_of(run, other)))
            return swapped(steps, {other: self.video["video_id"], lasts.get(other): self.video["duration_s"]})
        if len(clauses) != 1 or clauses[0].kinds or clauses[0].anchors or not self.turns:
            return []
        clause, names = clauses[0], content(clauses[0].text)
        if names:
            led, said = bool(re.match(FOLLOW["lead"], text)), re.sub(FOLLOW["lead"], "", clause.text)
            tried = (with_name(steps, said, self.actions) for steps in reversed(self.turns))
            return next(filter(None, tried), []) if led or not VERBS.keys() & set(names) else []
        if clause.span is not None:
            return with_span(self.turns[-1], clause.span)
        return with_turn(self.turns[-1], clause.turn) if clause.turn not in (None, "each") else []

    def _that(self) -> Focus:
        """What was last found: in this question, else in the turns before it."""
        if self.focus is None:
            foci = next(filter(None, map(foci_of, reversed(self.turns))), [])
            if len(foci) != 1:
                raise Ambiguous("it", [focus.action for focus in foci]) if foci else Unplaced("that")
            self.focus, self.recalled = foci[0], True
        return self.focus

    def _two(self) -> list[Focus]:
        """The two that were last found."""
        foci = {(focus.action, str(focus.one)): focus for steps in self.turns for focus in foci_of(steps)}
        if len(foci) < 2:
            raise Unplaced("which two")
        self.recalled = True
        return list(foci.values())[-2:]

    # What a clause becomes.

    def add_clause(self, clause: Clause) -> None:
        self.nouns = nouns_of(clause.text) or self.nouns
        self.beside = [text for text in (clause.text, *(anchor.text for anchor in clause.anchors)) if text]
        match clause.kind:
            case "about":
                self._add(LIST_VIDEOS)
            case "next":
                self._next(clause)
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
        anchors = tuple(replace(anchor, relation="during") if anchor.relation == "after" else anchor for anchor in clause.anchors)
        window = self._window(replace(clause, anchors=anchors or ((_HERE,) if self.focus and clause.span is None else ())))
        up_to = {"start_s": 0, "end_s": f"{window.span}.end_s"} if isinstance(window.span, str) else window.span
        self._add("predict_next", Window(up_to, window.each))

    def _over_action(self, tool: str, clause: Clause) -> None:
        points = r"\b(?:that|those|it)$" if clause.kind == "instrument" else r"\b(?:that|those)$"
        if not clause.anchors and clause.span is None and re.search(points, clause.text) and (self.focus or any(map(foci_of, self.turns))):
            clause = replace(clause, anchors=(_HERE,))
        window, names = self._window(clause), self._actions(clause.text)
        if names:
            self._localize(names, window)
            window = (self._each() if clause.turn == "each" else None) or Window(self._one(clause.turn or "first"))
        self._add(tool, window)

    def _times(self, clause: Clause) -> None:
        """When something happens, and what is computed of that: how often, how long, how much of the whole, which came first, what both share."""
        kinds, restricted = set(clause.kinds), bool(clause.anchors or clause.span)
        measured = kinds & {"share", "count", "how long"}
        names = [] if "pauses" in kinds else self._actions(_TAKES.sub(" ", clause.text), own=bool(kinds))
        unnamed = not names and "pauses" not in kinds
        if unnamed and not measured and (things := named_objects(clause.text, "when")) and things != ["it"]:
            return self._things(clause, "when")
        if unnamed and content(_TAKES.sub(" ", clause.text), clause.kinds):
            raise Unplaced(clause.text)
        if unnamed and restricted and clause.kind == "when" and _REFERS.search(clause.text):
            names = [self._that().action]  # `was that before the artery was cut`
        if clause.anchors == (_HERE,) and (self.focus or self.turns) and self._that().action in names:
            clause = replace(clause, anchors=())  # nothing happens within itself: `there` is the video
        window = self._window(clause)
        of = window.span or {"start_s": 0, "end_s": self.video["duration_s"]}
        if "pauses" in kinds:
            lists: list[Any] = [self._add("gaps", spans=f"{self._add('caption_events', window)}.events[*].span", within=of)]
        elif names:
            lists = list(self._localize(names, window))
        elif kinds & {"order", "overlap"}:
            lists = [focus.spans for focus in self._two()]
        elif restricted and clause.kind == "how long":
            lists = [[window.span]]
        elif restricted and not clause.text:  # `and before that?`
            lists = [self._add("caption_events", window)]
        elif restricted or not (kinds & {"when", *measured} or clause.turn):
            raise Unplaced(clause.text)
        else:
            that = self._that()
            lists = [[that.one] if that.one and measured and not kinds & {"count", "together"} else that.spans]
            self.sheet.wanted |= set(re.findall(r"^\$(\w+)", str(that.spans)))
            if clause.turn and not kinds and any(step.op == "total_duration" for step in self.turns[-1:] and self.turns[-1]):
                measured = {"how long"}  # how long that one takes
        if len(lists) == 2 and kinds & {"order", "overlap", "together"}:
            op = "order" if "order" in kinds else "intersect" if "overlap" in kinds else "union"
            lists = [self._add(op, a=lists[0], b=lists[1])]
        elif kinds & {"order", "overlap"}:
            raise Unplaced(clause.text)
        for spans in lists if "order" not in kinds else []:
            if clause.turn not in (None, "each") and len(lists) == 1 and "count" not in kinds:
                picked = self._pick(clause.turn, spans)
                spans, self.focus = [picked], replace(self._that(), one=picked)
            if "share" in kinds:
                self._add("share", spans=spans, of=[of])
            elif measured:
                self._add("count" if "count" in kinds else "total_duration", spans=spans)

    def _things(self, clause: Clause, kind: str) -> None:
        things = named_objects(clause.text, kind) or ([] if content(clause.text, clause.kinds) else ["it"])
        if not things:
            raise Unplaced(clause.text)
        for thing in things:
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
        return f"${self.sheet.add(Step(id='s0', **pick_of(turn, spans)))}"

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
                back = anchors[0].text is anchors[1].text is None  # between the two that were found last
                a, b = (self._one("first", focus) for focus in self._two()) if back else (self._anchored(anchor, "first") for anchor in anchors)
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
            if names := self._completed(anchor.text) or self._actions(anchor.text):
                self._localize(names[:1], Window())
            elif things := named_objects(anchor.text, "when"):
                self.focus = None
                self._ground(things[0], Window())
            elif turn is None or content(anchor.text):
                raise Unplaced(anchor.text)
            else:
                self.focus = replace(self._that(), one=None)
        return None if each and self._that().spans else self._one(pick)

    def _one(self, pick: str, focus: Focus | None = None) -> Any:
        focus = focus or self._that()
        return focus.one or self._pick(pick, focus.spans)

    # What is named.

    def _completed(self, text: str) -> list[str]:
        """The actions that a restriction means by what stands beside it: `is the artery cut after the duct`, `between the first clip and the last`."""
        verbs = next(filter(None, ([word for word in words_of(beside) if word in VERBS] for beside in self.beside)), [])
        nouns = next(filter(None, map(nouns_of, reversed(self.beside))), [])
        more = [*([] if VERBS.keys() & set(words_of(text)) else verbs), *([] if nouns_of(text) else nouns)]
        return meet(f"{text} {' '.join(more)}", self.actions) if more and len(self.beside) > 1 and not find_instruments(text) else []

    def _actions(self, text: str, *, own: bool = True) -> list[str]:
        """The actions that the text names; `it` is what was acted on last."""
        if {"it", "they", "them"} & set(words_of(text)) and VERBS.keys() & set(words_of(text)) and not nouns_of(text):
            self.nouns = self.nouns or (target(self._that().action).split() if self.turns else [])
            text = f"{text} {' '.join(self.nouns)}"
        return named(text, self.actions, own=own)

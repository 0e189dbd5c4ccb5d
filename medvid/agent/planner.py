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
from medvid.agent.followups import Focus, Turn, chosen, pick_of, steps_of, swapped, turns_of, videos_meant, with_name, with_span, with_turn
from medvid.agent.memory import Memory
from medvid.agent.planning import Asked, Planned
from medvid.agent.sheet import Sheet
from medvid.agent.words import INSTRUMENTS, PERSONS, STOP, base, find_instruments, is_verb, likest, target, tidy, words_of
from medvid.core import Needs, Plan, Step

STRIDE_IN_SPAN_S = 2.0
STRIDE_IN_VIDEO_S = 4.0
SHORT_VIDEO_S = 12.0
ACTIONS_PROPOSED = 3
GENERAL = ("Summarise the video.", "Describe what happens.", "What comes next?")

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
    own = {word for declared in actions.values() for action in declared for word in action.words} - STOP
    question = chosen(asked.question, asked.memory)
    run = next((run for run in reversed(asked.memory.turns) if run.plan.steps), None)
    last = list(dict.fromkeys(str(step.args["video_id"]) for step in run.plan.steps if "video_id" in step.args)) if run else []
    whole = rewritten(question, own)
    text, meant = videos_meant(whole, asked.listing, last)
    try:
        if not meant:
            raise Unplaced(question, "There is no other video here")
        near = [video for video in meant if video["video_id"] in last]
        for videos in (near, meant) if 0 < len(near) < len(meant) else (meant,):
            sheet = Sheet()
            drafts = [_Draft(video, asked, sheet, actions[video["video_id"]]) for video in videos]
            clauses = [draft.add_question(text, last, moved=text != whole) for draft in drafts][0]
            if any(draft.recalled for draft in drafts):
                break  # what is asked of the turn before is asked of its videos
    except Ambiguous as ambiguous:
        return Planned(_which(question, ambiguous))
    except Unplaced as unplaced:
        said, *why = unplaced.args
        # The nearest questions that are placed, about the declared actions that are most like the words first.
        names = likest(said, [action.name for declared in actions.values() for action in declared], ACTIONS_PROPOSED)
        asks = "Ask when, where, how often or how long, what something is doing, what comes next, how well, or for a description; for example:"
        choices = (*(f"When does “{name}” happen?" for name in names), *GENERAL)
        return Planned(Needs(question=f"{why[0] if why else f'No rule places {said!r}'}. {asks}", choices=choices))
    plan = Plan(steps=sheet.done())
    return Planned(plan, _unused(clauses, plan, drafts[0].actions))


def _which(question: str, ambiguous: Ambiguous) -> Needs:
    """Asks which of several is meant, and proposes the question with each of them in it."""
    said, back = tidy(question).rstrip("?. "), ambiguous.text == "it"
    place = _REFERS.search(said) if back else re.search(re.escape(ambiguous.text), said)
    head, found, tail = (said[: place.start()], place[0], said[place.end() :]) if place else (said, "", "")
    choices = tuple(" ".join(f"{head} {'' if back else found} “{name}” {tail}".split()) + "?" for name in ambiguous.names)
    names = " or ".join(f"“{name}”" for name in ambiguous.names)
    return Needs(question=f"“{found or said}” may mean {names}. Which is meant?", choices=choices)


def _unused(clauses: Sequence[Clause], plan: Plan, actions: Sequence[Declared]) -> tuple[str, ...]:
    """The words of the question that name something and that no step rests on."""
    asked = {str(value) for step in plan.steps for value in step.args.values() if isinstance(value, str)}
    used = {base(word) for text in asked for word in words_of(" ".join([tidy(text), *INSTRUMENTS.get(text, ())]))}
    used |= {base(word) for action in actions if action.name in asked for word in action.words}
    texts = [(text, clause.kinds) for clause in clauses for text in (clause.text, *(anchor.text or "" for anchor in clause.anchors))]
    return tuple(dict.fromkeys(word for text, kinds in texts for word in content(text, kinds) if base(word) not in used))


@dataclass(slots=True)
class _Draft:
    """The steps for one video, and what has been found so far. recalled: whether an earlier turn was gone back to."""

    video: Listing
    asked: Asked
    sheet: Sheet
    actions: tuple[Declared, ...]
    focus: Focus | None = None
    thing: Step | None = None
    nouns: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    recalled: bool = False

    def add_question(self, text: str, last: Sequence[str], *, moved: bool) -> list[Clause]:
        """text: rewritten, without the videos it names, where it did (moved). last: those of the last turn. Gives its clauses."""
        self.turns = turns_of(self.asked.memory, str(self.video["video_id"]), self.sheet.adopt)
        clauses = clauses_of(text, float(self.video["duration_s"]))
        placed = [clause for clause in clauses if not clause.idle]
        if changed := self._changed(placed, text, last, moved=moved) if last and len(placed) < 2 else []:
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

    def _changed(self, clauses: Sequence[Clause], text: str, last: Sequence[str], *, moved: bool) -> list[Step]:
        """The last turn with one thing changed, where that is all that is said."""
        if moved and not re.sub(FOLLOW["lead"], "", text):
            old = next((float(video["duration_s"]) for video in self.asked.listing if video["video_id"] == last[0]), None)
            run = next(run for run in reversed(self.asked.memory.turns) if run.plan.steps)
            return swapped(steps_of(run, last[0]), {last[0]: self.video["video_id"], old: self.video["duration_s"]})
        if not clauses or clauses[0].kinds or clauses[0].anchors or not self.turns:
            return []
        clause, names = clauses[0], content(clauses[0].text)
        if clause.span is not None:
            return [] if names else with_span(self.turns[-1].steps, clause.span)
        if names:
            led, said = bool(re.match(FOLLOW["lead"], text)), re.sub(FOLLOW["lead"], "", clause.text)
            tried = (with_name(turn.steps, said, self.actions) for turn in reversed(self.turns))
            return next(filter(None, tried), []) if led or not any(map(is_verb, names)) else []
        return with_turn(self.turns[-1].steps, clause.turn) if clause.turn not in (None, "each") else []

    def _that(self) -> Focus:
        """What was last found: in this question, else in the turns before it."""
        if self.focus is None:
            foci = next((turn.foci for turn in reversed(self.turns) if turn.foci), [])
            if len(foci) != 1:
                raise Ambiguous("it", [focus.action for focus in foci]) if foci else Unplaced("that")
            self.focus, self.recalled = foci[0], True
        return self.focus

    def _two(self) -> list[Focus]:
        """The two that were last found."""
        foci = {(focus.action, str(focus.one)): focus for turn in self.turns for focus in turn.foci}
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
                self._add(tool=LIST_VIDEOS, args={})
            case "next":
                self._next(clause)
            case "doing" | "where" | "visible":
                self._things(clause, clause.kind)
            case "same tool":
                for focus in self._two():
                    self._look(LOOKS["instrument"], Window(focus.one or self._computed("first", spans=focus.spans)))
            case "cvs" | "skill" | "describe" | "summary" | "instrument":
                self._over_action(LOOKS[clause.kind], clause)
            case _:
                self._times(clause)

    def _next(self, clause: Clause) -> None:
        """What follows a stretch is asked by showing everything up to its end."""
        anchors = tuple(replace(anchor, relation="during") if anchor.relation == "after" else anchor for anchor in clause.anchors)
        if not anchors and clause.span is None and self.focus is not None:
            anchors = (Anchor("during", None),)
        window = self._window(replace(clause, anchors=anchors))
        span = {"start_s": 0, "end_s": f"{window.span}.end_s"} if isinstance(window.span, str) else window.span
        self._look("predict_next", Window(span, window.each))

    def _times(self, clause: Clause) -> None:
        """When something happens, and what is computed of that: how often, how long, how much of the whole, which came first, what both share."""
        kinds, names = set(clause.kinds), [] if "pauses" in clause.kinds else self._actions(_TAKES.sub(" ", clause.text), own=bool(clause.kinds))
        restricted = bool(clause.anchors or clause.span)
        if not names and restricted and clause.kind == "when" and _REFERS.search(clause.text) and not content(clause.text):
            names = [self._that().action]  # `was that before the artery was cut`
        measured = kinds & {"share", "count", "how long"}
        if len(clause.anchors) == 1 and clause.anchors[0] == Anchor("during", None) and self._within(names):
            clause = replace(clause, anchors=())
        if not names and not kinds & {"pauses", *measured} and (things := named_objects(clause.text, "when")):
            return self._things(clause, "when")
        if not names and "pauses" not in kinds and content(_TAKES.sub(" ", clause.text), clause.kinds):
            raise Unplaced(clause.text)
        window = self._window(clause) if restricted or names else Window()
        of: Any = window.span or {"start_s": 0, "end_s": self.video["duration_s"]}
        if "pauses" in kinds:
            lists: list[Any] = [self._computed("gaps", spans=f"${self._look('caption_events', window)}.events[*].span", within=of)]
        elif names:
            lists = list(self._localize(names, window))
        elif kinds & {"order", "overlap"}:
            lists = [focus.spans for focus in self._two()]
        elif restricted and clause.kind == "how long":
            lists = [[window.span]]
        elif restricted and not clause.text:  # `and before that?`
            self._look("caption_events", window)
            return
        elif restricted or not (kinds & {"when", *measured} or clause.turn):
            raise Unplaced(clause.text)
        else:
            that = self._that()
            lists = [[that.one] if that.one and measured and not kinds & {"count", "together"} else that.spans]
            if that.spans:
                self.sheet.wanted.add(that.spans[1:].partition("[")[0].partition(".")[0])
        pair = kinds & {"order", "overlap", "together"}
        if len(lists) == 2 and pair:
            combined = self._computed("order" if "order" in kinds else "intersect" if "overlap" in kinds else "union", a=lists[0], b=lists[1])
            lists = [] if "order" in kinds else [combined]
        elif pair - {"together"}:
            raise Unplaced(clause.text)
        for spans in lists:
            if clause.turn not in (None, "each") and len(lists) == 1 and "count" not in kinds:
                picked = self._computed(**pick_of(str(clause.turn), spans))
                spans, self.focus = [picked], replace(self._that(), one=picked)
            if "share" in kinds:
                self._computed("share", spans=spans, of=[of])
            elif measured:
                self._computed("count" if "count" in kinds else "total_duration", spans=spans)

    def _things(self, clause: Clause, kind: str) -> None:
        things = named_objects(clause.text, kind) or ([] if content(clause.text, clause.kinds) else ["it"])
        if not things:
            raise Unplaced(clause.text)
        for thing in things:
            if thing in PERSONS and kind == "doing":
                self._look("caption_events", self._window(clause))
                continue
            name = self._it() if thing == "it" else thing
            window = self._there() if thing == "it" and not clause.anchors and clause.span is None else self._window(clause)
            ground = f"${self._ground(name, window)}"
            root = "$item" if window.each else ground
            if window.each:  # the calls run over the tracks found: `$item` is one of them, and each is asked about as long as it lasts
                window = Window({"start_s": "$item.track[0].time_s", "end_s": "$item.track[-1].time_s"}, ground)
            if kind == "doing":
                self._look("caption_region", window, box_px=f"{root}.track[0].box_px", time_s=f"{root}.track[0].time_s")

    def _it(self) -> str:
        """The thing that was last grounded, else what was last acted on."""
        if self.thing is None and self.focus is None and (turn := next((turn for turn in reversed(self.turns) if turn.things or turn.foci), None)):
            if len(turn.things) > 1:
                raise Ambiguous("it", [f"the {thing}" for thing in turn.things])
            self.thing = next(iter(turn.things.values()), None)
            self.recalled = self.thing is not None
        return str(self.thing.args["object"]) if self.thing else target(self._that().action) or "object"

    def _there(self) -> Window:
        return Window(self.thing.args.get("span"), self.thing.for_each) if self.thing else Window(self._one("first"))

    def _over_action(self, tool: str, clause: Clause) -> None:
        points = r"\b(?:that|those|it)$" if clause.kind == "instrument" else r"\b(?:that|those)$"
        if not clause.anchors and clause.span is None and re.search(points, clause.text) and (self.focus or any(turn.foci for turn in self.turns)):
            clause = replace(clause, anchors=(Anchor("during", None),))
        window, names = self._window(clause), self._actions(clause.text)
        if names:
            self._localize(names, window)
            window = (self._each() if clause.turn == "each" else None) or Window(self._one(clause.turn or "first"))
        self._look(tool, window)

    # Steps.

    def _localize(self, names: Sequence[str], window: Window) -> list[str]:
        """One call an action; the first one is what `that` means afterwards. Gives a reference to the spans of each."""
        ids = [self._look("localize_action", window, action=name) for name in names]
        spans = [f"${step}[*].spans" if window.each else f"${step}.spans" for step in ids]
        self.focus, self.thing, self.nouns = Focus(names[0], spans[0]), None, target(names[0]).split()
        return spans

    def _ground(self, thing: str, window: Window) -> str:
        inside = window.span is not None or float(self.video["duration_s"]) <= SHORT_VIDEO_S
        step = self._look("ground_object", window, object=thing, every_s=STRIDE_IN_SPAN_S if inside else STRIDE_IN_VIDEO_S)
        self.thing = next(known for known in self.sheet.steps if known.id == step)
        if window.span is None:
            self.focus = self.focus or Focus(one={"start_s": f"${step}.track[0].time_s", "end_s": f"${step}.track[-1].time_s"})
        return step

    def _look(self, tool: str, window: Window, **args: Any) -> str:
        return self._add(tool=tool, args=args if window.span is None else {**args, "span": window.span}, for_each=window.each)

    def _computed(self, op: str, args: dict[str, Any] | None = None, **more: Any) -> str:
        """A reference to the value of an operation."""
        return f"${self._add(op=op, args={**(args or {}), **more})}"

    def _add(self, *, tool: str | None = None, op: str | None = None, args: dict[str, Any], for_each: str | None = None) -> str:
        if tool is not None and tool != LIST_VIDEOS:
            args = {"video_id": self.video["video_id"], **args}
            if self.asked.insist and tool in self.asked.tools and "insist" in self.asked.tools[tool].arguments:
                args["insist"] = True
        return self.sheet.add(Step(id="s0", tool=tool, op=op, args=args, for_each=for_each))

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
            case ["after", "before"] | ["between", "between"]:
                if anchors[0].text is anchors[1].text is None:  # between the two that were found last
                    a, b = (focus.one or self._computed("first", spans=focus.spans) for focus in self._two())
                else:
                    a, b = (self._anchored(anchor, "first") for anchor in anchors)
                return Window(self._computed("between", a=a, b=b))
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
        self._that()
        return None if each and self.focus and self.focus.spans else self._one(pick)

    def _one(self, pick: str) -> Any:
        that = self._that()
        return self._computed(**pick_of(pick, that.spans)) if that.one is None else that.one

    # What is named.

    def _within(self, names: Sequence[str]) -> bool:
        """Whether `there` is where these happen: nothing happens within itself, so the whole video is meant."""
        return (self.focus is not None or bool(self.turns)) and self._that().action in names

    def _completed(self, text: str) -> list[str]:
        """The actions that a restriction means by what stands beside it: `is the artery cut after the duct`, `between the first and the last clip`."""
        verbs = next(filter(None, ([word for word in words_of(beside) if is_verb(word)] for beside in self.beside)), [])
        nouns = next(filter(None, map(nouns_of, reversed(self.beside))), [])
        more = [*(verbs if not any(map(is_verb, words_of(text))) else []), *(nouns if not nouns_of(text) else [])]
        return meet(f"{text} {' '.join(more)}", self.actions) if more and len(self.beside) > 1 and not find_instruments(text) else []

    def _actions(self, text: str, *, own: bool = True) -> list[str]:
        """The actions that the text names; `it` is what was acted on last."""
        words = words_of(text)
        if {"it", "they", "them"} & set(words) and any(map(is_verb, words)) and not nouns_of(text):
            if not self.nouns and self.turns:
                self.nouns = target(self._that().action).split()
            text = f"{text} {' '.join(self.nouns)}"
        return named(text, self.actions, own=own)

"""Follow-ups: what a question leaves out, from the turns before it.

A turn is known by its plan: what it localised is what `that` and `it` mean, what it grounded is the thing; `and the second time?`, `and the
artery?`, `what about the other video?` are its plan with one thing changed. Steps are taken over as they were asked, so that what was seen
is not looked at again.
"""

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

from medvid.agent.actions import Ambiguous, Declared, meet, nouns_of, phrase
from medvid.agent.catalogue import Listing
from medvid.agent.check import needed_steps
from medvid.agent.clauses import FOLLOW, Anchor, Clause, content
from medvid.agent.memory import Memory
from medvid.agent.sheet import needed_by
from medvid.agent.words import ORDINALS, PERSONS, STOP, VERBS, find_instruments, target, tidy, words_of
from medvid.core import Run, Step

PICKS, TURNS_MEANT = ("first", "last", "longest", "nth"), 10
"""Which of several; how far back `that` can reach."""


class Focus(NamedTuple):
    """What `there` and `that` mean. action: what was localised. spans: a reference to a list; one: a span, or a reference to one."""

    action: str = ""
    spans: str | None = None
    one: Any = None


def chosen(question: str, memory: Memory) -> str:
    """The question; the one that was proposed last, where it only says which."""
    choices = memory.turns[-1].answer.needs.choices if memory.turns and memory.turns[-1].answer.needs else ()
    said = tidy(question).rstrip("?.! ")
    orders = [rf"(?:the )?{word}(?: one)?" for word in ("first", *list(ORDINALS)[::2])]
    numbered = [choice for choice, order in zip(choices, orders, strict=False) if re.fullmatch(order, said)]
    words = set(words_of(re.sub(FOLLOW["lead"], "", said))) - STOP
    held = numbered or [choice for choice in choices if words and words <= set(words_of(tidy(choice)))]
    return held[0] if len(held) == 1 else question


def meant_before(names: Sequence[str], memory: Memory) -> str | None:
    """Which of several actions was spoken of last: itself, else what it is done to; None where that is none of them, or not one."""
    for turn in reversed(memory.turns[-TURNS_MEANT:]):
        said = {str(step.args["action"]) for step in turn.plan.steps if "action" in step.args}
        if near := said & set(names) or {name for name in names if target(name) in map(target, said)}:
            return min(near) if len(near) == 1 else None
    return None


def told_apart(text: str, turns: Sequence[list[Step]]) -> str:
    """The text with the action of the last turn that `the second one` or `the latter` means, and which time `the next one` is."""
    before = [int(str(step.args.get("n", 1))) for steps in turns[-1:] for step in steps if step.op in ("first", "nth")]
    then = list(ORDINALS)[2 * min(max(before, default=1), 9) - 2]
    text = re.sub(FOLLOW["following"] if turns else "$^", f"the {then} one", text)
    names = [focus.action for steps in turns[-1:] for focus in foci_of(steps)]
    return reduce(lambda said, one: re.sub(one[0], one[1], said), zip(FOLLOW["orders"], names, strict=False), text) if names[1:] else text


def videos_meant(text: str, listing: Sequence[Listing], last: Sequence[str], asked: str = "") -> tuple[str, list[Listing]]:
    """The text without the videos that it names, and those: all where it names none, none where it means one that is not there.
    last: the ids of those of the last turn. asked: its question."""
    several, named = list(listing) if len(listing) > 1 else [], False
    if several and (len(set(last)) > 1 or re.search(FOLLOW["numbered"], asked)):
        text = re.sub(FOLLOW["ones"], r"\1 video", text)
    beside = [video for video in listing if video["video_id"] in last and " than " in text]
    forms = [(FOLLOW["other"], [video for video in listing if last and video["video_id"] not in last]), (FOLLOW["all"], several)]
    forms += [("both$", several)] if several else []
    for order, video in zip(FOLLOW["numbers"], several, strict=False):
        title = tidy(str(video["title"]))
        forms.append((rf"(?:{order}) {FOLLOW['video']}\b|{FOLLOW['video']} (?:number )?(?:{order})\b", [video]))
        forms += [(rf"(?:{FOLLOW['video']} )?{re.escape(title)}\b", [video])] if set(words_of(title)) - STOP else []
    found: list[Listing] = []
    for form, meant in forms:
        text, times = re.subn(rf"{FOLLOW['in']}\b(?:{form})", "", text)
        named, found = named or times > 0, found + ([*beside, *meant] if times else [])
    return " ".join(text.split()).strip(" ,"), [video for video in listing if video in found] if named else list(listing)


def steps_of(run: Run, video_id: str, listing: Sequence[Listing]) -> list[Step]:
    """The steps of a run that look at this video, without second looks; else those for another one, as they would be here."""
    kept: dict[str, Step] = {}
    for step in run.plan.steps:
        here = step.op is not None or step.args.get("video_id") == video_id
        if here and step.id not in {look.by for look in run.looks} and needed_steps(step) <= kept.keys():
            kept[step.id] = step
    if any(step.tool for step in kept.values()):
        return list(kept.values())
    lasts = {video["video_id"]: video["duration_s"] for video in listing}
    there = next((str(step.args["video_id"]) for step in run.plan.steps if lasts and step.args.get("video_id", video_id) != video_id), None)
    return swapped(steps_of(run, there, ()), {there: video_id, lasts.get(there): lasts[video_id]}) if there else []


def stretch_of(steps: Sequence[Step]) -> Any:
    """The span that a turn looked at for something else than an action, or that was between two; None: the whole video, or several."""
    looks = [step for step in steps if step.tool not in (None, "localize_action")]
    between = next((f"${step.id}" for step in steps if step.op == "between"), None)
    return between if not looks else looks[-1].args.get("span") if looks[-1].for_each is None else None


def going_on(clause: Clause, steps: Sequence[Step]) -> Clause:
    """A clause that says of a thing or an instrument nothing of where, asked of where the last turn was."""
    said, span = {*content(clause.text, clause.kinds), *((PERSONS - {"they"}) & set(words_of(clause.text)))}, stretch_of(steps)
    by_name = clause.kind == "instrument" or (clause.kind in ("doing", "where", "visible") and said)
    if not by_name or VERBS.keys() & said or re.search(FOLLOW["whole"], clause.text):
        return clause
    alone = clause.kind in ("doing", "instrument") and len(foci_of(steps)) == 1
    return clause._replace(span=span) if span is not None else clause._replace(anchors=(Anchor("during", None),)) if alone else clause


def foci_of(steps: Sequence[Step], *, stretch: bool = False) -> list[Focus]:
    """What a turn localised: what it asked for in the end, else what it went by, but not what only said where. An action counts once.
    stretch: where that is not one thing, the span that it looked at."""
    means = needed_by(steps, {step.id for step in steps if step.tool or step.op in ("before", "after", "between")})
    timed = [step for step in steps if step.tool == "localize_action" or step.op in ("gaps", "intersect", "union")]
    where = needed_by(steps, {step.id for step in timed})
    found: dict[bool, dict[str, Focus]] = {False: {}, True: {}}
    for step in timed:
        if step.id not in where:
            action, every = str(step.args.get("action", "")), "[*]" if step.for_each else ""
            spans = f"${step.id}{every}.spans" if step.tool else f"${step.id}"
            picks = [pick for pick in steps if pick.op in PICKS and pick.args["spans"] == spans]
            asked = [f"${pick.id}" for pick in picks if pick.id not in means or pick.op in ("longest", "nth")]
            found[step.id in means][action] = Focus(action, spans, asked[-1] if asked else None)
    foci = list((found[False] or found[True]).values())
    return [Focus(one=span)] if stretch and len(foci) != 1 and (span := stretch_of(steps)) is not None else foci


# A turn with one thing changed; nothing where it has nothing of the kind.


def changed(text: str, clause: Clause, turns: Sequence[list[Step]], actions: tuple[Declared, ...]) -> list[Step]:
    """The last turn with what the clause says changed, where it says one thing and no more. text: the whole question."""
    names = content(clause.text)
    if clause.text == "again" or (clause.text == "when" and not foci_of(turns[-1]) and any("object" in step.args for step in turns[-1])):
        return list(turns[-1])
    if clause.kinds or clause.anchors or re.search(r"\b\d", clause.text):
        return []
    if names:
        led, said = bool(re.match(FOLLOW["lead"], text)), re.sub(FOLLOW["lead"], "", clause.text)
        tried = next(filter(None, (with_name(steps, said, actions) for steps in reversed(turns))), [])
        new = tried if led or not VERBS.keys() & set(names) else []
        return (with_turn(new, clause.turn) if clause.turn not in (None, "each") else []) or new
    if clause.span is not None:
        return with_span(turns[-1], clause.span)
    return with_turn(turns[-1], clause.turn) if clause.turn not in (None, "each") else []


def with_turn(steps: Sequence[Step], turn: str) -> list[Step]:
    op, more = ("nth", {"n": int(turn)}) if turn.isdigit() else (turn, {})
    picks = {step.id: {"op": op, "args": {"spans": step.args["spans"], **more}} for step in steps if step.op in PICKS}
    if len(set(map(str, picks.values()))) > 1:
        raise Ambiguous("it", [focus.action for focus in foci_of(steps)])
    if not picks and len(foci := foci_of(steps)) == 1:  # that one alone, and how long it lasts where that was asked
        one = Step(id="one", op=op, args={"spans": foci[0].spans, **more})
        looked, lasting = [step for step in steps if step.tool], [step for step in steps if step.op == "total_duration"]
        return [*looked, one, *(step.model_copy(update={"args": {"spans": ["$one"]}}) for step in lasting)]
    return [step.model_copy(update=picks.get(step.id, {})) for step in steps] if picks else []


def with_span(steps: Sequence[Step], span: Any) -> list[Step]:
    means, kept = needed_by(steps, {step.id for step in steps if step.tool}), dict[str, Step]()
    for step in steps:
        if "video_id" in step.args and not (step.tool == "localize_action" and step.id in means):
            kept[step.id] = step.model_copy(update={"args": {**step.args, "span": span}, "for_each": None})
        elif step.op and needed_steps(step) <= kept.keys():
            kept[step.id] = step.model_copy(update={"args": {k: {"within": span, "of": [span]}.get(k, v) for k, v in step.args.items()}})
    return list(kept.values()) if "$item" not in str([step.args for step in kept.values()]) else []


def with_name(steps: Sequence[Step], text: str, actions: tuple[Declared, ...]) -> list[Step]:
    """text: the other action or thing, or the part of it that differs."""
    verbs, nouns, instruments = [word for word in words_of(text) if word in VERBS], nouns_of(text), find_instruments(text)
    things = [str(step.args["object"]) for step in steps if "object" in step.args]
    names = [str(step.args["action"]) for step in steps if "action" in step.args]
    if instruments and not things:
        return []
    if things and (instruments or not verbs):
        return swapped(steps, dict.fromkeys(things, instruments[0][0] if instruments else " ".join(nouns)))
    full = {name: f"{' '.join(verbs) or name.split()[0]} the {' '.join(nouns or nouns_of(name))}" for name in names}
    new = {name: other[0] for name, said in full.items() if (other := meet(said, actions))}
    if not new and re.search(r"\b(?:the|an?)\b", text):
        new = {name: phrase(said) or name for name, said in full.items()}
    return swapped(steps, new) if new else []


def swapped(steps: Sequence[Step], new: Mapping[Any, Any]) -> list[Step]:
    """The steps with other values in their arguments: another action, another video."""

    def other(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: other(item) for key, item in value.items()}
        return [other(item) for item in value] if isinstance(value, list) else new.get(value, value)

    return [step.model_copy(update={"args": other(step.args)}) for step in steps]

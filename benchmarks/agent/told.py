"""Whether what an answer says is true: one statement against the simulator's truth, and every number against what the run holds.

A time is true within a second, the step of the frames that were looked at; a box by an IoU of half; counts and scores exactly. A statement
with nothing in it that can be judged is left out and counted apart.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.agent.truth import FRAME_S, is_nothing
from medvid.agent.references import ITEM, Reference, references_in
from medvid.core import Box, Plan, Run, Step
from medvid.medvidbench.texts import same_deed
from medvid.simulate import Truth
from medvid.simulate.grammar import STEPS

WITHIN_S = FRAME_S + 0.05
LEAST_IOU = 0.5
_TIME = r"\d+:\d\d(?:\.\d+)?|\d+(?:\.\d+)?"
SPAN = re.compile(rf"(?<![\w.:])({_TIME})(?: ?s)?(?: ?[-–] ?| to )({_TIME})(?: ?s\b)?")
NUMBER = re.compile(r"(?<![\w.:,])(\d+:\d\d(?:\.\d+)?|\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)( ?%| percent)?")
ABSENT = re.compile(
    r"\b(?:not (?:observed|seen|found|looked at|happen)|never|nothing|none|fewer|no \w+|does not|did not|is not|was not|neither|"
    r"only (?:once|twice|\w+ times?)|(?<![\d.])0(?:\.0)? (?:s|times|%))\b",
    re.IGNORECASE,
)
UNANSWERED = {"out_of_scope": "scope", "not_assessable": "could not be assessed", "unreadable": "could not be read"}
"""What a statement has to say of an outcome that is no answer."""
BOX = re.compile(r"\[([\d.]+), ([\d.]+), ([\d.]+), ([\d.]+)\](?: px)?(?: at| from)? ([\d.:]+)")
COUNTED = {"once": 1, "twice": 2, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "no": 0}
ACTIONS = [form.action for forms in STEPS.values() for form in forms]


def seconds(text: str) -> float:
    """`12:04` and `724` are the same."""
    minutes, _, rest = text.rpartition(":")
    return 60.0 * float(minutes or 0) + float(rest)


def spans_in(text: str) -> list[tuple[float, float]]:
    return [(seconds(start), seconds(end)) for start, end in SPAN.findall(re.sub(r"\[[^]]*\]", "", text))]


def actions_in(text: str) -> set[str]:
    said = text.casefold()
    return {action for action in ACTIONS if action in said}


def judged(text: str, step: Step, plan: Plan, value: Any, content: Any, truth: Truth | None) -> bool | None:
    """value: what the step gives in truth. content: its outcome, None of an operation. None where nothing in the text can be judged."""
    denied = ABSENT.search(text) is not None
    if step.op is not None:
        return _operation(text, step, plan, value)
    status = content.get("status") if isinstance(content, dict) else None
    if content is None:  # it was not run, or failed
        return None if "failed" in text else is_nothing(value) and denied
    if truth is None:
        return None
    if status in UNANSWERED:
        return UNANSWERED[status] in text
    windows = [content["evidence"].get("span") or {}, *content["evidence"]["looks"]]
    match step.name:
        case "localize_action":
            return _spans(text, (value or {}).get("spans", []), windows)
        case "caption_events":
            events = (value or {}).get("events", [])
            if denied and not events:
                return True
            placed = _spans(text, [event["span"] for event in events], windows, whole=False)
            return placed and actions_in(text) <= {event["action"] for event in events}
        case "ground_object":
            return _boxes(text, str(step.args["object"]), truth) if BOX.search(text) else value is None if denied else None
        case "caption_region":
            quoted = re.findall("“([^”]*)”", text)
            return value is not None and same_deed(quoted[-1], value["text"]) if quoted else None
        case "summarize_video":
            return actions_in(text) == set((value or {"actions": ()})["actions"])
        case "predict_next":
            may_be = (value or {"may_be": [None]})["may_be"]
            return None in may_be if denied else bool(actions_in(text)) and actions_in(text) <= set(may_be)
        case "assess_skill" | "assess_cvs":
            return any(_scores(text, scores) for scores in (value or {"may_be": ()})["may_be"])
    return None


def _spans(text: str, true: Sequence[Mapping[str, float]], windows: Sequence[Mapping[str, Any]] = (), *, whole: bool = True) -> bool | None:
    """whole: every true span has to be told. Shorter than a frame's step it may be missed."""
    pieces = [(span["start_s"], span["end_s"]) for span in true]
    due = [piece for piece in pieces if piece[1] - piece[0] >= FRAME_S]
    told = [span for span in spans_in(text) if not any(near(span, (w.get("start_s", -9), w.get("end_s", -9))) for w in windows)]
    if ABSENT.search(text) and not told:
        return not due
    if not told:
        every = spans_in(text)
        if every and due:
            return all(any(near(piece, span) for span in every) for piece in due)
        yes = re.match(r"\W*(yes|no)\b", text, re.IGNORECASE)
        return None if yes is None else bool(due) == (yes[1].casefold() == "yes")
    right = all(any(near(span, piece) for piece in pieces) for span in told)
    return right and (not whole or all(any(near(span, piece) for span in spans_in(text)) for piece in due))


def near(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return abs(a[0] - b[0]) <= WITHIN_S and abs(a[1] - b[1]) <= WITHIN_S


def _operation(text: str, step: Step, plan: Plan, value: Any) -> bool | None:
    if value is None or value == []:
        return ABSENT.search(text) is not None
    if step.op == "order":
        return _order(text, step, plan, value)
    plain = re.sub(rf"“[^”]*”|\bwithin {SPAN.pattern}", "", text)
    numbers = [(seconds(said.replace(",", "")), bool(percent)) for said, percent in NUMBER.findall(plain)]
    values = value if isinstance(value, list) else [value]
    if all(isinstance(item, dict) for item in values):
        return _spans(plain, values)
    if step.op == "count":
        said = {int(number) for number, _ in numbers}
        said |= {number for word, number in COUNTED.items() if re.search(rf"\b{word}\b", plain, re.IGNORECASE)}
        return value in said or (value == 0 and ABSENT.search(text) is not None) if said or value == 0 else None
    if step.op == "share":
        return any(abs((number / 100 if percent else number) - item) <= 0.015 for number, percent in numbers for item in values)
    return any(abs(number - item) <= WITHIN_S for number, _ in numbers for item in values)


def _order(text: str, step: Step, plan: Plan, value: str) -> bool | None:
    """Which of the two actions is said to come first: the one named first, unless the text turns it about."""
    named = sorted((text.casefold().find(action), action) for action in actions_in(text))
    if not named:
        return None
    if value == "together":
        return re.search(r"same|together|at once", text) is not None
    turned = re.search(r"\b(?:after|later|follows)\b", text) is not None
    first = named[0][1] if not turned else named[-1][1]
    return first in {str(source.args.get("action")).casefold() for source in sources(plan, references_in(step.args[value]))}


def sources(plan: Plan, read: Sequence[Reference]) -> list[Step]:
    """The steps that these references read, and those that they read."""
    found = [plan.step(reference.root) for reference in read if reference.root != ITEM]
    return found + [other for step in found for other in sources(plan, references_in([step.args, step.for_each]))]


def _boxes(text: str, thing: str, truth: Truth) -> bool:
    name = thing.casefold().removeprefix("the ")
    for *sides, at in BOX.findall(text):
        true = truth.box_at(name, seconds(at.rstrip(".")))
        if true is None or true.iou(Box.of(*map(float, sides))) < LEAST_IOU:
            return False
    return True


def _scores(text: str, scores: Mapping[str, int]) -> bool:
    shown = {name: re.search(rf"{re.escape(name)}\D{{0,3}}(\d)", text, re.IGNORECASE) for name in scores}
    told = all(match is not None and int(match[1]) == scores[name] for name, match in shown.items())
    full = re.search(r"(?<!not )achieved in full", text)
    return told and (full is None or "not achieved" in text or min(scores.values()) == 2)


def invented(run: Run, question: str, listing: Sequence[Mapping[str, Any]]) -> list[str]:
    """The numbers of the answer's text that nothing holds, in any way of writing them: of a statement nothing that its step gave, was asked
    or read; of the rest nothing in the run."""
    rest, found = run.answer.text, []
    for statement in run.answer.statements:
        step = run.plan.step(statement.step)
        behind = [step, *sources(run.plan, references_in([step.args, step.for_each]))]
        ids: set[str | None] = {source.id for source in behind}
        ids |= {step_id for look in run.looks if {look.step, look.by} & ids for step_id in (look.step, look.by)}
        said = run.model_dump(mode="json")
        held = [[said[kind].get(step_id) for kind in ("outcomes", "values", "failures") for step_id in ids], question, list(listing)]
        held += [source.args for source in behind] + [look for look in said["looks"] + said["contradictions"] if ids & _steps_of(look)]
        found += _unheld(statement.text, held, run)
        rest = rest.replace(statement.text, "")
    return found + _unheld(rest, [run.to_json() | {"answer": None}, question, list(listing)], run)


def _steps_of(said: Mapping[str, Any]) -> set[str | None]:
    return {said["step"], said["by"]} if "step" in said else set(said["steps"])


def _unheld(text: str, held: Any, run: Run) -> list[str]:
    ids = "|".join(re.escape(step.id) for step in run.plan.steps) or "$"
    values = list(_held(held))
    told = NUMBER.findall(re.sub(rf"\b(?:{ids})\b", "", text))
    return [said + percent for said, percent in told if not _is_held(said, bool(percent), values)]


def _is_held(said: str, percent: bool, held: Sequence[float]) -> bool:
    number = seconds(said.replace(",", "")) / (100 if percent else 1)
    _, _, decimals = said.partition(".")
    half = 0.5 * 10.0 ** -len(decimals) / (100 if percent else 1) + 1e-9
    return any(abs(number - value) <= half for value in held)


def _held(value: Any) -> Iterator[float]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield abs(float(value))  # a sign is no part of a number as it is read here
    elif isinstance(value, str):
        yield from (seconds(said.replace(",", "")) / (100 if percent else 1) for said, percent in NUMBER.findall(value))
        yield from (seconds(said) for said in re.findall(r"\d+(?:\.\d+)?", value))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _held(name)
            yield from _held(item)
    else:
        items = list(value)
        yield float(len(items))  # how many there are is held too
        for item in items:
            yield from _held(item)



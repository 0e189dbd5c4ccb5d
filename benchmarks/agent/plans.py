"""Whether a plan is a right one: the same tools and operations with the same arguments and references, whatever the steps' names and order.

A plan is compared by what nothing reads: each such step as a tree, its references replaced by the steps they read. The right plan may leave
open what a question leaves open (questions/README.md). In a follow-up a reference to what an earlier turn found is that value, so that a
plan may read it again or write it down.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from medvid.agent.operations import OPS
from medvid.agent.references import ITEM, Every, Reference, is_reference, parse, read, references_in
from medvid.core import Plan, Step

EITHER_WAY = {"between", "union", "intersect", "order"}
"""Operations whose arguments `a` and `b` may change places without another fact being told."""
USUAL: dict[str, Any] = {"insist": False, "style": "gpt", "fps": None, "span": None}
TOLERANCE = 0.051
"""Seconds. Times that were found have one decimal."""
OPEN = object()


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier turns of a conversation found: the tool steps as trees, and what each gave."""

    steps: tuple[tuple[Any, Any], ...] = ()

    def value(self, tree: Any) -> Any:
        """What this step gave; OPEN where no turn made it."""
        return next((value for known, value in self.steps if same(tree, known)), OPEN)

    def after(self, plan: Plan, given: Mapping[str, Any], videos: Sequence[Mapping[str, Any]]) -> "Known":
        """given: what each tool step of the plan gave, None where it found nothing."""
        trees = Trees(plan, videos, self)
        made = ((trees.tree(step), given[step.id]) for step in plan.steps if step.tool is not None and step.id in given)
        return Known((*self.steps, *made))


@dataclass(slots=True)
class Trees:
    """The steps of one plan as trees. videos: video_id and duration_s of each, for a span that is the whole video."""

    plan: Plan
    videos: Sequence[Mapping[str, Any]]
    known: Known = field(default_factory=Known)

    def asked(self) -> list[Any]:
        """What nothing reads: the plan's own ends, each once."""
        read = {reference.root for step in self.plan.steps for reference in references_in([step.args, step.for_each])}
        ends: list[Any] = []
        for step in self.plan.steps:
            tree = self.tree(step)
            if step.id not in read and not any(same(tree, other) for other in ends):
                ends.append(tree)
        return ends

    def tree(self, step: Step) -> dict[str, Any]:
        args = {name: self._value(value) for name, value in step.args.items()}
        if step.tool is not None:
            args = {name: value for name, value in args.items() if name not in USUAL or step.args[name] != USUAL[name]}
            if self._is_whole(args.get("span"), args.get("video_id")):
                del args["span"]
        each = {"each": self._value(step.for_each)} if step.for_each is not None else {}
        return {"name": step.name, "args": args, **each}

    def _is_whole(self, span: Any, video_id: Any) -> bool:
        lasts = next((video["duration_s"] for video in self.videos if video["video_id"] == video_id), None)
        return lasts is not None and same({"start_s": 0.0, "end_s": lasts}, span)

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            found = {name: self._value(item) for name, item in value.items()}
            return _as_before(found)
        if isinstance(value, list | tuple):
            return [self._value(item) for item in value]
        return self._read(parse(value)) if is_reference(value) else value

    def _read(self, reference: Reference) -> Any:
        if reference.root == ITEM:
            return {"item": _path(reference.path)}
        step = self.plan.step(reference.root)
        tree, path = self.tree(step), reference.path
        if step.name == "localize_action" and step.for_each is None and path[:1] == ("spans",) and path[1:2] in ((0,), (-1,)):
            spans = self._of(tree, ("spans",))
            tree, path = {"name": "first" if path[1] == 0 else "last", "args": {"spans": spans}}, path[2:]
        return self._of(tree, path)

    def _of(self, tree: dict[str, Any], path: tuple[Any, ...]) -> Any:
        """What a path reads of a step: the value where it is known or can be computed, else the tree."""
        value = self.known.value(tree)
        if value is OPEN and tree["name"] in OPS and "each" not in tree and not _holds_tree(tree["args"]):
            value = OPS[tree["name"]].run(**tree["args"])
        if value is OPEN:
            return {"of": tree, "path": _path(path)}
        return read(value, path)


def _path(path: Sequence[Any]) -> str:
    return "".join("[*]" if isinstance(part, Every) else f"[{part}]" if isinstance(part, int) else f'["{part}"]' for part in path)


def _holds_tree(value: Any) -> bool:
    if isinstance(value, dict):
        return "of" in value or "item" in value or any(map(_holds_tree, value.values()))
    return any(map(_holds_tree, value)) if isinstance(value, list) else False


def _as_before(span: dict[str, Any]) -> dict[str, Any]:
    """From 0 to the start of a step's span is what `before` gives of it."""
    end = span.get("end_s")
    if span.keys() != {"start_s", "end_s"} or span["start_s"] != 0 or not isinstance(end, dict) or "of" not in end:
        return span
    if not end["path"].endswith('["start_s"]'):
        return span
    return {"of": {"name": "before", "args": {"span": {"of": end["of"], "path": end["path"].removesuffix('["start_s"]')}}}, "path": ""}


def same(right: Any, made: Any) -> bool:
    """Whether a tree is as the right one says; see questions/README.md for what a right one may leave open."""
    if isinstance(right, str):
        return _same_text(right, made)
    if isinstance(right, bool) or right is None:
        return right is made
    if isinstance(right, int | float):
        return isinstance(made, int | float) and not isinstance(made, bool) and math.isclose(right, made, rel_tol=0, abs_tol=TOLERANCE)
    if isinstance(right, list):
        return isinstance(made, list | tuple) and len(right) == len(made) and all(map(same, right, made))
    left_out = right.keys() - made.keys() if isinstance(made, dict) else ()
    if not isinstance(made, dict) or made.keys() - right.keys() or any(right[name] != "*" for name in left_out):
        return False
    if right.get("name") in EITHER_WAY and "args" in right and right["name"] == made.get("name"):
        a, b = right["args"].get("a"), right["args"].get("b")
        other = {**right["args"], "a": b, "b": a}
        return same(right["args"], made["args"]) or same(other, made["args"])
    return all(same(value, made[name]) for name, value in right.items() if name in made)


def _same_text(right: str, made: Any) -> bool:
    if right == "*":
        return True
    if right[:2] in ("<=", ">="):
        bound = float(right[2:])
        return isinstance(made, int | float) and (made <= bound if right[0] == "<" else made >= bound)
    if "*" in right and "[" not in right:
        return isinstance(made, str) and fnmatchcase(made.casefold(), right.casefold())
    return bool(right == made)


def is_right(made: Plan, right: Sequence[Plan], videos: Sequence[Mapping[str, Any]], known: Known) -> Plan | None:
    """The right plan that this one is; None where it is none of them."""
    found = Trees(made, videos, known).asked()
    for plan in right:
        wanted = Trees(plan, videos, known).asked()
        if len(wanted) == len(found) and _paired(wanted, found):
            return plan
    return None


def _paired(wanted: list[Any], found: list[Any]) -> bool:
    """Whether each wanted tree has a found one of its own."""
    if not wanted:
        return not found
    first, *rest = wanted
    return any(same(first, tree) and _paired(rest, [*found[:i], *found[i + 1 :]]) for i, tree in enumerate(found))


def beyond(made: Plan, right: Sequence[Plan], videos: Sequence[Mapping[str, Any]], known: Known) -> set[str]:
    """The tool steps that are in no right plan; fewest over the right plans. Every tool step where nothing is right."""
    trees = Trees(made, videos, known)
    mine = {step.id: trees.tree(step) for step in made.steps if step.tool is not None}
    best = set(mine)
    for plan in right:
        theirs = [Trees(plan, videos, known).tree(step) for step in plan.steps if step.tool is not None]
        best = min(best, {step_id for step_id, tree in mine.items() if not any(same(other, tree) for other in theirs)}, key=len)
    return best


def filled(value: Any, videos: Sequence[Mapping[str, Any]]) -> Any:
    """A right plan's JSON with the videos' ids and durations in their places."""
    if isinstance(value, dict):
        return {name: filled(item, videos) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, videos) for item in value]
    places = {f"{{v{i}}}": video["video_id"] for i, video in enumerate(videos, 1)} | {
        f"{{d{i}}}": video["duration_s"] for i, video in enumerate(videos, 1)
    }
    return places.get(value, value) if isinstance(value, str) else value

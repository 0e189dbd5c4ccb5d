"""Answer: composed from what the steps gave, one statement a result, each naming its step. No sentence without evidence.

What was not observed, could not be assessed, failed, or was not run for want of an earlier result is said in words of its own. Every number
is checked against its step (facts.py).
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from medvid.agent import sentences as say
from medvid.agent.catalogue import LIST_VIDEOS, Listing, is_outcome
from medvid.agent.check import needed_steps
from medvid.agent.clients import server_of
from medvid.agent.facts import check_sentence
from medvid.agent.ledger import Ledger, behind
from medvid.agent.references import ITEM, parse, references_in
from medvid.agent.replan import STEM
from medvid.core import RESEARCH_USE, Answer, Contradiction, Needs, Reliability, SecondLook, Statement, Step

_CLOSED = re.compile(r"\W*(?:(?:so|and|but|please)\W+)*(?:is|are|was|were|do|does|did|has|have|had)\b(?! you\b)", re.IGNORECASE)
"""A question that is answered by yes or no."""


class Told(NamedTuple):
    """What a run tells beside its outcomes; see core.Run. unused: words of the question."""

    looks: Sequence[SecondLook] = ()
    contradictions: Sequence[Contradiction] = ()
    reused: Container[str] = ()
    limits: Sequence[str] = ()
    unused: Sequence[str] = ()


def compose(question: str, ledger: Ledger, listing: Sequence[Listing], needs: Needs | None = None, told: Told = Told()) -> Answer:
    """The answer of a run whose steps are all settled. Raises MedVidError where a sentence holds a number that nothing holds."""
    if needs is not None:
        return Answer(needs=needs, unused=tuple(told.unused))
    teller = _Teller(question, ledger, listing, told)
    statements = [statement for step in ledger.plan.steps for statement in teller.statements(step)]
    statements += [Statement(text=f"These cannot both be right: {said.text}.", step=said.steps[0]) for said in told.contradictions]
    lines = [f"{statement.text} [{statement.step}]" for statement in statements] + [f"Limit: {limit}." for limit in told.limits]
    lines += [f"Not used of the question: {', '.join(told.unused)}."] if told.unused else []
    return Answer(text="\n".join([*lines, *_footnotes(ledger), RESEARCH_USE]), statements=tuple(statements), unused=tuple(told.unused))


class _Teller:
    def __init__(self, question: str, ledger: Ledger, listing: Sequence[Listing], told: Told) -> None:
        self.ledger, self.plan, self.told = ledger, ledger.plan, told
        self.closed = _CLOSED.match(question) is not None
        self.titles = {video["video_id"]: video["title"] for video in listing}
        self.read = set().union(*(needed_steps(step) for step in ledger.plan.steps))

    def statements(self, step: Step) -> Iterator[Statement]:
        """A number also counts as rounded to what the frames behind it can tell."""
        value, above = self.ledger.values.get(step.id), [self.plan.step(step_id) for step_id in behind(self.plan, step)]
        sources = [step.args, value, self.ledger.failures(step.id), list(self.titles.values()), self._why(step)]
        sources += [args for _, args, _ in self.ledger.asked(step)]
        sources += [self.ledger.given(source.id) for source in above] + [source.args for source in above]
        looks = [look for look in self.told.looks if step.id in (look.step, look.by)]
        sources += [(look.model_dump(), say.look_facts(self.ledger.contents(look.step)[look.index])) for look in looks]
        sources.append(sum(look.by is None for look in looks))
        if step.op is not None:
            sources += [self._rounded(step, source) for source in sources]
            found = len(self.ledger.arguments(step, None).get("spans") or ())
            sources += [say.percent_text(value) if isinstance(value, float) else "", found, self._fps(step)]
        for index, text in self._told(step):
            content: Any = self.ledger.contents(step.id)[index] if index is not None else None
            check_sentence(text, step.id, [*sources, content, say.coarse(content), _cards(content)])
            again = "From an earlier turn: " if step.id in self.told.reused else ""
            yield Statement(text=f"{self._video(step)}{again}{text}", step=step.id, index=index)

    def _told(self, step: Step) -> Iterator[tuple[int | None, str]]:
        if step.op is not None:
            yield from ((None, text) for text in self._value(step))
        asked = self.ledger.asked(step)
        if look := next((look for look in self.told.looks if look.by == step.id), None):  # it tells no more than its verdict
            yield 0 if asked else None, say.look_sentence(look, self.ledger.contents(look.step)[look.index])
            asked = []
        for index, (_, args, content) in enumerate(asked):
            if is_outcome(content):
                answered = self._yes_or_no(step, index, content)
                yield index, answered + say.sentence(step.name, args, say.coarse(content), self.subject(step, args))
            else:
                listed = step.tool == LIST_VIDEOS
                whose = f" (as {server} says, not checked by medvid)" if (server := server_of(step.tool)) else ""
                yield index, say.videos_sentence(content, list(self.titles)) if listed else f"{step.name}: {say.shown(content)}{whose}"
        for failure in self.ledger.failures(step.id):
            yield None, f"{step.name} failed: {failure['message'].rstrip('.')}."
        if step.tool is not None and (reason := self._why(step)):
            yield None, f"{say.capital(self.subject(step))} was not looked at: {reason}."
        if left := [look.reason for look in self.told.looks if look.step == step.id and look.by is None]:
            yield None, f"Unverified: {say.times_text(len(left))} of {self.subject(step)}, as {'; '.join(dict.fromkeys(left))}."

    def _yes_or_no(self, step: Step, index: int, content: Any) -> str:
        """Before the sentence that answers a closed question: of what no step reads, and was not asked otherwise or elsewhere since."""
        otherwise = {f"{step.id[:STEM]}_named", f"{step.id[:STEM]}_closer"} & {other.id for other in self.plan.steps}
        asked = step.tool in ("localize_action", "ground_object") and not step.id.endswith("_wider") and not otherwise
        if not self.closed or not asked or step.id in self.read or say.unverified(content):
            return ""
        rejected = {look.verdict for look in self.told.looks if (look.step, look.index) == (step.id, index)} == {"rejected"}
        return {"not_observed": "No, as far as was looked at: ", "ok": "" if rejected else "Yes: "}.get(content["status"], "")

    def _video(self, step: Step) -> str:
        """Which video a sentence is about, where there are several."""
        ids = {str(source.args.get("video_id")) for source in ([step] if step.tool else self._tools(step.args))} & self.titles.keys()
        return f"In {self.titles[ids.pop()]}: " if len(ids) == 1 and len(self.titles) > 1 else ""

    def _rounded(self, step: Step, value: Any) -> Any:
        seconds = isinstance(value, float) and step.op == "total_duration"
        return say.on_grid({"end_s": value}, self._fps(step))["end_s"] if seconds else say.on_grid(value, self._fps(step))

    def _fps(self, step: Step) -> float:
        """Of the coarsest look behind an operation; 0 where nothing was looked at."""
        rates = (say.rate_of(content) for source in self._tools(step.args) for content in self.ledger.contents(source.id))
        return min(filter(None, rates), default=0.0)

    def _value(self, step: Step) -> Iterator[str]:
        """Only what was asked for: a value that other steps read is a means. What gave nothing tells so itself."""
        if step.id in self.read or step.id not in self.ledger.values:
            return
        causes, tools = list(dict.fromkeys(self._causes(step))), self._tools([step.args, step.for_each])
        values = [self.ledger.values[step.id]] if step.for_each is None else self.ledger.values[step.id]
        for element, value in zip(self.ledger.elements(step), values, strict=True):
            fields = self._fields(step, self.ledger.arguments(step, element)) | {"why": "; ".join(causes)}
            if causes and step.op != "order":  # an operation that gave nothing to this one has no sentence of its own
                yield from [f"{say.capital(causes[0])}."] * (not any(map(self.ledger.found_nothing, tools)))
            elif text := say.value_sentence(step.name, self._rounded(step, value), fields):
                assumed = any(say.unverified(content) for source in tools for content in self.ledger.contents(source.id))
                yield f"{text[:-1]}, if it happens at all." if assumed else text

    def _fields(self, step: Step, args: dict[str, Any]) -> dict[str, Any]:
        """What sentences.toml speaks of. args: the step's, as read."""
        of = step.args.get("of", step.args.get("within"))
        given = {name: item for name, item in step.args.items() if name not in ("of", "within")}
        whole = args.get("of") or [span for span in [args.get("within")] if span]
        return {
            "subject": self._about([given, step.for_each]), **{name: self._about(given.get(name), given) for name in ("a", "b")},
            "of": self._about(of) if references_in(of) else say.spans_text(whole), "nth": args.get("n"), "fps": self._fps(step),
            "times": say.times_text(len(args.get("spans") or ())),
            "starts": [min((span["start_s"] for span in args.get(name) or ()), default=0.0) for name in "ab" if step.op == "order"],
        }  # fmt: skip

    def subject(self, step: Step, args: Mapping[str, Any] | None = None) -> str:
        """What a step is about, to stand in a sentence. args: of one of its calls; without them, all that it asked for."""
        if step.op is not None:
            return self._about([step.args, step.for_each])
        if step.tool == "caption_region":
            roots = [reference.root for reference in references_in([step.args.get("box_px"), step.for_each]) if reference.root != ITEM]
            return f"what the {self.plan.step(roots[0]).args.get('object', 'object') if roots else 'object in the box'} does"
        name, quoted = {"localize_action": ("action", "“{}”"), "ground_object": ("object", "the {}")}.get(step.name, ("", ""))
        given = [args] if args is not None else [args for _, args, _ in self.ledger.asked(step)] or [step.args]
        named = " or ".join(dict.fromkeys(quoted.format(args.get(name)) for args in given))
        return named or say.SAYS["subject"].get(step.name, step.name)

    def _about(self, value: Any, beside: Any = None) -> str:
        """What the steps read in a JSON value are about, with their videos where it, or what stands beside it, reads several."""
        sources = list(map(self.plan.step, dict.fromkeys(ref.root for ref in references_in(value) if ref.root != ITEM)))
        videos = {str(source.args.get("video_id")) for source in self._tools(beside or value)} & self.titles.keys()
        named: dict[str, None] = {}
        for source in sources:
            noun = say.SAYS["noun"].get(source.name, "{subject}")
            title = f" in {self.titles.get(str(source.args.get('video_id')))}" if len(videos) > 1 and source.tool else ""
            named[f"{say.filled(noun, self._fields(source, source.args)) if source.op else self.subject(source)}{title}"] = None
        return " and ".join(named) or "the spans given"

    def _tools(self, value: Any) -> list[Step]:
        """The tool steps whose results are read in a JSON value, directly or through operations."""
        roots = {reference.root for reference in references_in(value)} - {ITEM}
        found = roots.union(*(behind(self.plan, self.plan.step(root)) for root in roots))
        return [step for step in self.plan.steps if step.id in found and step.tool is not None]

    def _why(self, step: Step) -> str | None:
        """Why the step was skipped; None where it was not."""
        if step.id not in self.ledger.skipped:
            return None
        empty = dict.fromkeys(self.ledger.skipped[step.id].values())
        stops = [root for root in sorted({parse(read).root for read in empty} - {ITEM}) if self.plan.step(root).on_empty == "stop"]
        causes = "; ".join(dict.fromkeys(self._causes_of(self.plan.step(stops[0])) if stops else self._causes(step)))
        return f"the plan stops where {stops[0]} finds nothing: {causes}" if stops else causes or f"{', '.join(empty)} is empty"

    def _causes(self, step: Step) -> Iterator[str]:
        for needed in sorted(needed_steps(step)):
            yield from self._causes_of(self.plan.step(needed))

    def _causes_of(self, source: Step) -> Iterator[str]:
        """Why the step gave nothing to those that read it."""
        statuses = {content["status"] for content in self.ledger.contents(source.id) if is_outcome(content)}
        if source.op is not None or source.id in self.ledger.skipped:
            upstream = list(self._causes(source))
            yield from upstream
            if not upstream and source.op is not None and self.ledger.values.get(source.id) in (None, []):
                yield f"{say.SAYS['absent'].get(source.name, 'no span of')} {self.subject(source)} ({source.id})"
        elif self.ledger.failures(source.id):
            yield f"{source.name} failed ({source.id})"
        elif statuses and "ok" not in statuses:
            yield f"{self.subject(source)} {say.FAILED[min(statuses)]} ({source.id})"


def _footnotes(ledger: Ledger) -> Iterator[str]:
    """Each note and each measured figure once, with the steps it belongs to."""
    told: dict[str, dict[str, None]] = {}
    outcomes = [(step, content) for step in ledger.plan.steps for content in ledger.contents(step.id) if is_outcome(content)]
    said = [(f"Note: {note.rstrip('.')}. ", step.id) for step, content in outcomes for note in content.get("notes") or ()]
    said += [(f"Reliability of {step.name}: {text}. ", step.id) for step, content in outcomes for text in _cards(content)]
    for text, step_id in said:
        told.setdefault(text, {})[step_id] = None
    yield from (f"{text}[{', '.join(ids)}]" for text, ids in told.items())
    if silent := dict.fromkeys(step.name for step, content in outcomes if not _cards(content)):
        yield f"Reliability of {', '.join(silent)}: not measured for this model."


def _cards(content: Any) -> list[str]:
    cards = map(Reliability.model_validate, content["evidence"].get("reliability", ())) if is_outcome(content) else ()
    return [card.text for card in cards if card.metric != say.CALIBRATION]  # that one stands beside each confidence

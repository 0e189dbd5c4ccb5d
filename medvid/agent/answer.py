"""Answer: composed from what the steps gave, one statement a result, each naming its step. No sentence without evidence.

What was not observed, could not be assessed, failed, or was not run for want of an earlier result is said in words of its own. Every number
is checked against its step (facts.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from medvid.agent.catalogue import LIST_VIDEOS, Listing, is_outcome
from medvid.agent.check import needed_steps
from medvid.agent.clients import server_of
from medvid.agent.facts import check_sentence
from medvid.agent.ledger import Ledger
from medvid.agent.references import is_reference, parse
from medvid.agent.sentences import FAILED, capital, sentence, shown, unverified, value_sentence, videos_sentence
from medvid.core import RESEARCH_USE, Answer, Needs, Reliability, Statement, Step


def compose(question: str, ledger: Ledger, listing: Sequence[Listing], needs: Needs | None = None) -> Answer:
    """The answer of a run whose steps are all settled. Raises MedVidError where a sentence holds a number that nothing holds."""
    if needs is not None:
        return Answer(needs=needs)
    teller = _Teller(ledger, listing)
    statements = [statement for step in ledger.plan.steps for statement in teller.statements(step)]
    lines = [f"{statement.text} [{statement.step}]" for statement in statements]
    return Answer(text="\n".join([*lines, *_notes(ledger), *_reliability(ledger), RESEARCH_USE]), statements=tuple(statements))


class _Teller:
    def __init__(self, ledger: Ledger, listing: Sequence[Listing]) -> None:
        self.ledger = ledger
        self.titles = {video["video_id"]: video["title"] for video in listing}
        self.read = set().union(*(needed_steps(step) for step in ledger.plan.steps))

    def statements(self, step: Step) -> Iterator[Statement]:
        sources = [step.args, self.ledger.values.get(step.id), self.ledger.failures(step.id), list(self.titles.values())]
        sources += [_why(step, self.ledger), *(self.ledger.given(needed) for needed in needed_steps(step))]
        sources += [behind.args for behind in _tools_behind(step, self.ledger)]
        for index, text in self._told(step):
            content = self.ledger.contents(step.id)[index] if index is not None else None
            check_sentence(text, step.id, [*sources, content, _cards(content)])
            yield Statement(text=text, step=step.id, index=index)

    def _told(self, step: Step) -> Iterator[tuple[int | None, str]]:
        if step.op is not None:
            yield from ((None, text) for text in self._value(step))
        title = self.titles.get(str(step.args.get("video_id")))
        video = f"In {title}: " if title and len(self.titles) > 1 else ""  # which one, where there are several
        for index, content in enumerate(self.ledger.contents(step.id)):
            if is_outcome(content):
                yield index, video + sentence(step.name, step.args, content, subject(step, self.ledger))
            else:
                listed = step.tool == LIST_VIDEOS
                whose = f" (as {server} says, not checked by medvid)" if (server := server_of(step.tool)) else ""
                yield index, video + (videos_sentence(content, list(self.titles)) if listed else f"{step.name}: {shown(content)}{whose}")
        for failure in self.ledger.failures(step.id):
            yield None, f"{video}{step.name} failed: {failure['message'].rstrip('.')}."
        if step.tool is not None and (reason := _why(step, self.ledger)):
            yield None, f"{video}{capital(subject(step, self.ledger))} was not looked at: {reason}."

    def _value(self, step: Step) -> Iterator[str]:
        """Only what was asked for: a value that other steps read is a means. A value of nothing is told by the step that gave nothing."""
        if step.id in self.read or self.ledger.values.get(step.id) is None or any(True for _ in _causes(step, self.ledger)):
            return
        text = value_sentence(step.name, self.ledger.values[step.id], subject(step, self.ledger))
        if any(unverified(content) for source in _tools_behind(step, self.ledger) for content in self.ledger.contents(source.id)):
            text = f"{text[:-1]}, if it happens at all."
        yield text


def subject(step: Step, ledger: Ledger) -> str:
    """What a step is about, to stand in a sentence."""
    if step.tool == "caption_region":
        box = step.args.get("box_px")
        source = parse(box).root if is_reference(box) and isinstance(box, str) else None
        if source == "item" and isinstance(step.for_each, str):
            source = parse(step.for_each).root
        thing = ledger.plan.step(source).args.get("object", "object") if source else "object in the box"
        return f"what the {thing} does"
    if step.op is not None:
        behind = _tools_behind(step, ledger)
        return " and ".join(dict.fromkeys(subject(source, ledger) for source in behind)) or "the spans given"
    plain = {
        "localize_action": f"“{step.args.get('action')}”", "ground_object": f"the {step.args.get('object')}",
        "predict_next": "the next step", "caption_events": "what happens", "summarize_video": "the summary", "assess_skill": "the skill",
        "assess_cvs": "the critical view of safety",
    }  # fmt: skip
    return plain.get(step.name, step.name)


def _tools_behind(step: Step, ledger: Ledger) -> list[Step]:
    """The tool steps whose results an operation rests on."""
    found: list[Step] = []
    for needed in sorted(needed_steps(step)):
        source = ledger.plan.step(needed)
        found += [source] if source.tool is not None else _tools_behind(source, ledger)
    return found


def _why(step: Step, ledger: Ledger) -> str | None:
    """Why the step was skipped; None where it was not."""
    if step.id not in ledger.skipped:
        return None
    return "; ".join(dict.fromkeys(_causes(step, ledger))) or f"{', '.join(dict.fromkeys(ledger.skipped[step.id].values()))} is empty"


def _causes(step: Step, ledger: Ledger) -> Iterator[str]:
    for needed in sorted(needed_steps(step)):
        source = ledger.plan.step(needed)
        if source.op is not None:
            upstream = list(_causes(source, ledger))
            yield from upstream
            if not upstream and ledger.values.get(needed) in (None, []):
                yield f"{_NOTHING.get(source.name, 'no span of')} {subject(source, ledger)} ({needed})"
        elif ledger.failures(needed):
            yield f"{source.name} failed ({needed})"
        elif contents := ledger.contents(needed):
            statuses = {content["status"] for content in contents if is_outcome(content)}
            if statuses and "ok" not in statuses:
                yield f"{subject(source, ledger)} {FAILED[min(statuses)]} ({needed})"
        elif needed in ledger.skipped:
            yield from _causes(source, ledger)


_NOTHING = {"before": "nothing lies before", "after": "nothing lies after", "between": "nothing lies between"}


def _notes(ledger: Ledger) -> Iterator[str]:
    """Each note once, with the steps it belongs to."""
    notes = ((note, step.id) for step, content in _outcomes(ledger) for note in content.get("notes") or ())
    for note, ids in _with_steps(notes):
        yield f"Note: {note.rstrip('.')}. [{ids}]"


def _reliability(ledger: Ledger) -> Iterator[str]:
    """Each measured figure once, with the steps it stands for."""
    for text, ids in _with_steps((f"{step.name}: {text}", step.id) for step, content in _outcomes(ledger) for text in _cards(content)):
        yield f"Reliability of {text}. [{ids}]"
    if silent := dict.fromkeys(step.name for step, content in _outcomes(ledger) if not _cards(content)):
        yield f"Reliability of {', '.join(silent)}: not measured for this model."


def _with_steps(said: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """(text, step) -> each text once, with its steps in a list."""
    steps: dict[str, dict[str, None]] = {}
    for text, step in said:
        steps.setdefault(text, {})[step] = None
    return ((text, ", ".join(ids)) for text, ids in steps.items())


def _cards(content: Any) -> list[str]:
    return [Reliability.model_validate(card).text for card in content["evidence"].get("reliability", ())] if is_outcome(content) else []


def _outcomes(ledger: Ledger) -> Iterator[tuple[Step, Any]]:
    for step in ledger.plan.steps:
        for content in ledger.contents(step.id):
            if is_outcome(content):
                yield step, content

"""Memory: what a conversation holds, its runs, newest last. Follow-ups are resolved against it, and outcomes in it are used again.

Bounded in turns and bytes. The newest turns hold their outcomes, without what the model wrote; older ones hold the question, the plan and
what was said. Source: docs/formats.md, "Threads".
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from medvid.agent.catalogue import is_outcome
from medvid.agent.ledger import Ledger
from medvid.agent.references import resolve
from medvid.core import Run, Value
from medvid.core.outcome import asked_as

TURNS, WHOLE_TURNS = 200, 20
BYTES = 512_000
"""Of all turns, as JSON."""
ANSWERS = ("ok", "not_observed")


class Memory(Value):
    """turns: runs without what no later turn needs."""

    thread: str | None = None
    turns: tuple[Run, ...] = ()

    @classmethod
    def of(cls, thread: str | None, newest_first: Iterable[Run]) -> "Memory":
        kept: list[Run] = []
        room = BYTES
        for age, run in enumerate(islice(newest_first, TURNS)):
            turn = _without_texts(run)
            if age >= WHOLE_TURNS or _size(turn) > room:
                turn = outline(turn)
            room -= _size(turn)
            if room < 0:
                break
            kept.insert(0, turn)
        return cls(thread=thread, turns=tuple(kept))

    def after(self, run: Run) -> "Memory":
        """The memory with one more turn."""
        return Memory.of(self.thread, (run, *reversed(self.turns)))

    def seen_by(self, may_see: Callable[[str], bool]) -> "Memory":
        """Without the turns about videos that its reader may not see, or no longer."""
        turns = (turn for turn in self.turns if all(may_see(str(step.args.get("video_id", ""))) for step in turn.plan.steps if step.tool))
        return Memory(thread=self.thread, turns=tuple(turns))

    def found(self, tool: str, args: Mapping[str, Any], model: str) -> tuple[str, dict[str, Any]] | None:
        """The run that made this very call with this model, and what it gave, where that answers."""
        for turn in reversed(self.turns):
            for step, made, content in _calls(turn, model):
                if made == (tool, args) and content["status"] in ANSWERS:
                    return turn.reused.get(step, turn.id), content
        return None

    def paces(self, model: str) -> dict[str, float]:
        """Seconds that a second of video took, by tool, and "" for all together."""
        sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for turn in self.turns:
            for step, (tool, _), content in _calls(turn, model):
                span = content["evidence"]["span"]
                for name in (tool, "") if step not in turn.reused else ():
                    sums[name][0] += content["evidence"]["elapsed_s"]
                    sums[name][1] += span["end_s"] - span["start_s"]
        return {name: took_s / video_s for name, (took_s, video_s) in sums.items() if video_s}


def outline(run: Run) -> Run:
    """Question, plan and what was said."""
    return run.model_copy(update={"outcomes": {}, "values": {}, "failures": {}, "contradictions": ()})


def _without_texts(run: Run) -> Run:
    outcomes = {step: [_without_text(content) for content in contents] for step, contents in run.outcomes.items()}
    answer = run.answer.model_copy(update={"text": ""})  # the statements say the same
    return run.model_copy(update={"outcomes": outcomes, "plannings": (), "answer": answer})


def _without_text(content: Any) -> Any:
    match content:
        case {"evidence": {"raw": list() as raw} as evidence}:
            return {**content, "evidence": {**evidence, "raw": [{**written, "text": ""} for written in raw]}}
    return content


def _size(run: Run) -> int:
    return len(run.model_dump_json(exclude_defaults=True).encode())


def _calls(run: Run, model: str) -> Iterator[tuple[str, tuple[str, dict[str, Any]], Any]]:
    """Each call that this model answered: its step, its tool and arguments, its outcome. None of a run in which something failed: which
    element an outcome belongs to is then not known."""
    ledger = Ledger.of_run(run)
    for step in run.plan.steps if not run.failures else ():
        contents = run.outcomes.get(step.id, [])
        elements = resolve(step.for_each, ledger.given) if step.for_each else [None]
        for element, content in zip(elements, contents, strict=True) if contents and len(contents) == len(elements) else ():
            seen = content["evidence"] if is_outcome(content) else None
            if isinstance(seen, dict) and asked_as(str(seen.get("model")), str(seen.get("feeding"))) == model:
                yield step.id, (step.name, ledger.arguments(step, element)), content

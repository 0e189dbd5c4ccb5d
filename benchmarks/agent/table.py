"""How good the agent is, apart from the model: right plans, true statements, absent things said to be absent, follow-ups, needless calls.

    python -m benchmarks.agent.table [--half locked|open|both] [--engine oracle|embedded] [--limit N] [--json] [--show]

The questions stand in questions/, with the plans that are right; what has to be said is computed from the simulator's truth. With the
oracle, which answers every tool call from the truth, what is wrong is the agent's. What was measured is kept in out/agent and taken up
again after an interruption, as long as neither code nor questions have changed.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.agent.films import Film, Tampered, oracle, records, spread, state_of_the_code, taken, titled
from benchmarks.agent.plans import Known, Trees, beyond, filled, is_right, same
from benchmarks.agent.rates import share_text
from benchmarks.agent.told import ABSENT, UNANSWERED, invented, judged, near
from benchmarks.agent.truth import NOT_SUITED, is_nothing, true_values
from medvid.agent import runs
from medvid.agent.events import Event
from medvid.agent.ledger import Ledger
from medvid.agent.memory import Memory
from medvid.agent.planner import offline
from medvid.agent.planning import Asked, Planned, Planner
from medvid.app import open_client, open_library, open_model, open_server, open_toolbox
from medvid.core import Needs, Plan, Run, SecondLook, Statement
from medvid.core.settings import Settings

OUT = Path("out/agent")
ROWS = {
    "plans": "right plan", "statements": "true statements", "told": "all of it said", "absent": "absent said to be absent",
    "followups": "follow-ups resolved", "numbers": "invented numbers", "needless": "unnecessary calls", "looks": "second looks, apart",
    "again": "calls of the one round of looking again, apart", "not_judged": "statements that nothing can be judged of", "faults": "faults",
}  # fmt: skip
"""Rows of the table: shares, then counts."""


@dataclass
class Recorder:
    """What a planner made in one turn, and how often each step was called."""

    planner: Planner
    planned: Planned | None = None
    started: Counter[str] = field(default_factory=Counter)

    async def __call__(self, asked: Asked) -> Planned:
        self.planned = await self.planner(asked)
        return self.planned

    async def on_event(self, event: Event) -> None:
        if event.kind == "started" and event.step is not None:
            self.started[event.step] += 1


class Log:
    """A client that keeps every call of a tool, but for the listing that each question begins with."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    async def call_tool(self, name: str, arguments: dict[str, Any] | None = None, **more: Any) -> Any:
        if name != "list_videos":
            self.calls.append(json.dumps([name, arguments], sort_keys=True))
        return await self.client.call_tool(name, arguments, **more)


async def converse(record: dict[str, Any], engine: Any, planner: Planner) -> list[dict[str, Any]]:
    """One record's conversation, each turn scored. engine: `oracle`, or an engine that is open."""
    with titled(record["videos"]) as (files, films):
        model = oracle(films) if engine == "oracle" else engine
        model = Tampered(model, record["inject"]) if "inject" in record else model
        toolbox = open_toolbox(Settings(), open_library(Settings(), files), model)
        videos = [{"video_id": made.video_id, "duration_s": made.truth.duration_s} for made in films]
        memory, known, scored = Memory(thread=record["id"]), Known(), []
        async with open_client(open_server(toolbox, pictures=False)) as connected:
            client = Log(connected)
            for number, turn in enumerate(record["turns"]):
                recorder, before, run, fault = Recorder(planner), list(client.calls), None, ""
                try:
                    run = await runs.ask(
                        turn["ask"], [video["video_id"] for video in videos], client, planner=recorder, memory=memory,
                        on_event=recorder.on_event, checkpoints=Path(":memory:"), **taken(model=model.profile.name),
                    )  # fmt: skip
                    memory = memory.after(run)
                except Exception as error:  # noqa: BLE001  a bug is one question's fault here, and the others are still measured
                    fault = f"{type(error).__name__}: {error}"
                score = Score(turn, record, films, videos, known, recorder, run, client.calls[len(before) :], before)
                scored.append(score.to_json() | {"id": f"{record['id']}.{number + 1}", "follow_up": number > 0, "fault": fault})
                if run is not None and run.answer.needs is None:
                    ledger = Ledger.of_run(run)
                    given = {step.id: ledger.given(step.id) for step in run.plan.steps if step.id in run.outcomes}
                    known = known.after(run.plan, given, videos)
        return scored


@dataclass
class Score:
    """One turn against its right plans and the truth."""

    turn: dict[str, Any]
    record: dict[str, Any]
    films: Sequence[Film]
    videos: Sequence[Mapping[str, Any]]
    known: Known
    recorder: Recorder
    run: Run | None
    calls: Sequence[str]
    earlier: Sequence[str]

    def __post_init__(self) -> None:
        made = self.recorder.planned.made if self.recorder.planned else None
        self.plan = made if isinstance(made, Plan) else None
        self.asks = isinstance(made, Needs) or made is None
        self.truths = {made.video_id: made.truth for made in self.films}
        self.right = [Plan.model_validate(filled(plan, self.videos)) for plan in self.turn.get("plans", ())]
        self.as_right = is_right(self.plan, self.right, self.videos, self.known) if self.plan else None

    @property
    def is_right(self) -> bool:
        return ("needs" in self.turn["expect"] and self.asks) or ("answer" in self.turn["expect"] and self.as_right is not None)

    def to_json(self) -> dict[str, Any]:
        said = {
            "ask": self.turn["ask"], "form": self.turn["form"], "tags": self.turn.get("tags", []), "right": self.is_right,
            "made": [step.to_json() for step in self.plan.steps] if self.plan else "asked back", **self._calls(),
        }  # fmt: skip
        if self.run is None or self.run.answer.needs is not None:
            return {**said, "statements": [], "told": self._due() and False, "absent": self._absent([]), "numbers": []}
        verdicts = [(statement.text, self._judged(statement)) for statement in self.run.answer.statements]
        return {
            **said, "statements": verdicts, "told": self._due() and self._told(verdicts), "absent": self._absent(verdicts),
            "numbers": invented(self.run, self.turn["ask"], self.videos), "text": self.run.answer.text,
        }  # fmt: skip

    def _calls(self) -> dict[str, Any]:
        """needless: calls of steps that no right plan has, and calls that an earlier turn had made. looks, again: calls of second looks
        and of the one round of looking again, which the product adds by itself."""
        started = self.recorder.started
        planned = {step.id for step in self.plan.steps} if self.plan else set()
        looks = {look.by for look in self.run.looks} if self.run else set()
        added = {step_id: n for step_id, n in started.items() if step_id not in planned}
        wrong = beyond(self.plan, self.right, self.videos, self.known) if self.plan else set()
        repeated = sum(call in self.earlier or call in self.calls[:i] for i, call in enumerate(self.calls))
        n = sum(started[step_id] for step_id in planned)
        needless = min(n, sum(started[step_id] for step_id in planned & wrong) + repeated)
        second = sum(n for step_id, n in added.items() if step_id in looks)
        return {"calls": n, "needless": needless, "looks": second, "again": sum(added.values()) - second}

    def _due(self) -> bool:
        """Whether an answer is due, and no question back."""
        return self.turn["expect"] == ["answer"]

    def _true(self) -> dict[str, Any]:
        return true_values(self.run.plan, self.truths) if self.run else {}

    def _judged(self, statement: Statement) -> bool | None:
        run, text = self.run, statement.text
        assert run is not None  # noqa: S101
        step, value = run.plan.step(statement.step), self._true()[statement.step]
        if step.for_each is not None and statement.index is not None and isinstance(value, list):
            value = value[statement.index] if statement.index < len(value) else None
        contents = run.outcomes.get(step.id, [])
        content = contents[statement.index or 0] if len(contents) > (statement.index or 0) else None
        if step.name == "list_videos":
            facts = ((f"{one.duration_s:.1f}", str(one.case.procedure)) for one in self.truths.values())
            return any(map(all, zip(*([fact in text for fact in of] for of in facts), strict=True)))
        if "inject" in self.record:
            text = text.replace(self.record["inject"].rstrip("."), "")
        truth = self.truths.get(str(step.args.get("video_id")))
        if (look := next((look for look in run.looks if look.by == step.id), None)) is not None:
            return self._look(look)
        if truth is not None and NOT_SUITED.get(step.name) == truth.kind:
            return UNANSWERED["out_of_scope"] in text
        return judged(text, step, run.plan, value, content, truth)

    def _look(self, look: SecondLook) -> bool | None:
        """A look that confirms a time that is true, or rejects one that is not, is right; one that verifies nothing says nothing."""
        assert self.run is not None  # noqa: S101
        claimed = self.run.outcomes[look.step][look.index]["result"]["spans"][int(look.place[len("spans[") : -1])]
        spans = (self._true()[look.step] or {"spans": ()})["spans"]
        true = any(near((claimed["start_s"], claimed["end_s"]), (span["start_s"], span["end_s"])) for span in spans)
        return None if look.verdict == "unverified" else true == (look.verdict == "confirmed")

    def _told(self, verdicts: Sequence[tuple[str, bool | None]]) -> bool:
        """Whether each end of the plan is told, by a true statement of its own or, where it is nothing, of a step that it reads."""
        if self.run is None or not self.is_right or self.plan is None:
            return False
        true = [s for s, (_, verdict) in zip(self.run.answer.statements, verdicts, strict=True) if verdict]
        values, trees = true_values(self.plan, self.truths), Trees(self.plan, self.videos, self.known)
        for end in trees.asked():
            step = next(step for step in self.plan.steps if same(end, trees.tree(step)))
            behind = {step.id, *(other.id for other in self.plan.steps)} if is_nothing(values.get(step.id)) else {step.id}
            if not any(s.step in behind or s.step.startswith(f"{step.id}_") for s in true):
                return False
        return True

    def _absent(self, verdicts: Sequence[tuple[str, bool | None]]) -> bool | None:
        """Of what is not there: whether that is said, and nothing else. None where nothing is absent."""
        if "absent" not in self.turn.get("tags", ()):
            return None
        if self.run is None or self.run.answer.needs is not None:
            return "needs" in self.turn["expect"] and self.run is not None
        denied = any(ABSENT.search(text) for text, verdict in verdicts if verdict is not False)
        return denied and all(verdict is not False for _, verdict in verdicts)


def summary(turns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts, as (how many, of how many)."""
    verdicts = [verdict for turn in turns for _, verdict in turn["statements"] if verdict is not None]
    due = [turn for turn in turns if turn["told"] is not False or turn["due"]]
    absent = [turn["absent"] for turn in turns if turn["absent"] is not None]
    follow = [turn["right"] for turn in turns if turn["follow_up"]]
    return {
        "turns": len(turns), "plans": (sum(turn["right"] for turn in turns), len(turns)), "statements": (sum(verdicts), len(verdicts)),
        "not_judged": sum(verdict is None for turn in turns for _, verdict in turn["statements"]),
        "told": (sum(bool(turn["told"]) for turn in due), len(due)), "absent": (sum(absent), len(absent)),
        "followups": (sum(follow), len(follow)), "numbers": sum(len(turn["numbers"]) for turn in turns),
        "needless": (sum(turn["needless"] for turn in turns), sum(turn["calls"] for turn in turns)),
        "looks": sum(turn["looks"] for turn in turns), "again": sum(turn["again"] for turn in turns),
        "faults": sum(bool(turn["fault"]) for turn in turns),
    }  # fmt: skip


def table(columns: Mapping[str, Mapping[str, Any] | None]) -> str:
    """Markdown. A column is a planner and an engine; None: not measured."""
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for row, name in ROWS.items():
        lines.append(f"| {name} | {' | '.join(cell(found, row) for found in columns.values())} |")
    return "\n".join(lines)


def cell(found: Mapping[str, Any] | None, row: str) -> str:
    if found is None:
        return "not measured"
    return share_text(*found[row]) if isinstance(found[row], list | tuple) else str(found[row])


def keeping(name: str) -> tuple[Path, dict[str, dict[str, Any]]]:
    """The file of what was measured, and the turns in it by id."""
    OUT.mkdir(parents=True, exist_ok=True)
    kept = OUT / f"{name}.jsonl"
    lines = kept.read_text("utf-8").splitlines() if kept.exists() else []
    return kept, {turn["id"]: turn for turn in map(json.loads, lines)}


async def measure(half: str, engine: str, limit: int | None) -> list[dict[str, Any]]:
    """Takes up what is kept of the same code and questions."""
    kept, turns = keeping(f"{half}-{engine}-{state_of_the_code()}")
    chosen = spread(records(half), limit)
    model: Any = "oracle" if engine == "oracle" else open_model(Settings())
    for i, record in enumerate(chosen, 1):
        if f"{record['id']}.{len(record['turns'])}" not in turns:
            scored = await converse(record, model, offline)
            due = [turn["expect"] == ["answer"] for turn in record["turns"]]
            scored = [turn | {"due": is_due} for turn, is_due in zip(scored, due, strict=True)]
            with kept.open("a", encoding="utf-8") as file:
                file.write("".join(json.dumps(turn, ensure_ascii=False) + "\n" for turn in scored))
            turns |= {turn["id"]: turn for turn in scored}
        if i % 20 == 0 or i == len(chosen):
            print(f"{engine}: {i} of {len(chosen)} conversations", file=sys.stderr, flush=True)
    ids = {record["id"] for record in chosen}
    return [turn for turn_id, turn in turns.items() if turn_id.split(".")[0] in ids]


def shown(turns: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong, question by question."""
    lines = []
    for turn in turns:
        false = [text for text, verdict in turn["statements"] if verdict is False]
        wrong = {
            "plan": not turn["right"], "not all said": turn["due"] and not turn["told"], "false": false, "absence": turn["absent"] is False,
            "numbers": turn["numbers"], "needless": turn["needless"], "fault": turn["fault"],
        }  # fmt: skip
        if any(wrong.values()):
            lines.append(f"{turn['id']} {', '.join(name for name, bad in wrong.items() if bad)}: {turn['ask']}")
            lines += [f"    {what}" for what in (json.dumps(turn["made"]), *false, *turn["numbers"], turn["fault"]) if what]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--half", choices=("locked", "open", "both"), default="locked", help="of the questions (default locked)")
    parser.add_argument("--engine", choices=("oracle", "embedded"), default="oracle", help="what looks at the videos (default oracle)")
    parser.add_argument("--limit", type=int, help="at most so many conversations, evenly spread")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--show", action="store_true", help="print each question that went wrong; of the open half only")
    args = parser.parse_args(argv)
    if args.show and args.half != "open":
        parser.error("--show is for --half open: the locked half is not looked at question by question")
    turns = asyncio.run(measure(args.half, args.engine, args.limit))
    found = summary(turns)
    if args.json:
        names = sorted({turn["form"] for turn in turns}) if args.half == "open" else ()  # by form would be a hint
        forms = {form: summary([turn for turn in turns if turn["form"] == form]) for form in names}
        print(json.dumps({"half": args.half, "engine": args.engine, **found, "forms": forms}, indent=1))
    else:
        print(table({f"rules, {args.engine}, {args.half} ({found['turns']} questions)": found, "a language model": None}))
    if args.show:
        print(shown(turns))
    return 0


if __name__ == "__main__":
    sys.exit(main())

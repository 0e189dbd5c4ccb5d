"""Runs: ask a question, or go on with one that was interrupted.

Every step of a run is kept in a sqlite file (`runs.sqlite` unless another is named), under the run's id. Cancelling `ask` cancels the
calls in flight and leaves a run that `resume` can finish.
"""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import anyio
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from medvid.agent.catalogue import Client
from medvid.agent.check import BUDGET_CALLS
from medvid.agent.events import OnEvent, tell_nobody
from medvid.agent.graph import BUDGET_S, FIRST_WAIT_S, Context, State, build_graph
from medvid.agent.ledger import Ledger
from medvid.agent.memory import Memory
from medvid.agent.planner import offline
from medvid.agent.planning import Planner
from medvid.core import Answer, ConfigError, Contradiction, Failure, Plan, Planning, Run, SecondLook
from medvid.core.settings import runs_file

CALLS_AT_ONCE = 8
WAVES_AT_MOST = 500
"""LangGraph's own stop against loops; a plan's budget stops long before."""


def new_run_id() -> str:
    return secrets.token_hex(6)


async def ask(
    question: str, video_ids: Sequence[str], client: Client, *, run_id: str | None = None, plan: Plan | None = None,
    planner: Planner = offline, memory: Memory | None = None, insist: bool = False, on_event: OnEvent = tell_nobody,
    checkpoints: Path | None = None, budget: int = BUDGET_CALLS, budget_s: float = BUDGET_S, verify: bool = True,
    first_wait_s: float = FIRST_WAIT_S,
) -> Run:  # fmt: skip
    """Plans, checks, runs and answers. A ready `plan` is run as it stands; checkpoints: the file, `runs.sqlite` where None. budget_s: what
    the calls may take together. verify: look again at what is said of times. Raises PlanError where the plan may not run, AccessError
    for a video that is not served."""
    run_id = run_id or new_run_id()
    state: State = {"question": question, "video_ids": list(video_ids), "budget": budget, "insist": insist, "calls": {}}
    state |= {"budget_s": budget_s, "verify": verify}
    if plan is not None:
        state["plan"] = plan.to_json()
    context = Context(client, planner, on_event, memory or Memory(), first_wait_s)
    async with _saver(checkpoints or runs_file()) as saver:
        if await saver.aget_tuple(_config(run_id)) is not None:
            raise ConfigError(f"there is a run {run_id} already; go on with it (`medvid resume {run_id}`) or give another id")
        return await _to_the_end(saver, run_id, state, context)


async def resume(
    run_id: str, client: Client, *, planner: Planner = offline, memory: Memory | None = None, on_event: OnEvent = tell_nobody,
    checkpoints: Path | None = None,
) -> Run:  # fmt: skip
    """Goes on where the run stopped; calls that finished are not made again. A finished run is given as it stands."""
    path = checkpoints or runs_file()
    async with _saver(path) as saver:
        await _stored(saver, run_id, path)
        return await _to_the_end(saver, run_id, None, Context(client, planner, on_event, memory or Memory()))


async def question_of(run_id: str, *, checkpoints: Path | None = None) -> tuple[str, tuple[str, ...]]:
    """The question of a stored run and its videos, for whoever has to open them before resuming."""
    path = checkpoints or runs_file()
    async with _saver(path) as saver:
        stored = await _stored(saver, run_id, path)
        return stored["question"], tuple(stored["video_ids"])


async def _stored(saver: AsyncSqliteSaver, run_id: str, path: Path) -> dict[str, Any]:
    """The state of a run. Raises ConfigError where the file does not hold it."""
    snapshot = await build_graph().compile(checkpointer=saver).aget_state(_config(run_id))
    if not snapshot.values and not snapshot.next:
        raise ConfigError(f"{path} holds no run {run_id!r}; `medvid ask` prints a run's id first")
    return dict(snapshot.values)


async def _to_the_end(saver: AsyncSqliteSaver, run_id: str, state: State | None, context: Context) -> Run:
    graph = build_graph().compile(checkpointer=saver)
    # "sync": a superstep begins only when what it builds on is stored; the results of its calls are stored as each finishes.
    last = await graph.ainvoke(state, _config(run_id), context=context, durability="sync")
    return to_run(run_id, last)


def to_run(run_id: str, state: dict[str, Any]) -> Run:
    ledger = Ledger.of(state)
    ids = [step.id for step in ledger.plan.steps]
    outcomes = {step_id: contents for step_id in ids if (contents := ledger.contents(step_id))}
    failures = {step_id: list(map(Failure.model_validate, failed)) for step_id in ids if (failed := ledger.failures(step_id))}
    answer = Answer.model_validate(state["answer"])
    return Run(
        id=run_id, question=state["question"], plan=ledger.plan, outcomes=outcomes, values=ledger.values, failures=failures, answer=answer,
        plannings=tuple(map(Planning.model_validate, state.get("plannings", ()))),
        looks=tuple(map(SecondLook.model_validate, state.get("looks", ()))), reused=state.get("reused", {}),
        contradictions=tuple(map(Contradiction.model_validate, state.get("contradictions", ()))), limits=tuple(state.get("limits", ())),
    )  # fmt: skip


def _config(run_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": run_id}, "recursion_limit": WAVES_AT_MOST, "max_concurrency": CALLS_AT_ONCE}


@asynccontextmanager
async def _saver(path: Path) -> AsyncIterator[AsyncSqliteSaver]:
    connection = await aiosqlite.connect(path)
    try:
        yield AsyncSqliteSaver(connection)
    finally:
        # A cancelled run still closes its file: the connection's thread would keep the process alive.
        with anyio.CancelScope(shield=True):
            await connection.close()

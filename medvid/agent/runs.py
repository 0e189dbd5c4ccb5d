"""Runs: ask a question, or go on with one that was interrupted.

Every step of a run is kept in a sqlite file (`runs.sqlite` unless another is named), under the run's id. Cancelling `ask` cancels the
calls in flight and leaves a run that `resume` can finish. A run whose plan waits for a yes is left in the same way.
"""

import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import aiosqlite
import anyio
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command

from medvid import __version__
from medvid.agent.approval import Cost, Waiting
from medvid.agent.catalogue import Client, list_tools
from medvid.agent.check import BUDGET_CALLS, check_plan
from medvid.agent.events import OnEvent, tell_nobody
from medvid.agent.graph import BUDGET_S, FIRST_WAIT_S, Context, State, build_graph
from medvid.agent.ledger import Ledger
from medvid.agent.memory import Memory
from medvid.agent.planner import offline
from medvid.agent.planning import Planner
from medvid.core import Answer, ConfigError, Contradiction, Failure, Plan, Planning, Run, SecondLook
from medvid.core.settings import runs_file

HERE = ""
"""The caller at this machine's command line; those of a server have names."""
NOTHING: Mapping[str, Any] = {}
DONE = (
    "DELETE FROM writes WHERE thread_id = :run_id",
    "DELETE FROM checkpoints WHERE thread_id = :run_id AND checkpoint_id < "
    "(SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = :run_id)",
)
"""Of a finished run its last checkpoint is kept."""
CALLS_AT_ONCE = 8
WAVES_AT_MOST = 500
"""LangGraph's own stop against loops; a plan's budget stops long before."""


def new_run_id() -> str:
    return secrets.token_hex(6)


async def ask(
    question: str, video_ids: Sequence[str], client: Client, *, run_id: str | None = None, plan: Plan | None = None,
    planner: Planner = offline, memory: Memory | None = None, model: str | None = None, insist: bool = False, verify: bool = True,
    caller: str = HERE, approve: Cost | None = None, paces: Mapping[str, float] = NOTHING, note: Mapping[str, Any] = NOTHING,
    on_event: OnEvent = tell_nobody, checkpoints: Path | None = None, budget: int = BUDGET_CALLS, budget_s: float = BUDGET_S,
    first_wait_s: float = FIRST_WAIT_S,
) -> Run:  # fmt: skip
    """Plans, checks, runs and answers. A ready `plan` is run as it stands; checkpoints: the file, `runs.sqlite` where None. model: whose
    outcomes in memory are used again. verify: looks again at what is said of times. approve: above it the plan waits for a yes, reckoned
    by paces (of Memory). note: plain JSON for whoever resumes it. budget_s: what the calls may take together. Raises PlanError where the
    plan may not run, Waiting where it waits, AccessError for a video that is not served."""
    run_id, memory = run_id or new_run_id(), memory or Memory()
    state: State = {
        "question": question, "video_ids": list(video_ids), "budget": budget, "budget_s": budget_s, "insist": insist, "verify": verify,
        "thread": memory.thread, "approve": approve.model_dump(mode="json") if approve else None, "note": dict(note), "calls": {},
    }  # fmt: skip
    if plan is not None:
        state["plan"] = plan.to_json()
    context = Context(client, await list_tools(client), planner, on_event, memory, first_wait_s, model, paces)
    async with open_saver(checkpoints or runs_file()) as saver:
        if await saver.aget_tuple(_config(run_id)) is not None:
            raise ConfigError(f"there is a run {run_id} already; go on with it (`medvid resume {run_id}`) or give another id")
        marks = {"caller": caller, "thread": memory.thread, "asked_s": time.time(), "version": __version__}
        return await _to_the_end(saver, _config(run_id, marks), state, context)


async def resume(
    run_id: str, client: Client, *, approved: Plan | None = None, planner: Planner = offline, memory: Memory | None = None,
    model: str | None = None, paces: Mapping[str, float] = NOTHING, on_event: OnEvent = tell_nobody, checkpoints: Path | None = None,
) -> Run:  # fmt: skip
    """Goes on where the run stopped; calls that finished are not made again. A finished run is given as it stands. approved: what a run
    that waits for a yes shall do. Raises PlanError where that may not run, and Waiting where it is needed."""
    path = checkpoints or runs_file()
    async with open_saver(path) as saver:
        state = await _stored(saver, run_id, path)
        context = Context(client, await list_tools(client), planner, on_event, memory or Memory(), model=model, paces=paces)
        if approved is not None:
            check_plan(approved, context.tools, listing=state["listing"], budget=state["budget"])
        given: Command[Any] | None = Command(resume=approved.to_json()) if approved is not None else None
        last = await saver.aget_tuple(_config(run_id))
        return await _to_the_end(saver, _config(run_id, last.metadata if last else NOTHING), given, context)


async def stored(run_id: str, *, checkpoints: Path | None = None) -> dict[str, Any]:
    """What is kept of a run (see graph.State), for whoever has to open its videos before resuming."""
    path = checkpoints or runs_file()
    async with open_saver(path) as saver:
        return await _stored(saver, run_id, path)


async def _stored(saver: AsyncSqliteSaver, run_id: str, path: Path) -> dict[str, Any]:
    """The state of a run. Raises ConfigError where the file does not hold it."""
    snapshot = await _graph(saver).aget_state(_config(run_id))
    if not snapshot.values and not snapshot.next:
        raise ConfigError(f"{path} holds no run {run_id!r}; `medvid ask` prints a run's id first")
    return dict(snapshot.values)


async def _to_the_end(saver: AsyncSqliteSaver, config: RunnableConfig, given: State | Command[Any] | None, context: Context) -> Run:
    graph, run_id = _graph(saver), config["configurable"]["thread_id"]
    # "sync": a superstep begins only when what it builds on is stored; the results of its calls are stored as each finishes.
    last = await graph.ainvoke(given, config, context=context, durability="sync")
    for waits in last.get("__interrupt__", ()):
        raise Waiting(run_id, Plan.model_validate(waits.value["plan"]), Cost.model_validate(waits.value["cost"]))
    for statement in DONE:
        await saver.conn.execute(statement, {"run_id": run_id})
    await saver.conn.commit()
    return to_run(run_id, last)


@cache
def _compiled() -> Any:
    return build_graph().compile()


def _graph(saver: AsyncSqliteSaver) -> Any:
    """Compiled once, for that takes longer than the run of a short plan."""
    return _compiled().copy(update={"checkpointer": saver})


def to_run(run_id: str, state: dict[str, Any]) -> Run:
    ledger = Ledger.of(state)
    ids = [step.id for step in ledger.plan.steps]
    outcomes = {step_id: contents for step_id in ids if (contents := ledger.contents(step_id))}
    failures = {step_id: list(map(Failure.model_validate, failed)) for step_id in ids if (failed := ledger.failures(step_id))}
    answer = Answer.model_validate(state["answer"])
    return Run(
        id=run_id, question=state["question"], plan=ledger.plan, outcomes=outcomes, values=ledger.values, failures=failures, answer=answer,
        plannings=tuple(map(Planning.model_validate, state.get("plannings", ()))), thread=state.get("thread"),
        looks=tuple(map(SecondLook.model_validate, state.get("looks", ()))), reused=state.get("reused", {}),
        contradictions=tuple(map(Contradiction.model_validate, state.get("contradictions", ()))), limits=tuple(state.get("limits", ())),
    )  # fmt: skip


def _config(run_id: str, marks: Mapping[str, Any] = NOTHING) -> RunnableConfig:
    """marks: what stands beside each checkpoint, for whoever looks for the runs of a conversation."""
    options: RunnableConfig = {"configurable": {"thread_id": run_id}, "recursion_limit": WAVES_AT_MOST, "max_concurrency": CALLS_AT_ONCE}
    return {**options, "metadata": dict(marks)}


@asynccontextmanager
async def open_saver(path: Path) -> AsyncIterator[AsyncSqliteSaver]:
    connection = await aiosqlite.connect(path)
    try:
        await connection.execute("PRAGMA secure_delete = ON")  # what is deleted is written over
        yield AsyncSqliteSaver(connection)
    finally:
        # A cancelled run still closes its file: the connection's thread would keep the process alive.
        with anyio.CancelScope(shield=True):
            await connection.close()

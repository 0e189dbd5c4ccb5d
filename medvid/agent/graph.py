"""Graph: a run as a LangGraph graph. Plan, check, run what is ready in parallel, look wider once, answer.

    plan -> check -> advance -> call, call, ... -> advance -> ... -> review -> (advance again | answer)

State is plain JSON. Every call is a task of its own, so its result is stored as soon as it is there, and a run that was killed goes on
without repeating a finished call. Tools are called through an MCP client; an error that `_meta["medvid/error"]` marks is tried again.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypedDict

import anyio
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send
from mcp import MCPError

from medvid.agent.answer import compose
from medvid.agent.catalogue import Client, is_outcome, list_tools, list_videos, text_of
from medvid.agent.check import BUDGET_CALLS, check_plan
from medvid.agent.events import Event, OnEvent, tell_nobody
from medvid.agent.ledger import Ledger, look_wider
from medvid.agent.memory import Memory
from medvid.agent.planning import Asked, Planner
from medvid.core import Needs, Plan

ERROR_META = "medvid/error"
ATTEMPTS = 3
FIRST_WAIT_S = 0.5
"""Before the second attempt; each further wait is twice the last. A server that is busy says itself how long to wait."""
LONGEST_WAIT_S = 60.0
SILENT_S, LONGEST_CALL_S = 900.0, 3600.0
"""A call is given up after so long without an answer or progress, and after so long in all."""
WAITS = {"medvid/waits": True}
"""Tells our server that a long call is waited for; another's passes over it."""


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Adds entries of calls, step by step."""
    return {**old, **{step: {**old.get(step, {}), **entries} for step, entries in new.items()}}


class State(TypedDict, total=False):
    question: str
    video_ids: list[str]
    budget: int
    insist: bool
    listing: list[dict[str, Any]]
    plan: dict[str, Any]
    needs: dict[str, Any] | None
    calls: Annotated[dict[str, dict[str, Any]], _merge]
    counts: dict[str, int]
    values: dict[str, Any]
    faults: dict[str, list[dict[str, Any]]]
    skipped: dict[str, dict[str, str]]
    ready: list[dict[str, Any]]
    replanned: bool
    answer: dict[str, Any]
    unused: list[str]
    plannings: list[dict[str, Any]]


class CallInput(TypedDict):
    """A `ledger.Call` as JSON."""

    step: str
    index: int
    tool: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What a run needs and no checkpoint holds."""

    client: Client
    planner: Planner
    on_event: OnEvent = tell_nobody
    memory: Memory = Memory()
    first_wait_s: float = FIRST_WAIT_S


async def _plan(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    context = runtime.context
    listing: list[dict[str, Any]] = await list_videos(context.client, state["video_ids"]) if state["video_ids"] else []
    if "plan" in state:
        return {"listing": listing}
    tools = await list_tools(context.client)
    planned = await context.planner(Asked(state["question"], listing, tools, context.memory, state.get("insist", False)))
    kept = {"listing": listing, "unused": list(planned.unused), "plannings": [tried.model_dump(mode="json") for tried in planned.tries]}
    if isinstance(planned.made, Needs):
        return {**kept, "plan": {"steps": []}, "needs": planned.made.model_dump(mode="json")}
    return {**kept, "plan": planned.made.to_json()}


async def _check(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    if state.get("needs"):
        return {}
    plan = Plan.model_validate(state["plan"])
    check_plan(plan, await list_tools(runtime.context.client), budget=state.get("budget", BUDGET_CALLS))
    steps = ", ".join(f"{step.id} {step.name}" for step in plan.steps)
    await runtime.context.on_event(Event("planned", steps, steps_done=0, steps=len(plan.steps)))
    return {}


async def _advance(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    ledger = Ledger.of(state)
    skipped = set(ledger.skipped)
    ready = ledger.advance(state.get("budget", BUDGET_CALLS))
    for step_id in [step_id for step_id in ledger.skipped if step_id not in skipped]:
        empty = ", ".join(dict.fromkeys(ledger.skipped[step_id].values()))
        await runtime.context.on_event(Event("skipped", f"{empty} is empty", step=step_id))
    done, steps = sum(map(ledger.settled, ledger.plan.steps)), len(ledger.plan.steps)
    await runtime.context.on_event(Event("advanced", f"{done} of {steps} steps done", steps_done=done, steps=steps))
    return {**ledger.to_json(), "ready": [asdict(call) for call in ready]}


def _dispatch(state: State) -> list[Send] | str:
    return [Send("call", call) for call in state["ready"]] or "review"


async def _call(state: CallInput, runtime: Runtime[Context]) -> dict[str, Any]:
    """One tool call. A failure is an entry, so that one failed call does not end the run."""
    context, step, index = runtime.context, state["step"], state["index"]

    async def progress(done: float, total: float | None, message: str | None) -> None:
        await context.on_event(Event("progress", message or "", step=step, index=index, done=done, total=total))

    await context.on_event(Event("started", state["tool"], step=step, index=index))
    for attempt in range(1, ATTEMPTS + 1):
        entry = await _answer_of(context.client, state, progress)
        failure = entry.get("failure")
        if failure is None or not failure["retryable"] or attempt == ATTEMPTS:
            break
        await context.on_event(Event("retried", f"{state['tool']}: {failure['message']}", step=step, index=index))
        await anyio.sleep(max(context.first_wait_s * 2 ** (attempt - 1), entry.get("retry_after_s", 0.0)))
    if failure is None:
        status = entry["content"]["status"] if is_outcome(entry["content"]) else "ok"
        told = Event("finished", f"{state['tool']}: {status.replace('_', ' ')}", step=step, index=index, status=status)
    else:
        told = Event("failed", f"{state['tool']}: {failure['message']}", step=step, index=index)
    await context.on_event(told)
    return {"calls": {step: {str(index): entry}}}


async def _answer_of(client: Client, call: CallInput, progress: Any) -> dict[str, Any]:
    last_s = anyio.current_time() + LONGEST_CALL_S

    async def heard(*told: Any) -> None:
        scope.deadline = min(last_s, anyio.current_time() + SILENT_S)
        await progress(*told)

    with anyio.move_on_after(min(SILENT_S, LONGEST_CALL_S)) as scope:
        try:
            result = await client.call_tool(call["tool"], call["args"], progress_callback=heard, meta=WAITS)
        except MCPError as error:  # the server answered the request itself with an error, or went away: no mark, so not retried
            return {"failure": {"kind": "server", "message": error.message, "retryable": False}}
        except RuntimeError as error:  # so the client says that structured content is not what the tool's output schema promises
            return {"failure": {"kind": "tool", "message": f"{str(error).splitlines()[0]}; nothing of it is used", "retryable": False}}
    if scope.cancelled_caught:
        hung = f"no answer within {LONGEST_CALL_S:g} s, nor word of it for {SILENT_S:g} s; ask for a shorter span, or see the server's log"
        return {"failure": {"kind": "server", "message": hung, "retryable": False}}
    if result.is_error:
        mark = (result.meta or {}).get(ERROR_META, {})
        failure = {"kind": mark.get("kind", "tool"), "message": text_of(result), "retryable": bool(mark.get("retryable", False))}
        asked_s = mark.get("retry_after_s")
        return {"failure": failure, "retry_after_s": min(asked_s, LONGEST_WAIT_S) if isinstance(asked_s, int | float) else 0.0}
    return {"content": result.structured_content if isinstance(result.structured_content, dict) else {"text": text_of(result)}}


async def _review(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Looks wider once. What was skipped for want of it is open again."""
    ledger = Ledger.of(state)
    wider = None if state.get("needs") or state.get("replanned") else look_wider(ledger)
    if wider is None:
        return {"replanned": True}
    check_plan(wider, await list_tools(runtime.context.client), budget=state.get("budget", BUDGET_CALLS))
    new = [step for step in wider.steps if step.id not in {old.id for old in ledger.plan.steps}]
    changed = {step.id for step in wider.steps if step not in ledger.plan.steps}
    await runtime.context.on_event(Event("replanned", f"looking wider: {', '.join(f'{step.id} {step.name}' for step in new)}"))
    reopened = ledger.reopened(wider, changed)
    return {"plan": wider.to_json(), "replanned": True, "ready": [], **reopened.to_json()}


def _after_review(state: State) -> str:
    ledger = Ledger.of(state)
    return "answer" if state.get("needs") or all(map(ledger.settled, ledger.plan.steps)) else "advance"


async def _answer(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    needs = state.get("needs")
    answer = compose(state["question"], Ledger.of(state), state["listing"], Needs.model_validate(needs) if needs else None)
    await runtime.context.on_event(Event("answered", answer.text))
    return {"answer": answer.model_dump(mode="json")}


def build_graph() -> StateGraph[State, Context, State, State]:
    graph = StateGraph(State, context_schema=Context)
    for name, node in {"plan": _plan, "check": _check, "advance": _advance, "review": _review, "answer": _answer}.items():
        graph.add_node(name, node)
    graph.add_node("call", _call, input_schema=CallInput)
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "check")
    graph.add_conditional_edges("check", lambda state: "review" if state.get("needs") else "advance", ["review", "advance"])
    graph.add_conditional_edges("advance", _dispatch, ["call", "review"])
    graph.add_edge("call", "advance")
    graph.add_conditional_edges("review", _after_review, ["advance", "answer"])
    graph.add_edge("answer", END)
    return graph

"""Graph: a run as a LangGraph graph. Plan, check, ask for a yes where it costs much, run what is ready in parallel, look again, answer.

    plan -> check -> approve -> advance -> call, call, ... -> advance -> ... -> review -> (advance again | answer)

State is plain JSON. Every call is a task of its own, so its result is stored as soon as it is there, and a run that was killed goes on
without repeating a finished call, nor one that an earlier turn of the conversation made. Tools are called through an MCP client; an error
that `_meta["medvid/error"]` marks is tried again.
"""

import operator
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, TypedDict

import anyio
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send, interrupt
from mcp import MCPError

from medvid.agent.answer import Told, compose
from medvid.agent.approval import Cost, cost_of
from medvid.agent.catalogue import Client, Tools, is_outcome, list_videos, text_of
from medvid.agent.check import BUDGET_CALLS, check_plan
from medvid.agent.contradictions import contradictions
from medvid.agent.events import Event, OnEvent, tell_nobody
from medvid.agent.ledger import LIMIT, Ledger
from medvid.agent.memory import Memory
from medvid.agent.model_planner import ModelPlanner
from medvid.agent.planning import Asked, Planner
from medvid.agent.replan import look_once_more
from medvid.agent.second_look import claims, judged, look_again
from medvid.agent.watching import watched
from medvid.agent.writer import write
from medvid.core import Needs, Plan, Planning, SecondLook

STAGES = 3
"""Of the review; see `_review`."""
BUDGET_S = 3600.0
"""That the calls of one run may take together, unless told otherwise."""
NOT_AGAIN = "so what was not found was not looked for again"
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
    verify: bool
    thread: str | None
    approve: dict[str, Any] | None
    note: dict[str, Any]
    listing: list[dict[str, Any]]
    plan: dict[str, Any]
    needs: dict[str, Any] | None
    calls: Annotated[dict[str, dict[str, Any]], _merge]
    reused: Annotated[dict[str, str], operator.or_]
    counts: dict[str, int]
    values: dict[str, Any]
    faults: dict[str, list[dict[str, Any]]]
    skipped: dict[str, dict[str, str]]
    ready: list[dict[str, Any]]
    takes: dict[str, list[str]]
    budget_s: float
    reviewed: int
    revised: dict[str, dict[str, Any]]
    looks: list[dict[str, Any]]
    contradictions: list[dict[str, Any]]
    limits: list[str]
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
    """What a run needs and no checkpoint holds. tools: the client's. model: whose outcomes in memory are used again; none where None."""

    client: Client
    tools: Tools
    planner: Planner
    on_event: OnEvent = tell_nobody
    memory: Memory = Memory()
    first_wait_s: float = FIRST_WAIT_S
    model: str | None = None
    paces: Mapping[str, float] = field(default_factory=dict)


async def _plan(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    context = runtime.context
    listing: list[dict[str, Any]] = await list_videos(context.client, state.get("video_ids")) if state.get("video_ids", True) else []
    if "plan" in state:
        return {"listing": listing}
    planned = await context.planner(Asked(state["question"], listing, context.tools, context.memory, state.get("insist", False)))
    kept = {"listing": listing, "unused": list(planned.unused), "plannings": [tried.model_dump(mode="json") for tried in planned.tries]}
    kept["limits"] = list(planned.limits)
    if isinstance(planned.made, Needs):
        return {**kept, "plan": {"steps": []}, "needs": planned.made.model_dump(mode="json")}
    return {**kept, "plan": planned.made.to_json()}


async def _check(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    if state.get("needs"):
        return {}
    plan, tools = Plan.model_validate(state["plan"]), runtime.context.tools
    check_plan(plan, tools, listing=state["listing"], budget=state.get("budget", BUDGET_CALLS))
    return {"takes": {name: list(card.arguments) for name, card in tools.items()}}


async def _approve(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Waits for a yes where the plan costs more than may be spent unasked. What comes back is the plan, perhaps edited, and checked."""
    plan, bound = Plan.model_validate(state["plan"]), state.get("approve")
    cost = cost_of(plan, state["listing"], runtime.context.paces)
    if bound is not None and cost.above(Cost.model_validate(bound)):
        plan = Plan.model_validate(interrupt({"plan": plan.to_json(), "cost": cost.model_dump(mode="json")}))
    steps = ", ".join(f"{step.id} {step.name}" for step in plan.steps)
    await runtime.context.on_event(Event("planned", steps, steps_done=0, steps=len(plan.steps)))
    return {"plan": plan.to_json()}


async def _advance(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    ledger = Ledger.of(state)
    skipped = set(ledger.skipped)
    ready = ledger.advance(*_budgets(state))
    for step_id in [step_id for step_id in ledger.skipped if step_id not in skipped]:
        empty = ", ".join(dict.fromkeys(ledger.skipped[step_id].values()))
        await runtime.context.on_event(Event("skipped", f"{empty} is empty", step=step_id))
    done, steps = sum(map(ledger.settled, ledger.plan.steps)), len(ledger.plan.steps)
    await runtime.context.on_event(Event("advanced", f"{done} of {steps} steps done", steps_done=done, steps=steps))
    return {**ledger.to_json(), "ready": [asdict(call) for call in ready]}


def _budgets(state: State) -> tuple[int, float]:
    return state.get("budget", BUDGET_CALLS), state.get("budget_s", BUDGET_S)


def _dispatch(state: State) -> list[Send] | str:
    return [Send("call", call) for call in state["ready"]] or "review"


async def _call(state: CallInput, runtime: Runtime[Context]) -> dict[str, Any]:
    """One tool call. A failure is an entry, so that one failed call does not end the run."""
    context, step, index = runtime.context, state["step"], state["index"]

    async def progress(done: float, total: float | None, message: str | None) -> None:
        await context.on_event(Event("progress", message or "", step=step, index=index, done=done, total=total))

    if context.model is not None and (earlier := context.memory.found(state["tool"], state["args"], context.model)):
        run_id, content = earlier
        words = f"{state['tool']}: {content['status'].replace('_', ' ')}, from an earlier turn"
        await context.on_event(Event("finished", words, step=step, index=index, status=content["status"]))
        return {"calls": {step: {str(index): {"content": content}}}, "reused": {step: run_id}}
    await context.on_event(Event("started", state["tool"], step=step, index=index))
    started_s = time.monotonic()
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
    return {"calls": {step: {str(index): entry | {"took_s": round(time.monotonic() - started_s, 3)}}}}


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
    """Each stage once: look for what was not found, look again at what was claimed, judge. One that opens steps sends the run on."""
    ledger, done = Ledger.of(state), state.get("reviewed", 0) if not state.get("needs") else STAGES
    limits, looks = list(state.get("limits", ())), list(map(SecondLook.model_validate, state.get("looks", ())))
    known, (budget, seconds) = ledger.plan.steps, _budgets(state)
    while done < STAGES and all(map(ledger.settled, ledger.plan.steps)):
        limit = ledger.limit(budget, seconds)
        further = ledger if done == 1 else look_once_more(ledger, state["listing"], state.get("takes", {}))
        if done == 0 and limit is None:
            ledger = further
        elif done == 0 and further is not ledger:
            limits.append(f"{limit}, {NOT_AGAIN}")
        elif done == 1 and state.get("verify", True) and claims(ledger):
            left = 0 if limit else budget - sum(map(len, ledger.calls.values()))
            ledger, looks = look_again(ledger, state["listing"], state.get("takes", {}), left)
            limits += [f"{limit}, so not every time was looked at again"] if limit else []
        elif done == 2:
            if further is not ledger and not any(told.endswith(NOT_AGAIN) for told in limits):
                limits.append("the one round of looking again is used up; what is not found yet was not looked for further")
            limits += [fault["message"] for faults in ledger.faults.values() for fault in faults if fault["kind"] == LIMIT]
            ledger, looks = judged(ledger, looks)
        done += 1
    if news := [f"{step.id} {step.name}" for step in ledger.plan.steps if step not in known]:
        await runtime.context.on_event(Event("replanned", f"looking again: {', '.join(news)}"))
    kept = {"plan": ledger.plan.to_json(), "ready": [], **ledger.to_json(), "looks": [look.model_dump(mode="json") for look in looks]}
    return {**kept, "limits": limits, "reviewed": done}


def _after_review(state: State) -> str:
    return "answer" if state["reviewed"] == STAGES and all(map((ledger := Ledger.of(state)).settled, ledger.plan.steps)) else "advance"


async def _answer(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    needs, ledger = state.get("needs"), Ledger.of(state)
    found = contradictions(ledger)
    looks = list(map(SecondLook.model_validate, state.get("looks", ())))
    told = Told(looks, found, state.get("reused", {}), state.get("limits", ()), state.get("unused", ()))
    answer = compose(state["question"], ledger, state["listing"], Needs.model_validate(needs) if needs else None, told)
    tries: list[Planning] = []
    if isinstance(planner := runtime.context.planner, ModelPlanner) and planner.answers and needs is None:
        answer, tries = await write(planner, state["question"], ledger, state["listing"], answer, {look.by for look in looks})
    await runtime.context.on_event(Event("answered", answer.text))
    plannings = [*state.get("plannings", ()), *(tried.model_dump(mode="json") for tried in tries)]
    shown = [item.model_dump(mode="json") for item in found]
    return {"answer": answer.model_dump(mode="json"), "contradictions": shown, "plannings": plannings}


def build_graph(own: Context | None = None) -> StateGraph[State, Context, State, State]:
    """own: for a program that runs the graph without giving a context, such as LangGraph's Studio."""
    graph = StateGraph(State, context_schema=None if own else Context)
    for node in (_plan, _check, _approve, _advance, _review, _answer):
        name = node.__name__.removeprefix("_")
        graph.add_node(name, watched(name, node, own), input_schema=State)
    graph.add_node("call", watched("call", _call, own), input_schema=CallInput)
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "check")
    graph.add_conditional_edges("check", lambda state: "review" if state.get("needs") else "approve", ["review", "approve"])
    graph.add_edge("approve", "advance")
    graph.add_conditional_edges("advance", _dispatch, ["call", "review"])
    graph.add_edge("call", "advance")
    graph.add_conditional_edges("review", _after_review, ["advance", "answer"])
    graph.add_edge("answer", END)
    return graph

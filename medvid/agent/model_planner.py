"""The language model planner: any LangChain chat model writes the plan, in the form of every plan, and mends it twice at most.

It gets the question, the videos' listings, the tools' descriptions, the grammar (prompts/planner.md) and what the conversation found; never
a frame. What comes from files or other servers stands in JSON that is said to be data. Source: LangChain, "Chat models".
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr, ValidationError

from medvid.agent.check import check_plan
from medvid.agent.operations import OPS
from medvid.agent.planner import offline
from medvid.agent.planning import Asked, Planned
from medvid.agent.shapes import Placeholder, words
from medvid.core import ConfigError, EngineError, Needs, Plan, PlanError, Planning, Step, Value

TRIES = 3
TURNS_TOLD = 6
_ROOTS = {"openai": "OpenAIError", "anthropic": "AnthropicError", "httpx": "HTTPError", "langchain_core.exceptions": "LangChainException"}


class Written(Value):
    """What the model answers: steps, or what has to be asked first."""

    steps: tuple[Step, ...] = ()
    needs: Needs | None = None


def open_chat(model: str, endpoint: str | None = None, api_key: SecretStr | None = None) -> BaseChatModel:
    """`PROVIDER:MODEL` of LangChain's `init_chat_model`, or a model of the OpenAI-compatible server at `endpoint`. Raises ConfigError."""
    try:
        from langchain.chat_models import init_chat_model

        server = {"model_provider": "openai", "base_url": endpoint, "temperature": 0.0} if endpoint else {}
        key = {"api_key": api_key or SecretStr("none")} if api_key or endpoint else {}
        opened: BaseChatModel = init_chat_model(model, **server, **key)
        return opened
    except ImportError as error:
        raise ConfigError(f"planner_model {model!r} cannot be opened: {error}; install `medvid[llm]`, or the provider's package") from error
    except provider_errors(ValueError) as error:
        reason = str(error).partition("\n")[0]
        told = f"planner_model {model!r} cannot be opened: {reason}"
        raise ConfigError(f"{told}; write PROVIDER:MODEL, or name a planner_endpoint") from error


def provider_errors(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What the clients of providers raise; each that is loaded has a root of its own."""
    return more + tuple(getattr(sys.modules[module], root) for module, root in _ROOTS.items() if module in sys.modules)


@dataclass(frozen=True, slots=True)
class ModelPlanner:
    """fallback: whether the offline rules plan where the model cannot. answers: whether it writes the answers' texts too (writer.py)."""

    model: BaseChatModel
    name: str
    fallback: bool = False
    answers: bool = False

    async def __call__(self, asked: Asked) -> Planned:
        tries: list[Planning] = []
        try:
            return await self._planned(asked, tries)
        except (PlanError, EngineError) as error:
            if not self.fallback:
                raise
            planned = await offline(asked)
            return replace(planned, tries=tuple(tries), limits=(f"the rules planned, not the language model: {error}",))

    async def _planned(self, asked: Asked, tries: list[Planning]) -> Planned:
        messages = [("system", _rules()), ("human", _data(asked))]
        while len(tries) < TRIES:
            answer, made = await self._asked(messages)
            complaints = (made,) if isinstance(made, str) else _complaints(made, asked)
            tries.append(Planning(model=self.name, prompt="\n\n".join(text for _, text in messages), answer=answer, complaints=complaints))
            if isinstance(made, Written) and not complaints:
                return Planned(made.needs or _plan(made, asked), tries=tuple(tries))
            told = "\n".join(complaints)
            messages += [("ai", answer), ("human", f"That plan may not run:\n{told}\nWrite the whole answer again, mended.")]
        raise PlanError(f"{self.name} wrote no plan that may run, in {TRIES} tries; ask otherwise. The last one:", tries[-1].complaints)

    async def _asked(self, messages: Sequence[tuple[str, str]]) -> tuple[str, Written | str]:
        """The answer as it came, and what it says, or what is wrong with it."""
        try:
            replied: Any = await self.model.with_structured_output(Written.model_json_schema(), include_raw=True).ainvoke(list(messages))
        except provider_errors() as error:
            raise EngineError(f"the planner's model {self.name} did not answer: {error}") from error
        raw = replied["raw"]
        text = raw.text or json.dumps([call["args"] for call in raw.tool_calls])
        try:
            return text, Written.model_validate(replied["parsed"])
        except ValidationError as error:
            return text, "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:8])


def _plan(written: Written, asked: Asked) -> Plan:
    """With `insist` as the asker said, whatever the model wrote."""
    steps = []
    for step in written.steps:
        args = {name: value for name, value in step.args.items() if name != "insist"}
        card = asked.tools.get(step.tool or "")
        insist = {"insist": True} if asked.insist and card and "insist" in card.arguments else {}
        steps.append(step.model_copy(update={"args": {**args, **insist}}))
    return Plan(steps=tuple(steps))


def _complaints(written: Written, asked: Asked) -> tuple[str, ...]:
    if written.needs is not None:
        return ()
    known = {video["video_id"] for video in asked.listing}
    named = ((step.id, step.args["video_id"]) for step in written.steps if isinstance(step.args.get("video_id"), str))
    strange = tuple(f"step {step!r}: video_id {told!r} is none of {', '.join(sorted(known))}" for step, told in named if told not in known)
    try:
        check_plan(_plan(written, asked), asked.tools, listing=asked.listing)
    except PlanError as error:
        return (*strange, *error.complaints)
    return strange


def _rules() -> str:
    told = (f"- {op.name}({', '.join(op.takes)}): {op.says}; gives {words(Placeholder(op.gives, {}, ''))}" for op in OPS.values())
    return prompt("planner").replace("{operations}", "\n".join(told))


def prompt(name: str) -> str:
    return (files("medvid.prompts") / f"{name}.md").read_text(encoding="utf-8")


def _data(asked: Asked) -> str:
    videos = [{key: video.get(key) for key in ("video_id", "title", "duration_s", "procedure", "actions")} for video in asked.listing]
    tools = []
    for card in asked.tools.values():
        gives = Placeholder(card.output_schema or {}, card.output_schema or {}, "")
        said = words(gives.at("result") if card.gives_outcome else gives)
        tools.append({"name": card.name, "description": card.description, "arguments": card.input_schema, "gives": said})
    last = asked.memory.turns[-TURNS_TOLD:]
    turns = [{"question": turn.question, "plan": turn.plan.to_json(), "answer": turn.answer.text} for turn in last]
    return json.dumps({"question": asked.question, "videos": videos, "tools": tools, "conversation": turns}, ensure_ascii=False)

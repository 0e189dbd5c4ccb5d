"""The language model planner: any LangChain chat model writes the plan, in the form of every plan, and mends it twice at most.

It gets the question, the videos' listings, the tools' descriptions, the grammar (prompts/planner.md) and what the conversation found; never
a frame. What comes from files or other servers stands in JSON that is said to be data. Source: LangChain, "Chat models".
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr, ValidationError

from medvid.agent.check import check_plan
from medvid.agent.operations import OPS
from medvid.agent.planner import offline
from medvid.agent.planning import Asked, Planned
from medvid.agent.references import is_reference
from medvid.core import ConfigError, EngineError, Needs, Plan, PlanError, Planning, Step, Value

T = TypeVar("T")
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
    except provider_errors(ImportError, ValueError) as error:
        way = "install `medvid[llm]`" if isinstance(error, ImportError) else "write PROVIDER:MODEL, or name a planner_endpoint"
        raise ConfigError(f"planner_model {model!r} cannot be opened: {str(error).partition(chr(10))[0]}; {way}") from error


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
        told = "\n".join(f"- {operation.name}({', '.join(operation.takes)}): {operation.says}" for operation in OPS.values())
        model = self.model.with_structured_output(Written.model_json_schema(), include_raw=True)
        try:
            made = await self.mended(model, "planner", _data(asked), lambda reply: _read(reply, asked), TRIES, tries, operations=told)
            if made is None:
                raise PlanError(f"{self.name} wrote no plan that may run, in {TRIES} tries; ask otherwise. The last:", tries[-1].complaints)
            return Planned(made, tries=tuple(tries))
        except (PlanError, EngineError) as error:
            if not self.fallback:
                raise
            return replace(await offline(asked), tries=tuple(tries), limits=(f"the rules planned, not the language model: {error}",))

    async def mended(
        self, model: Any, wording: str, data: dict[str, Any], read: Callable[[Any], tuple[str, T, Sequence[str]]], most: int,
        tries: list[Planning], **rules: str,
    ) -> T | None:  # fmt: skip
        """What it answers that there is nothing against, being told what there is; None after `most` tries. read: of a reply its text, what
        it says, and what is against it. Raises EngineError."""
        system = (files("medvid.prompts") / f"{wording}.md").read_text(encoding="utf-8")
        for name, text in rules.items():
            system = system.replace(f"{{{name}}}", text)
        messages = [("system", system), ("human", json.dumps(data, ensure_ascii=False))]
        while len(tries) < most:
            try:
                answer, made, wrong = read(await model.ainvoke(messages))
            except provider_errors() as error:
                raise EngineError(f"the language model {self.name} did not answer: {error}") from error
            asked = "\n\n".join(text for _, text in messages)
            tries.append(Planning(model=self.name, prompt=asked, answer=answer, complaints=tuple(wrong)))
            if not wrong:
                return made
            messages += [("ai", answer), ("human", "\n".join(["That cannot be taken:", *wrong, "Write the whole answer again, mended."]))]
        return None


def _read(reply: Any, asked: Asked) -> tuple[str, Plan | Needs | None, Sequence[str]]:
    raw = reply["raw"]
    answer = str(raw.text) or json.dumps([call["args"] for call in raw.tool_calls])
    try:
        written = Written.model_validate(reply["parsed"])
        return answer, written.needs or _checked(written.steps, asked), ()
    except ValidationError as error:
        return answer, None, [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:8]]
    except PlanError as error:
        return answer, None, error.complaints


def _checked(written: Sequence[Step], asked: Asked) -> Plan:
    """Over the videos asked about, and with `insist` as the asker said, whatever the model wrote. Raises PlanError."""
    videos, steps = [video["video_id"] for video in asked.listing], []
    for step in written:
        if (named := step.args.get("video_id", videos[:1])) not in (*videos, videos[:1]) and not is_reference(named):
            raise PlanError("", (f"step {step.id!r}: video_id {named!r} is none of {', '.join(videos)}",))
        card = asked.tools.get(step.tool or "")
        insist = {"insist": True} if asked.insist and card and "insist" in card.arguments else {}
        args = {name: value for name, value in step.args.items() if name != "insist"}
        steps.append(step.model_copy(update={"args": {**args, **insist}}))
    check_plan(Plan(steps=tuple(steps)), asked.tools, listing=asked.listing)
    return Plan(steps=tuple(steps))


def _data(asked: Asked) -> dict[str, Any]:
    told = ("video_id", "title", "duration_s", "procedure", "actions")
    last = asked.memory.turns[-TURNS_TOLD:]
    return {
        "question": asked.question,
        "videos": [{key: video.get(key) for key in told} for video in asked.listing],
        "tools": [{"name": card.name, "does": card.description, "arguments": card.input_schema} for card in asked.tools.values()],
        "conversation": [{"question": turn.question, "plan": turn.plan.to_json(), "answer": turn.answer.text} for turn in last],
    }

"""ask_procedure, whoever plans."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcp import Client, MCPError

from medvid.core import Progress
from medvid.core.access import Access
from medvid.core.errors import PlanError
from medvid.core.plan import Plan, Step
from medvid.core.run import Answer, Needs, Planning, Run, Statement
from medvid.mcp_server.asking import AskArgs
from tests.mcp_server.results import mark_of, text_of
from tests.mcp_server.scripted import ACTION, scripted_engine, scripted_server

pytestmark = pytest.mark.anyio


async def ask_nobody(args: AskArgs, *, access: Access, progress: Progress) -> Run:
    raise PlanError("nothing can be planned here")


class Asked:
    """Keeps what it was asked, and answers with one statement."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.args: AskArgs | None = None
        self.access: Access | None = None

    async def __call__(self, args: AskArgs, *, access: Access, progress: Progress) -> Run:
        self.args, self.access = args, access
        await progress(0, 1, "plan")
        await progress(1, 1, "answer")
        plan = Plan(steps=(Step(id="clipped", tool="localize_action", args={"action": ACTION}),))
        written = Planning(model="m", prompt="what was asked of a model", answer="and what it wrote")
        return Run(id="r1", question=args.question, plan=plan, answer=self.answer, plannings=(written,), thread=args.thread)


async def test_ask_procedure_gives_the_run_under_the_callers_access(clip: Path, video_id: str, mode: str) -> None:
    sentence = "The cystic duct is clipped at 3.0-8.0 s."
    ask = Asked(Answer(text=sentence, statements=(Statement(text=sentence, step="clipped", index=0),)))
    access = Access(caller="someone")
    heard: list[float] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append(done)

    async with Client(scripted_server(clip, scripted_engine(), ask=ask, access=access), mode=mode) as client:
        asked = {"video_ids": [video_id], "question": "When is the duct clipped?"}
        result = await client.call_tool("ask_procedure", asked, progress_callback=hear)
    assert ask.access is access
    assert ask.args is not None
    assert ask.args.video_ids == (video_id,)
    assert result.structured_content["plan"] == {"steps": [{"id": "clipped", "tool": "localize_action", "args": {"action": ACTION}}]}
    assert result.structured_content["answer"]["statements"] == [{"text": sentence, "step": "clipped", "index": 0}]
    assert sentence in text_of(result)
    assert "what was asked of a model" not in result.model_dump_json(), "how the plan was written is no client's business"
    assert heard == [0, 1]


async def test_a_question_that_cannot_be_placed_comes_back_with_choices(clip: Path, video_id: str) -> None:
    ask = Asked(Answer(needs=Needs(question="Which action?", choices=("clip the cystic duct", "cut the cystic duct"))))
    async with Client(scripted_server(clip, scripted_engine(), ask=ask)) as client:
        result = await client.call_tool("ask_procedure", {"video_ids": [video_id], "question": "What about it?"})
    assert not result.is_error
    assert result.structured_content["answer"]["needs"]["question"] == "Which action?"
    assert "Which action?" in text_of(result)
    assert "cut the cystic duct" in text_of(result)


async def test_a_question_that_makes_no_plan_is_a_plan_error(clip: Path, video_id: str) -> None:
    async with Client(scripted_server(clip, scripted_engine(), ask=ask_nobody)) as client:
        result = await client.call_tool("ask_procedure", {"video_ids": [video_id], "question": "Why?"})
    assert mark_of(result) == {"kind": "plan", "retryable": False}


async def test_ask_procedure_is_offered_only_where_somebody_plans(clip: Path) -> None:
    async with Client(scripted_server(clip, scripted_engine())) as client:
        with pytest.raises(MCPError, match="unknown tool 'ask_procedure'"):
            await client.call_tool("ask_procedure", {"video_ids": ["0123456789abcdef"], "question": "When?"})

"""`ask_procedure`: the planner as a tool. A question in plain words becomes a plan of the other tools, and an answer with its evidence.

Who plans is not this module's business: `app` hands in an `Ask`. A plan never holds this tool, so a question cannot ask itself.
"""

from typing import Annotated, Protocol

import anyio.to_thread
from pydantic import Field, WithJsonSchema

from medvid.core import Access, Plan, Planning, Progress, Run, Value
from medvid.mcp_server.calls import Answered, Call, output_schema
from medvid.mcp_server.texts import run_text
from medvid.tools.toolbox import Toolbox

NAME = "ask_procedure"
DESCRIPTION = """\
Answers a question in plain words about one or more procedure videos: plans which tools to call, runs them, and answers with the
evidence for each sentence. Use it when a question needs several steps ("When is the cystic duct clipped, and was the critical view of
safety achieved before that?"). Do not use it when one tool answers: calling that tool is faster and says more. Times in the answer are
seconds of the video, boxes pixels of its upright frame. When the question cannot be placed, answer.needs holds what to ask the user and
the nearest choices; then call again with a clearer question. With the same thread in each call follow-ups are understood ("and before
that?") and nothing is looked for twice. Takes minutes on long videos and reports progress.
Example: {"video_ids": ["0123456789abcdef"], "question": "When is the cystic duct clipped?"}."""


THREAD = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"


class AskArgs(Value):
    video_ids: tuple[str, ...] = Field(min_length=1, max_length=100, description="one id or more, from list_videos")
    question: str = Field(min_length=3, max_length=2000, description="the question, in plain words")
    thread: str | None = Field(default=None, pattern=rf"^{THREAD}$", description="a name of your own for the conversation")


class Told(Run):
    """A run as a client gets it: how the plan was written is left out, and what one looks like is told in a word."""

    plan: Annotated[Plan, WithJsonSchema({"type": "object", "description": "steps: id, tool or op, args"})]
    plannings: tuple[Planning, ...] = Field(default=(), exclude=True)


class Ask(Protocol):
    """Plans and answers; its inner calls run under `access`."""

    async def __call__(self, args: AskArgs, *, access: Access, progress: Progress) -> Run: ...


def asking_call(ask: Ask, toolbox: Toolbox) -> Call[AskArgs]:
    """toolbox: the one that `ask` answers with."""

    async def run(args: AskArgs, access: Access, progress: Progress) -> Answered:
        answered = await ask(args, access=access, progress=progress)
        return Answered(Told(**dict(answered)).to_json(), run_text(answered))

    async def expected_s(args: AskArgs, access: Access) -> float | None:
        """Of one pass over the videos: what a plan takes at least."""
        infos = [await anyio.to_thread.run_sync(toolbox.library.info, video_id, access) for video_id in args.video_ids]
        profile = toolbox.engine.profile
        budgets = sum(info.duration_s for info in infos) * profile.default_fps / profile.frame_budget
        return toolbox.pace.expected_s(NAME, max(len(infos), budgets), budgets)

    return Call(NAME, "Ask about a procedure", DESCRIPTION, AskArgs, output_schema(Told), run, expected_s, repeatable=False)

"""The video tools as MCP calls: every tool of the registry, run by the toolbox, answering with an Outcome."""

from typing import Any

from medvid.core import Access, Outcome, Progress
from medvid.engine.base import Profile
from medvid.mcp_server.calls import Answered, Call, output_schema
from medvid.mcp_server.frames import evidence
from medvid.mcp_server.texts import outcome_text
from medvid.tools.base import Args, Tool
from medvid.tools.toolbox import Toolbox


def video_call(tool: Tool[Any, Any], toolbox: Toolbox, pictures: bool = True) -> Call[Args]:
    async def run(args: Args, access: Access, progress: Progress) -> Answered:
        outcome = await toolbox.run(tool.name, args, access=access, progress=progress)
        seen = await evidence(toolbox.library, access, outcome) if pictures else ()
        pictured = "\nThe first of them is the picture beside this text." if seen else ""
        return Answered(outcome.model_dump(mode="json"), outcome_text(tool.name, outcome) + pictured, seen)

    async def expected_s(args: Args, access: Access) -> float | None:
        return await toolbox.expected_s(tool.name, args, access)

    title, description = tool.name.replace("_", " ").capitalize(), f"{tool.description}\n\n{reliability_line(tool, toolbox.engine.profile)}"
    # The type is only known here, so mypy cannot see it; pydantic can.
    answers = output_schema(Outcome[tool.result_type])  # type: ignore[name-defined]
    return Call(tool.name, title, description, tool.args_type, answers, run, expected_s)


def reliability_line(tool: Tool[Any, Any], profile: Profile) -> str:
    """What is known of the model's skill at this tool, so that a planner can weigh an answer before asking for it; in one line."""
    cards = [profile.cards[qa_type] for qa_type in tool.qa_types if qa_type in profile.cards]
    if not cards:
        return f"Reliability of {profile.name}: not measured."
    told = [f"{card.qa_type} {card.text}" for card in cards] if len({card.text for card in cards}) > 1 else [cards[0].text]
    return f"Reliability of {profile.name}: {'; '.join(told)}."

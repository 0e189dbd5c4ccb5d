"""Tools that hang, fail, break their word or are gone: each is told plainly, and nothing hangs."""

import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.server import Server

from medvid.agent import graph
from medvid.agent.runs import ask
from medvid.core import Run
from tests.agent.fake import VIDEO_ID, Failed, FakeServer, outcome

pytestmark = pytest.mark.anyio

HERE = Path(__file__).resolve().parents[2]
QUESTION = "When is the cystic duct clipped, and was the critical view of safety achieved before that?"
SPANS = {"spans": [{"start_s": 30.0, "end_s": 36.5}]}
SCORES = {"scores": {"Two structures": 2, "Cystic plate": 2, "Hepatocystic triangle": 2}}


def localize(args: dict[str, Any]) -> Any:
    return outcome(SPANS)


async def asked(fake: FakeServer, tmp_path: Path) -> Run:
    """Ended by the test, and not by waiting, where the run itself does not end."""
    with anyio.fail_after(20):
        async with fake.client() as client:
            return await ask(QUESTION, [VIDEO_ID], client, checkpoints=tmp_path / "runs.sqlite", first_wait_s=0.01)


def told(run: Run) -> str:
    """The statement on the critical view; that the duct was clipped has to be told all the same."""
    assert run.answer.statements[0].text.startswith("“clip the cystic duct” is seen at 30.0-36.5 s")
    return run.answer.statements[-1].text


async def test_a_tool_that_hangs_is_given_up_and_its_call_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []

    async def hang(args: dict[str, Any]) -> Any:
        try:
            await anyio.sleep_forever()
        finally:
            stopped.append("assess_cvs")

    monkeypatch.setattr(graph, "SILENT_S", 0.3)
    run = await asked(FakeServer({"localize_action": localize, "assess_cvs": hang}), tmp_path)
    assert told(run).startswith("assess_cvs failed: no answer within 3600 s, nor word of it for 0.3 s; ask for a shorter span")
    assert stopped == ["assess_cvs"], "the server goes on with a call that nobody waits for"


async def test_a_tool_that_says_how_far_it_is_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(FakeServer):
        def server(self) -> Server[Any]:
            made = super().server()
            plain = made.get_request_handler("tools/call")
            assert plain is not None

            async def call(context: Any, params: Any) -> Any:
                for done in range(5 if params.name == "assess_cvs" else 0):
                    await anyio.sleep(0.15)
                    await context.session.report_progress(done, 5, "looking")
                return await plain.handler(context, params)

            made.add_request_handler("tools/call", plain.params_type, call)
            return made

    monkeypatch.setattr(graph, "SILENT_S", 0.4)  # the call takes 0.75 s, and is never silent for 0.4 s
    run = await asked(Slow({"localize_action": localize, "assess_cvs": lambda args: outcome(SCORES, span=args["span"])}), tmp_path)
    assert told(run).endswith("It was achieved in full.")
    monkeypatch.setattr(graph, "LONGEST_CALL_S", 0.5)
    run = await asked(Slow({"localize_action": localize, "assess_cvs": lambda args: outcome(SCORES, span=args["span"])}), tmp_path)
    assert told(run).startswith("assess_cvs failed: no answer within 0.5 s")


async def test_a_tool_that_fails_twice_and_then_works_is_asked_three_times(tmp_path: Path) -> None:
    tries = iter((Failed("the model is being loaded", True), Failed("the model is being loaded", True), None))

    def assess(args: dict[str, Any]) -> Any:
        if (error := next(tries)) is not None:
            raise error
        return outcome(SCORES, span=args["span"])

    fake = FakeServer({"localize_action": localize, "assess_cvs": assess})
    assert told(await asked(fake, tmp_path)).endswith("It was achieved in full.")
    assert [name for name, _ in fake.asked if name == "assess_cvs"] == ["assess_cvs"] * 3


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ({"result": {"scores": {"Two structures": "many"}}}, "Invalid structured content returned by tool assess_cvs"),
        ({"status": "splendid"}, "Invalid structured content returned by tool assess_cvs: 'splendid' is not one of"),
        ("in full, I should say", "Tool assess_cvs has an output schema but did not return structured content"),
    ],
)
async def test_what_a_tools_schema_forbids_is_refused_and_not_told(broken: Any, what: str, tmp_path: Path) -> None:
    reply = broken if isinstance(broken, str) else outcome(SCORES) | broken
    run = await asked(FakeServer({"localize_action": localize, "assess_cvs": lambda args: reply}), tmp_path)
    assert told(run).startswith(f"assess_cvs failed: {what}")
    assert "\n\n" not in told(run) and "many" not in run.answer.statements[0].text
    assert not run.outcomes.get(run.plan.steps[-1].id)


async def test_a_tool_that_is_gone_in_mid_run_is_said_to_be_gone(tmp_path: Path) -> None:
    def gone(args: dict[str, Any]) -> Any:
        raise MCPError(-32602, "Unknown tool: assess_cvs")

    run = await asked(FakeServer({"localize_action": localize, "assess_cvs": gone}), tmp_path)
    assert told(run) == "assess_cvs failed: Unknown tool: assess_cvs."


async def test_a_server_that_goes_away_in_mid_run_ends_the_run_and_not_the_program(tmp_path: Path) -> None:
    # A real process, which ends while it is asked: python -m tests.agent.leaving lists and localises, and exits in assess_cvs.
    server = StdioServerParameters(command=sys.executable, args=["-m", "tests.agent.leaving"], cwd=HERE)
    with anyio.fail_after(40):
        async with Client(server) as client:
            run = await ask(QUESTION, [VIDEO_ID], client, checkpoints=tmp_path / "runs.sqlite", first_wait_s=0.01)
    assert told(run).startswith("assess_cvs failed: ")
    assert "closed" in told(run).casefold()

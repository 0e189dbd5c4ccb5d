"""The graph and the tools in other people's programs: LangChain agents, streams, OpenTelemetry, and the drawing in the docs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver

from medvid.agent.catalogue import list_tools
from medvid.agent.graph import Context, build_graph
from medvid.agent.langchain_tools import langchain_tools
from medvid.agent.planner import offline
from tests.agent.chat import scripted
from tests.agent.fake import VIDEO_ID, Failed, FakeServer, outcome

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]
QUESTION = "When is the cystic duct clipped?"
ARGS = {"video_id": VIDEO_ID, "action": "clip the cystic duct"}


def fake() -> FakeServer:
    return FakeServer({"localize_action": lambda args: outcome({"spans": [{"start_s": 30.0, "end_s": 36.5}]})})


async def test_a_langchain_agent_uses_the_tools_and_gets_the_outcome_beside_the_text() -> None:
    agents = pytest.importorskip("langchain.agents")
    call = AIMessage(content="", tool_calls=[{"name": "localize_action", "args": ARGS, "id": "1"}])
    server = fake()
    async with server.client() as client:
        tools = await langchain_tools(client)
        agent = agents.create_agent(scripted(call, "From 30.0 to 36.5 s."), tools)
        done = await agent.ainvoke({"messages": [("user", QUESTION)]})
    assert server.asked_of("localize_action") == [ARGS]
    told = next(message for message in done["messages"] if message.type == "tool")
    assert told.artifact["result"]["spans"][0]["start_s"] == 30.0
    assert done["messages"][-1].text == "From 30.0 to 36.5 s."


async def test_what_a_tool_refuses_is_told_to_the_langchain_agent() -> None:
    def refuse(args: Any) -> Any:
        raise Failed("the span lies past the end of the video")

    async with FakeServer({"localize_action": refuse}).client() as client:
        (tool,) = [tool for tool in await langchain_tools(client) if tool.name == "localize_action"]
        message = await tool.ainvoke({"type": "tool_call", "name": tool.name, "args": ARGS, "id": "1"})
    assert (message.status, message.content) == ("error", "the span lies past the end of the video")


async def test_a_run_without_a_context_streams_its_events_in_the_current_form() -> None:
    async with fake().client() as client:
        graph = build_graph(Context(client, await list_tools(client), offline)).compile()
        parts = [
            part async for part in graph.astream({"question": QUESTION, "verify": False}, stream_mode=["custom", "values"], version="v2")
        ]
    kinds = [part["data"]["kind"] for part in parts if part["type"] == "custom"]
    assert kinds == ["planned", "advanced", "started", "finished", "advanced", "answered"]
    answer = next(part for part in reversed(parts) if part["type"] == "values")["data"]["answer"]
    assert "30.0-36.5 s" in answer["text"], "the one video that is served, as none was named"


async def test_spans_name_step_tool_and_status_and_no_text() -> None:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from medvid.agent import watching as module

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    before, module.TRACER = module.TRACER, provider.get_tracer("medvid")
    try:
        async with fake().client() as client:
            await build_graph(Context(client, await list_tools(client), offline)).compile().ainvoke({"question": QUESTION, "verify": False})
    finally:
        module.TRACER = before
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert {"medvid.plan", "medvid.call", "medvid.answer"} <= set(spans)
    assert dict(spans["medvid.call"].attributes or {}) == {
        "medvid.step": "s1", "medvid.tool": "localize_action", "medvid.status": "ok",
    }  # fmt: skip
    assert "cystic" not in "".join(span.to_json() for span in spans.values())


def drawn() -> str:
    return build_graph().compile(checkpointer=InMemorySaver()).get_graph().draw_mermaid(with_styles=False).strip()


def test_the_graph_in_the_docs_is_the_graph() -> None:
    shown = re.search(r"```mermaid\n(.*?)\n```", (ROOT / "docs" / "agent.md").read_text(), re.DOTALL)
    assert shown is not None and shown[1] == drawn(), "python -m tests.agent.test_ecosystem draws it anew"


async def test_the_graph_of_langgraph_json_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `langgraph dev` opens it: the factory that the file names, entered as an asynchronous context."""
    import importlib
    import json

    path, name = json.loads((ROOT / "langgraph.json").read_text())["graphs"]["medvid"].split(":")
    factory = getattr(importlib.import_module(path.removeprefix("./").removesuffix(".py").replace("/", ".")), name)
    monkeypatch.setenv("MEDVID_ROOTS", json.dumps([str(tmp_path)]))
    async with factory() as graph:
        assert "call" in graph.nodes
        last = await graph.ainvoke({"question": QUESTION, "verify": False})
    assert last["answer"]["needs"]["question"].startswith("Which video is the question about?"), "an empty folder is served"


if __name__ == "__main__":
    page = ROOT / "docs" / "agent.md"
    page.write_text(re.sub(r"```mermaid\n.*?\n```", lambda _: f"```mermaid\n{drawn()}\n```", page.read_text(), flags=re.DOTALL))

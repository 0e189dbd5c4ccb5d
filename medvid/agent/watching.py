"""Watching: what a node of the graph does, told as it happens: its events in the graph's own stream, and a span of OpenTelemetry's."""

from dataclasses import asdict, replace
from typing import Any

from langgraph.runtime import Runtime
from opentelemetry import trace

from medvid.agent.catalogue import is_outcome
from medvid.agent.events import Event

TRACER = trace.get_tracer("medvid")  # spans go nowhere unless the user's program has set up OpenTelemetry


def watched(name: str, node: Any, own: Any) -> Any:
    """The node, its events also in the graph's own stream (`custom`), and in a span of OpenTelemetry's: never a text or a frame."""

    async def run(state: Any, runtime: Runtime[Any]) -> Any:
        context = own or runtime.context

        async def tell(event: Event) -> None:
            runtime.stream_writer(asdict(event))
            await context.on_event(event)

        with TRACER.start_as_current_span(f"medvid.{name}", record_exception=False, set_status_on_exception=False) as span:
            made = await node(state, runtime.override(context=replace(context, on_event=tell)))
            if name == "call":
                content = made["calls"][state["step"]][str(state["index"])].get("content")
                status = "failed" if content is None else str(content["status"]) if is_outcome(content) else "ok"
                span.set_attributes({"medvid.step": state["step"], "medvid.tool": state["tool"], "medvid.status": status})
            return made

    return run

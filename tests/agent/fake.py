"""A small MCP server with our tools' names and schemas, whose answers a test writes. It keeps every call it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client
from mcp.server import Server
from mcp.types import CallToolResult, ListToolsResult, TextContent, Tool
from pydantic import BaseModel, Field

from medvid.agent.catalogue import Listing, ToolCard, Tools, cards
from medvid.agent.memory import Memory
from medvid.agent.planner import plan_for
from medvid.agent.planning import Asked
from medvid.core import Needs, Plan
from medvid.core.outcome import Outcome
from medvid.core.span import FROZEN, Box, Instant, Span, Track

VIDEO_ID = "0123456789abcdef"
CHOLECYSTECTOMY = (
    ("dissect the hepatocystic triangle", ("dissect Calot's triangle", "clear the triangle")),
    ("clip the cystic duct", ("apply clips to the cystic duct", "duct clipping")),
    ("clip the cystic artery", ("apply clips to the cystic artery",)),
    ("cut the cystic duct", ("divide the cystic duct", "transect the cystic duct")),
    ("cut the cystic artery", ("divide the cystic artery",)),
    ("dissect the gallbladder from the liver", ("take the gallbladder off the liver",)),
    ("coagulate the liver bed", ("cauterise the liver bed", "haemostasis")),
    ("irrigate the liver bed", ("rinse the liver bed",)),
    ("pack the gallbladder", ("bag the gallbladder", "put the gallbladder into the bag")),
)
SUTURING = (
    ("pick up the needle", ("grasp the needle",)),
    ("drive the needle through the tissue", ()),
    ("pull the thread", ()),
    ("tie the knot", ("knot tying",)),
    ("cut the thread", ("cut the suture",)),
)


def listing(actions: tuple[tuple[str, tuple[str, ...]], ...] = CHOLECYSTECTOMY, **changed: Any) -> dict[str, Any]:
    """A video of 90 s as `list_videos` shows it."""
    declared = [{"name": name, "synonyms": list(synonyms)} for name, synonyms in actions]
    return {
        "video_id": VIDEO_ID,
        "title": "case one",
        "duration_s": 90.0,
        "fps": 10.0,
        "size": [320, 240],
        "procedure": "laparoscopic cholecystectomy",
        "actions": declared,
        "simulated": True,
    } | changed


class VideoArgs(BaseModel):
    model_config = FROZEN

    video_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    span: Span | None = None
    fps: float | None = Field(default=None, gt=0, le=60)
    insist: bool = False


class ActionArgs(VideoArgs):
    action: str


class ObjectArgs(VideoArgs):
    object: str
    every_s: float


class StyleArgs(VideoArgs):
    style: str = "gpt"


class RegionArgs(StyleArgs):
    box_px: Box
    time_s: Instant


class Spans(BaseModel):
    spans: tuple[Span, ...]


class Grounding(BaseModel):
    track: Track


class NextAction(BaseModel):
    action: str


class Event(BaseModel):
    span: Span
    action: str | None
    caption: str


class Events(BaseModel):
    events: tuple[Event, ...]


class Text(BaseModel):
    text: str


class Scores(BaseModel):
    scores: dict[str, int]


FORMS: dict[str, tuple[type[BaseModel], Any]] = {
    "localize_action": (ActionArgs, Outcome[Spans]),
    "ground_object": (ObjectArgs, Outcome[Grounding]),
    "predict_next": (VideoArgs, Outcome[NextAction]),
    "caption_events": (StyleArgs, Outcome[Events]),
    "summarize_video": (StyleArgs, Outcome[Text]),
    "caption_region": (RegionArgs, Outcome[Text]),
    "assess_skill": (VideoArgs, Outcome[Scores]),
    "assess_cvs": (VideoArgs, Outcome[Scores]),
}
LISTED = [
    Tool(name="list_videos", input_schema={"type": "object", "properties": {}, "additionalProperties": False}),
    *(
        Tool(
            name=name,
            input_schema={**args.model_json_schema(), "additionalProperties": False},
            output_schema=outcome.model_json_schema(mode="serialization"),
        )
        for name, (args, outcome) in FORMS.items()
    ),
    Tool(name="weigh", description="A tool of somebody else's.", input_schema={"type": "object", "properties": {"of": {"type": "string"}}}),
]
TOOLS: dict[str, ToolCard] = cards(LISTED)


def make_plan(question: str, videos: Sequence[Listing], tools: Tools, *, memory: Memory = Memory(), insist: bool = False) -> Plan | Needs:
    """What the offline planner makes of a question over these videos."""
    return plan_for(Asked(question, videos, tools, memory, insist)).made


NOTE = "this model always answers; presence not verified"


class Failed(Exception):
    """An answer with isError; retryable None leaves the mark out."""

    def __init__(self, message: str, retryable: bool | None = False, **more: Any) -> None:
        super().__init__(message)
        self.mark = {"kind": "engine", "retryable": retryable, **more} if retryable is not None else None


def outcome(
    result: Any = None, *, status: str = "ok", reason: str | None = None, span: Any = None, notes: Any = (), **evidence: Any
) -> Any:
    """Structured content of a tool of ours, looked at as one stretch at 1 frame a second."""
    span = span or {"start_s": 0.0, "end_s": 90.0}
    looks = [{**span, "fps": 1.0, "frames": round(span["end_s"] - span["start_s"])}]
    seen = {"video_id": VIDEO_ID, "span": span, "looks": looks, "model": "fake", "feeding": "faithful", "raw": [], "reliability": []}
    return {"status": status, "result": result, "reason": reason, "notes": list(notes), "evidence": {**seen, "elapsed_s": 0.1, **evidence}}


def not_observed(span: Any = None) -> Any:
    return outcome(status="not_observed", reason="the model says so; nothing of it in what was looked at", span=span)


Reply = Callable[[dict[str, Any]], Any]


class FakeServer:
    """replies: what each tool gives for its arguments, a value or an awaitable; a raised Failed is an answer with isError."""

    def __init__(self, replies: dict[str, Reply], videos: tuple[dict[str, Any], ...] = (listing(),)) -> None:
        self.replies = replies
        self.videos = videos
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.metas: list[tuple[str, dict[str, Any]]] = []

    def asked_of(self, tool: str) -> list[dict[str, Any]]:
        return [args for name, args in self.asked if name == tool]

    async def answer(self, name: str, args: dict[str, Any]) -> Any:
        if name == "list_videos":
            return {"videos": list(self.videos), "note": None}
        self.asked.append((name, args))
        given = self.replies[name](args)
        return await given if isinstance(given, Awaitable) else given

    def server(self) -> Server[Any]:
        async def list_tools(context: Any, params: Any) -> ListToolsResult:
            return ListToolsResult(tools=LISTED)

        async def call_tool(context: Any, params: Any) -> CallToolResult:
            self.metas.append((params.name, dict(context.meta or {})))
            try:
                content = await self.answer(params.name, params.arguments or {})
            except Failed as error:
                marked = {"medvid/error": error.mark} if error.mark is not None else None
                return CallToolResult(content=[TextContent(type="text", text=str(error))], is_error=True, _meta=marked)
            if isinstance(content, str):
                return CallToolResult(content=[TextContent(type="text", text=content)])
            return CallToolResult(content=[TextContent(type="text", text="see the structured content")], structured_content=content)

        return Server("fake", on_list_tools=list_tools, on_call_tool=call_tool)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """A connected client. What the body raises leaves as it is, not wrapped in the client's exception groups."""
        client = Client(self.server())
        await client.__aenter__()
        try:
            yield client
        finally:
            await client.__aexit__(None, None, None)

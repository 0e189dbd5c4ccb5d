"""What the official conformance suite calls by fixed names, put beside the product's own tools by `make_server(extend=...)`.

The suite's names and texts stand in the descriptions of its scenarios (`@modelcontextprotocol/conformance`). What is a tool of the
product's own form is a `Call` of the product; the rest are handlers, which the factory masks as it masks its own.
"""

from __future__ import annotations

import base64
import io
import json
import re
import wave
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    AudioContent,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    ContentBlock,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ImageContent,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListRootsRequest,
    ListToolsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    TextContent,
    TextResourceContents,
    Tool,
    UnsubscribeRequestParams,
)
from mcp.types.jsonrpc import MISSING_REQUIRED_CLIENT_CAPABILITY
from PIL import Image
from pydantic import BaseModel

from medvid.core.access import Access, Progress
from medvid.core.errors import VideoError
from medvid.core.span import FROZEN
from medvid.mcp_server.calls import Answered, Call, output_schema, progress_to
from medvid.mcp_server.server import Context, Handlers

Handler = Callable[[Context, CallToolRequestParams], Awaitable[CallToolResult | InputRequiredResult]]
STEP_S = 0.05
"""The suite's pause between two notifications."""


def png() -> str:
    packed = io.BytesIO()
    Image.new("RGB", (1, 1), "red").save(packed, format="PNG")
    return base64.b64encode(packed.getvalue()).decode("ascii")


def wav() -> str:
    packed = io.BytesIO()
    with wave.open(packed, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0")
    return base64.b64encode(packed.getvalue()).decode("ascii")


def text(words: str) -> TextContent:
    return TextContent(type="text", text=words)


def image() -> ImageContent:
    return ImageContent(type="image", data=png(), mime_type="image/png")


def embedded(uri: str, mime_type: str, words: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=words))


# Tools of the product's own form.


class NoArgs(BaseModel):
    model_config = FROZEN


class Said(BaseModel):
    model_config = FROZEN

    text: str


async def simple_text(args: NoArgs, access: Access, progress: Progress) -> Answered:
    words = "This is a simple text response for testing."
    return Answered({"text": words}, words)


async def error_handling(args: NoArgs, access: Access, progress: Progress) -> Answered:
    raise VideoError("This tool intentionally returns an error for testing")


async def with_progress(args: NoArgs, access: Access, progress: Progress) -> Answered:
    for done in (0, 50, 100):
        await progress(done, 100, f"Completed step {done} of 100")
        await anyio.sleep(STEP_S)
    return Answered({"text": "done"}, "done")


CALLS = {
    name: Call(
        name=name, title=name, description="A fixture of the conformance suite.", args_type=NoArgs,
        output_schema=output_schema(Said), run=run,
    )
    for name, run in {
        "test_simple_text": simple_text, "test_error_handling": error_handling, "test_tool_with_progress": with_progress,
    }.items()
}

# Tools that answer with other content, or that ask the client something.

TOOLS: dict[str, tuple[Tool, Handler]] = {}
bus = InMemorySubscriptionBus()


def tool(name: str, **arguments: dict[str, Any]) -> Callable[[Handler], Handler]:
    def keep(handler: Handler) -> Handler:
        schema = {"type": "object", "properties": arguments, "required": list(arguments)}
        TOOLS[name] = Tool(name=name, description="A fixture of the conformance suite.", input_schema=schema), handler
        return handler

    return keep


def says(name: str, *content: ContentBlock) -> None:
    @tool(name)
    async def say(context: Context, params: CallToolRequestParams) -> CallToolResult:
        return CallToolResult(content=list(content))


says("test_image_content", image())
says("test_audio_content", AudioContent(type="audio", data=wav(), mime_type="audio/wav"))
says("test_embedded_resource", embedded("test://embedded-resource", "text/plain", "This is an embedded resource content."))
says(
    "test_multiple_content_types", text("Multiple content types test:"), image(),
    embedded("test://mixed-content-resource", "application/json", json.dumps({"test": "data", "value": 123})),
)


@tool("test_tool_with_logging")
async def with_logging(context: Context, params: CallToolRequestParams) -> CallToolResult:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.session.send_log_message("info", words, related_request_id=context.request_id)
        await anyio.sleep(STEP_S)
    return CallToolResult(content=[text("Tool with logging executed successfully")])


TOOLS["test_logging_tool"] = TOOLS["test_tool_with_logging"][0].model_copy(update={"name": "test_logging_tool"}), with_logging


@tool("test_sampling", prompt={"type": "string"})
async def sampling(context: Context, params: CallToolRequestParams) -> CallToolResult:
    asked = [SamplingMessage(role="user", content=text((params.arguments or {})["prompt"]))]
    said = await context.session.create_message(asked, max_tokens=100, related_request_id=context.request_id)
    return CallToolResult(content=[text(f"LLM response: {said.content.text if isinstance(said.content, TextContent) else ''}")])


async def elicit(context: Context, message: str, properties: dict[str, Any], required: list[str]) -> CallToolResult:
    schema = {"type": "object", "properties": properties, "required": required}
    said = await context.session.elicit_form(message, schema, related_request_id=context.request_id)
    return CallToolResult(content=[text(f"Elicitation completed: action={said.action}, content={json.dumps(said.content or {})}")])


@tool("test_elicitation", message={"type": "string"})
async def elicitation(context: Context, params: CallToolRequestParams) -> CallToolResult:
    asked = {"username": {"type": "string"}, "email": {"type": "string", "description": "the user's address"}}
    return await elicit(context, (params.arguments or {})["message"], asked, list(asked))


@tool("test_elicitation_sep1034_defaults")
async def elicitation_with_defaults(context: Context, params: CallToolRequestParams) -> CallToolResult:
    asked = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    return await elicit(context, "Please provide user information", asked, [])


@tool("test_elicitation_sep1330_enums")
async def elicitation_of_enums(context: Context, params: CallToolRequestParams) -> CallToolResult:
    plain = ["option1", "option2", "option3"]
    titled = [{"const": f"value{i}", "title": f"Choice {i}"} for i in (1, 2, 3)]
    asked = {
        "untitledSingle": {"type": "string", "enum": plain},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {"type": "string", "enum": plain, "enumNames": ["Option One", "Option Two", "Option Three"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }
    return await elicit(context, "Please choose", asked, [])


# The revision without a handshake: what a server wants to know comes back as a result, and the client calls again.


def form(message: str, **properties: str) -> ElicitRequest:
    schema = {"type": "object", "properties": {name: {"type": kind} for name, kind in properties.items()}, "required": list(properties)}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def sample(words: str, max_tokens: int = 100) -> CreateMessageRequest:
    return CreateMessageRequest(
        params=CreateMessageRequestParams(messages=[SamplingMessage(role="user", content=text(words))], max_tokens=max_tokens)
    )


def asks(name: str, requests: dict[str, Any], done: str, state: str | None = None) -> None:
    """A tool that wants these answers, and says `done` with them once it has them all and its own state."""

    @tool(name)
    async def ask(context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        answers = params.input_responses or {}
        missing = {key: request for key, request in requests.items() if not fits(request, answers.get(key))}
        if missing or (state is not None and params.request_state != state):
            return InputRequiredResult(input_requests=missing or requests, request_state=state)
        values = {key: answer.model_dump(mode="json", by_alias=True, exclude_none=True) for key, answer in answers.items()}
        return CallToolResult(content=[text(f"{done} {json.dumps(values)}")])


def fits(request: Any, answer: Any) -> bool:
    """Whether an answer is of the kind that was asked for; a form's has every field."""
    if isinstance(request, ElicitRequest):
        wanted = request.params.requested_schema["required"]
        return isinstance(answer, ElicitResult) and (answer.action != "accept" or set(wanted) <= set(answer.content or {}))
    return isinstance(answer, CreateMessageResult) if isinstance(request, CreateMessageRequest) else answer is not None


NAME = form("What is your name?", name="string")
OK = form("Please confirm", ok="boolean")
asks("test_input_required_result_elicitation", {"user_name": NAME}, "Hello,")
asks("test_input_required_result_sampling", {"capital_question": sample("What is the capital of France?")}, "Sampled:")
asks("test_input_required_result_list_roots", {"client_roots": ListRootsRequest()}, "Roots:")
asks("test_input_required_result_request_state", {"confirm": OK}, "state-ok", state="confirming")
asks("test_input_required_result_tampered_state", {"confirm": OK}, "state-ok", state="guarded")
asks(
    "test_input_required_result_multiple_inputs",
    {"user_name": NAME, "greeting": sample("Generate a greeting", 50), "client_roots": ListRootsRequest()}, "All of it:", state="several",
)


@tool("test_input_required_result_multi_round")
async def multi_round(context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    answers = params.input_responses or {}
    if params.request_state == "round 2" and "step2" in answers:
        return CallToolResult(content=[text("Both steps are done.")])
    if params.request_state == "round 1" and "step1" in answers:
        return InputRequiredResult(
            input_requests={"step2": form("Step 2: What is your favorite color?", color="string")}, request_state="round 2"
        )
    return InputRequiredResult(input_requests={"step1": form("Step 1: What is your name?", name="string")}, request_state="round 1")


@tool("test_input_required_result_capabilities")
async def capabilities(context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    able = context.session.client_capabilities
    requests: dict[str, Any] = {}
    if able is not None and able.sampling is not None:
        requests["greeting"] = sample("Generate a greeting")
    if able is not None and able.elicitation is not None:
        requests["user_name"] = NAME
    return InputRequiredResult(input_requests=requests, request_state="asked")


@tool("test_missing_capability")
async def missing_capability(context: Context, params: CallToolRequestParams) -> CallToolResult:
    able = context.session.client_capabilities
    if able is None or able.sampling is None:
        missing = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(code=MISSING_REQUIRED_CLIENT_CAPABILITY, message="this tool needs sampling", data=missing)
    return CallToolResult(content=[text("The client can sample.")])


@tool("test_streaming_elicitation")
async def streaming_elicitation(context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    await context.session.report_progress(0, 1, "asking")
    return InputRequiredResult(input_requests={"user_name": NAME})


@tool("test_trigger_tool_change")
async def trigger_tool_change(context: Context, params: CallToolRequestParams) -> CallToolResult:
    await bus.publish(ToolsListChanged())
    return CallToolResult(content=[text("The list of tools is said to have changed.")])


# Resources and prompts.

RESOURCES = {
    "test://static-text": TextResourceContents(
        uri="test://static-text", mime_type="text/plain", text="This is the content of the static text resource."
    ),
    "test://static-binary": BlobResourceContents(uri="test://static-binary", mime_type="image/png", blob=png()),
    "test://watched-resource": TextResourceContents(uri="test://watched-resource", mime_type="text/plain", text="Watched."),
}
TEMPLATE = re.compile(r"test://template/([^/]+)/data")


def resource_at(uri: str) -> TextResourceContents | BlobResourceContents | None:
    if found := TEMPLATE.fullmatch(uri):
        held = {"id": found[1], "templateTest": True, "data": f"Data for ID: {found[1]}"}
        return TextResourceContents(uri=uri, mime_type="application/json", text=json.dumps(held))
    return RESOURCES.get(uri)


def prompt_messages(name: str, given: dict[str, str]) -> list[ContentBlock]:
    match name:
        case "test_simple_prompt":
            return [text("This is a simple prompt for testing.")]
        case "test_prompt_with_arguments":
            return [text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")]
        case "test_prompt_with_embedded_resource":
            held = embedded(given["resourceUri"], "text/plain", "Embedded resource content for testing.")
            return [held, text("Please process the embedded resource above.")]
        case "test_prompt_with_image":
            return [image(), text("Please analyze the image above.")]
        case "test_input_required_result_prompt":
            return [text("The prompt uses the context it was given.")]
    raise MCPError(code=INVALID_PARAMS, message=f"unknown prompt {name!r}")


PROMPTS: dict[str, tuple[str, ...]] = {
    "test_simple_prompt": (), "test_prompt_with_arguments": ("arg1", "arg2"), "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (), "test_input_required_result_prompt": (),
}
"""The arguments of each."""


async def list_prompts(context: Context, params: PaginatedRequestParams) -> ListPromptsResult:
    prompts = [
        Prompt(name=name, description="A fixture.", arguments=[PromptArgument(name=argument, required=True) for argument in arguments])
        for name, arguments in PROMPTS.items()
    ]
    return ListPromptsResult(prompts=prompts)


async def get_prompt(context: Context, params: GetPromptRequestParams) -> GetPromptResult | InputRequiredResult:
    if params.name == "test_input_required_result_prompt" and "user_context" not in (params.input_responses or {}):
        return InputRequiredResult(input_requests={"user_context": form("What context should the prompt use?", context="string")})
    said = prompt_messages(params.name, params.arguments or {})
    return GetPromptResult(messages=[PromptMessage(role="user", content=content) for content in said])


async def complete(context: Context, params: CompleteRequestParams) -> CompleteResult:
    return CompleteResult(completion=Completion(values=[], total=0, has_more=False))


async def accept(context: Context, params: Any) -> EmptyResult:
    return EmptyResult()


def with_fixtures(handlers: Handlers) -> Handlers:
    """The product's handlers, each asked where the request is no fixture's, and those that only the suite wants."""

    async def list_tools(context: Context, params: PaginatedRequestParams) -> ListToolsResult:
        own: ListToolsResult = await handlers["tools/list"][1](context, params)
        fixtures = [*(call.listed() for call in CALLS.values()), *(listed for listed, _ in TOOLS.values())]
        return own.model_copy(update={"tools": [*own.tools, *fixtures]})

    async def call_tool(context: Context, params: CallToolRequestParams) -> Any:
        if params.name in CALLS:
            return await CALLS[params.name].answer(params.arguments or {}, Access(), progress_to(context))
        if params.name in TOOLS:
            return await TOOLS[params.name][1](context, params)
        return await handlers["tools/call"][1](context, params)

    async def list_resources(context: Context, params: PaginatedRequestParams) -> ListResourcesResult:
        own: ListResourcesResult = await handlers["resources/list"][1](context, params)
        fixtures = [Resource(name=uri, uri=uri, mime_type=held.mime_type) for uri, held in RESOURCES.items()]
        return own.model_copy(update={"resources": [*own.resources, *fixtures]})

    async def list_templates(context: Context, params: PaginatedRequestParams) -> ListResourceTemplatesResult:
        own: ListResourceTemplatesResult = await handlers["resources/templates/list"][1](context, params)
        fixture = ResourceTemplate(name="template", uri_template="test://template/{id}/data", mime_type="application/json")
        return own.model_copy(update={"resource_templates": [*own.resource_templates, fixture]})

    async def read_resource(context: Context, params: ReadResourceRequestParams) -> Any:
        held = resource_at(str(params.uri))
        return await handlers["resources/read"][1](context, params) if held is None else ReadResourceResult(contents=[held])

    return {
        "tools/list": (PaginatedRequestParams, list_tools),
        "tools/call": (CallToolRequestParams, call_tool),
        "resources/list": (PaginatedRequestParams, list_resources),
        "resources/templates/list": (PaginatedRequestParams, list_templates),
        "resources/read": (ReadResourceRequestParams, read_resource),
        "resources/subscribe": (SubscribeRequestParams, accept),
        "resources/unsubscribe": (UnsubscribeRequestParams, accept),
        "subscriptions/listen": (SubscriptionsListenRequestParams, ListenHandler(bus)),
        "prompts/list": (PaginatedRequestParams, list_prompts),
        "prompts/get": (GetPromptRequestParams, get_prompt),
        "completion/complete": (CompleteRequestParams, complete),
        "logging/setLevel": (SetLevelRequestParams, accept),
    }

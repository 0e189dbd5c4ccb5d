"""The tools of an MCP server as LangChain tools: its own names, descriptions and schemas; the structured content is the artifact."""

from typing import Any

from langchain_core.tools import StructuredTool, ToolException

from medvid.agent.catalogue import Client, ToolCard, list_tools, text_of


async def langchain_tools(client: Client) -> list[StructuredTool]:
    """Asynchronous, for as long as the client is connected. What a tool refuses is told to the model as the tool's answer."""
    return [_tool(client, card) for card in (await list_tools(client)).values()]


def _tool(client: Client, card: ToolCard) -> StructuredTool:
    async def call(**args: Any) -> tuple[str, Any]:
        result = await client.call_tool(card.name, args)
        if result.is_error:
            raise ToolException(text_of(result))
        return text_of(result), result.structured_content

    return StructuredTool(
        name=card.name, description=card.description, args_schema=card.input_schema, coroutine=call,
        response_format="content_and_artifact", handle_tool_error=True,
    )  # fmt: skip

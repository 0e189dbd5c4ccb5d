"""The toolbox as an MCP server: tools, frames as resources, stdio and streamable HTTP. `server.make_server` builds it."""

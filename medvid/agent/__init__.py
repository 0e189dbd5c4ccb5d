"""Questions in plain words: the plan, its check, the graph that runs it over MCP, the answer. `runs.ask` is the way in."""

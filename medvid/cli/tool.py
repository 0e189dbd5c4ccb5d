"""`medvid tool NAME VIDEO`: one tool from the shell. Its commands are made from the tools' registry when they are asked for."""

from typing import Any

import typer
from typer.core import TyperGroup

from medvid.cli.options import examples

EXAMPLES = examples(
    'medvid tool localize_action operation.mp4 --action "clip the cystic duct"',
    "medvid tool ground_object operation.mp4 --object clipper --every-s 1 --span 40-48 --json",
    "medvid tool ground_object --help",
)


class Tools(TyperGroup):
    """A command for each tool of the registry, which is imported only here."""

    def list_commands(self, ctx: Any) -> list[str]:
        from medvid.tools.registry import TOOLS

        return list(TOOLS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        from medvid.cli.tool_options import command_of
        from medvid.tools.registry import TOOLS

        if cmd_name not in TOOLS:
            return None
        tool = TOOLS[cmd_name]
        single = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        # A description ends with an example in JSON, which is for MCP clients.
        text = tool.description.partition(" Example:")[0]
        command = command_of(tool.args_type, lambda **given: call_tool(cmd_name, **given))
        single.command(cmd_name, help=text, short_help=text.partition(". ")[0].rstrip(".") + ".")(command)
        return typer.main.get_command(single)


app = typer.Typer(cls=Tools, no_args_is_help=True, help="Runs one tool on one video, without a plan.", rich_markup_mode="markdown")


def call_tool(name: str, video: str, model: str | None, engine: str | None, device: str | None, as_json: bool, **given: Any) -> None:
    """Prints the outcome: a line for what was found, or the whole of it as JSON."""
    import anyio
    from rich.console import Console

    from medvid.app import open_toolbox
    from medvid.cli.options import settings_of
    from medvid.cli.source import open_source
    from medvid.cli.steps import bar_progress
    from medvid.cli.tool_options import arguments
    from medvid.core import Access
    from medvid.report.tables import outcome_lines
    from medvid.tools.registry import TOOLS

    settings = settings_of(model=model, engine=engine, device=device)
    library, video_id = open_source(settings, video)
    args = {"video_id": video_id, **arguments(TOOLS[name].args_type, given)}

    async def run() -> Any:
        toolbox = open_toolbox(settings, library)
        with bar_progress(name, hidden=as_json) as progress:
            return await toolbox.run(name, args, access=Access(), progress=progress)

    outcome = anyio.run(run)
    if as_json:
        typer.echo(outcome.model_dump_json())
    else:
        console = Console(highlight=False)
        for line in outcome_lines(outcome.model_dump(mode="json")):
            console.print(line, markup=False)

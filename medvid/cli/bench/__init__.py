"""`medvid bench`: MedVidBench, on the user's own copy of the data. One file a command."""

import typer

from medvid.cli.bench import forms, run

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Works with your own copy of MedVidBench's data.")
app.command("forms", epilog=forms.EXAMPLES)(forms.forms)
app.command("run", epilog=run.EXAMPLES)(run.run)

"""`medvid doctor`: what is installed, which device and model would be used, what is missing and how to get it."""

import json

import typer

from medvid.cli.options import Device, Engine, Json, Model, examples, settings_of

EXAMPLES = examples("medvid doctor", "medvid doctor --model weights/medvlm --json")


def doctor(model: Model = None, engine: Engine = None, device: Device = None, as_json: Json = False) -> None:
    """Says what is installed, which device and model would be used, what is missing and how to get it.

    Ends with 2 where something is missing."""
    from dataclasses import asdict

    from medvid.engine.checkpoint import EMBEDDED_FOLDER
    from medvid.engine.device import device_name
    from medvid.report.installation import findings

    settings = settings_of(model=model, engine=engine, device=device)
    found = list(findings(settings, lambda: device_name(settings.device), EMBEDDED_FOLDER))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found]))
    else:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        table = Table("what", "", "found", "what to do", box=None)
        for finding in found:
            table.add_row(finding.what, finding.state, escape(finding.found), escape(finding.way_out))
        Console().print(table)
    if any(finding.state == "missing" for finding in found):
        raise typer.Exit(2)

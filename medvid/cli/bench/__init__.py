"""`medvid bench`: MedVidBench, on the user's own copy of the data. One file a command."""

import typer

from medvid.cli.bench import check, fetch, forms, judge, run, score, submit, validate

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Works with your own copy of MedVidBench's data.")
app.command("fetch", epilog=fetch.EXAMPLES)(fetch.fetch)
app.command("forms", epilog=forms.EXAMPLES)(forms.forms)
app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("validate", epilog=validate.EXAMPLES)(validate.validate)
app.command("score", epilog=score.EXAMPLES)(score.score)
app.command("judge", epilog=judge.EXAMPLES)(judge.judge)
app.command("submit", epilog=submit.EXAMPLES)(submit.submit)
app.command("check", epilog=check.EXAMPLES)(check.check)

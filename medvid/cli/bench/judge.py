"""`medvid bench judge`: free texts marked by a language model, as the leaderboard has them marked."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from medvid.cli.bench.shown import show
from medvid.cli.options import Json, examples, settings_of

EXAMPLES = examples(
    "medvid bench judge results --endpoint https://api.openai.com/v1 --model gpt-4.1 --dry-run",
    "medvid bench judge results --endpoint http://127.0.0.1:8000/v1 --model qwen3-32b --against other-results",
    "medvid bench judge results --endpoint https://api.openai.com/v1 --second-endpoint http://127.0.0.1:8000/v1 --second-model qwen3-32b",
    "medvid bench judge results --fallback minilm",
)


def judge(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `medvid bench run --out` named.")],
    endpoint: Annotated[str | None, typer.Option(metavar="URL", help="Any OpenAI-compatible server; key: MEDVID_JUDGE_API_KEY.")] = None,
    model: Annotated[str, typer.Option(help="The judge. The leaderboard's is gpt-4.1; others mark otherwise.")] = "gpt-4.1",
    against: Annotated[Path | None, typer.Option(metavar="DIR", help="Another model's run on the same records, to compare with.")] = None,
    second_endpoint: Annotated[str | None, typer.Option(metavar="URL", help="Of a second judge; key: MEDVID_SECOND_API_KEY.")] = None,
    second_model: Annotated[str | None, typer.Option(help="The second judge; how far the two agree is told.")] = None,
    fallback: Annotated[Literal["minilm"] | None, typer.Option(help="No judge: cosines of sentence vectors, from 0 to 1.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Questions under way at once.")] = 8,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many questions there are.")] = False,
    as_json: Json = False,
) -> None:
    """Sends true texts and answers to the server that is named, and nowhere else. Each verdict is kept in DIR/judge.jsonl as it comes; the
    same command goes on where it was stopped, and asks nothing twice."""
    import asyncio

    from medvid.core import ConfigError
    from medvid.core.results_folder import ResultsFolder
    from medvid.medvidbench import judge as figures
    from medvid.medvidbench import judging
    from medvid.medvidbench.answers import read_answers

    alone, second = against is None and second_model is None, (second_endpoint is None) == (second_model is None)
    if (endpoint is None) == (fallback is None) or not second or second_model == model or (fallback and not alone):
        raise ConfigError("name a judge by --endpoint, a second by --second-endpoint, another --second-model; or --fallback minilm alone")
    run, other = read_answers(folder), read_answers(against) if against else None
    asked, told, refused = figures.texts_of(run, other), dict(run.provenance), list[str]()
    kept = ResultsFolder(folder, figures.NAME, told.pop("made_with"), told)
    judges = {model if endpoint else judging.MINILM: (endpoint, "MEDVID_JUDGE_API_KEY")}
    judges |= {second_model: (second_endpoint, "MEDVID_SECOND_API_KEY")} if second_model else {}
    for name, (url, key) in judges.items():
        known = figures.read_verdicts(folder)
        mine = [texts for texts in asked if figures.key_of(name, texts) not in known and (len(texts) == 2 or name == model)]
        typer.echo(f"{len(mine)} questions to {name}" + (f"; the true texts and the answers are sent to {url}" if url else ""), err=True)
        if not mine or dry_run:
            continue
        try:
            asker = judging.Judge(url, name, key, settings_of().timeout_s) if url else judging.Cosine()
            refused += asyncio.run(judging.judge_all(asker, mine, jobs, lambda verdict: kept.append(verdict.model_dump())))
        except KeyboardInterrupt:
            typer.echo("stopped; the same command goes on where it was", err=True)
            raise typer.Exit(130) from None
    verdicts, shown = figures.read_verdicts(folder), dict[str, Any]()
    for name in judges:
        own = [verdict.marks is None for verdict in verdicts.values() if verdict.judge == name]
        columns = [asdict(column) for column in figures.columns_of(folder, name)] if own else []
        shown[name] = {"verdicts": len(own), "unreadable": sum(own), "columns": columns}
    shown |= {"against": figures.compare(run, other, model, verdicts)} if other is not None else {}
    shown |= {"agreement": figures.agreement(verdicts, asked, model, second_model)} if second_model else {}
    show(shown, as_json)
    if refused:
        typer.echo(f"{len(refused)} texts were refused and will be asked again: {refused[-1]}", err=True)
        raise typer.Exit(1)

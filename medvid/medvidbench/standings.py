"""A score as tables of text: for a terminal, a page and Markdown."""

from html import escape

from medvid.medvidbench.metrics.table import READINGS
from medvid.medvidbench.score import Row, Score

SHOWN = "1.0a-7B-RL"  # Whose published figures stand beside a model that has none.
Lines = list[tuple[str, ...]]


def lines_of(told: Score) -> Lines:
    """The head first. Where all records are of one source, its rows would say the same again."""
    models = next(iter(told.published.values()))
    shown = max((name for name in models if name in str(told.about.get("model", ""))), key=len, default=SHOWN)
    head = "column", "source", "tests", "leaderboard", "95 %", "strict", "95 %", "unreadable", "cut", "majority", "blind"
    lines: Lines = [(*head, f"published {shown}")]
    ours = {(row.of, row.name, row.source): row for row in told.rows}
    one_source = len({row.source for row in told.rows} - {None}) == 1
    for row in (row for row in told.rows if row.name not in READINGS and not (one_source and row.source)):
        strict, unreadable = ours.get((row.name, "strict", row.source)), ours.get((row.name, "unreadable", row.source))
        judged = "not judged" if row.name.endswith("llm") and row.value is None else _text(row.value)
        cells = [f"  {row.name}" if row.of else row.name, "all" if row.source is None else row.source, f"{row.tests:,}", judged]
        cells += [_range(row), _text(strict.value if strict else None), _range(strict), _text(unreadable.value if unreadable else None)]
        cells += ["" if row.cut is None else f"{row.cut:,}", *(_text(row.baselines.get(name)) for name in ("majority", "blind"))]
        lines.append((*cells, _text(told.published.get(row.name, {}).get(shown) if row.source is None else None)))
    return lines


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _range(row: Row | None) -> str:
    return "" if row is None or row.bounds is None else f"{row.bounds[0]:.3f}-{row.bounds[1]:.3f}"


def facts_of(told: Score) -> list[str]:
    """What was scored, how many records there are, what failed, what a reader has to know."""
    return [*(f"{name}: {said}" for name, said in told.about.items()), *(f"{name}: {n:,}" for name, n in told.counts.items()), *told.notes]


def markdown_of(told: Score) -> str:
    facts, (head, *rows) = facts_of(told), lines_of(told)
    cells = ([escape(cell.strip()).replace("|", "&#124;") for cell in line] for line in (head, ("---",) * len(head), *rows))
    lines = [*(f"- {' '.join(escape(fact).split())}" for fact in facts), "", *(f"| {' | '.join(line)} |" for line in cells)]
    return "\n".join(["# MedVidBench", "", *lines, ""])

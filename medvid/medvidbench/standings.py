"""A score as tables of text: for a terminal, a page and Markdown; and the published figures."""

from html import escape

from medvid.medvidbench.score import Bounds, Figure, Score

SHOWN = "1.0a-7B-RL"  # Whose published figures stand beside a model that has none.
Lines = list[tuple[str, ...]]


def lines_of(told: Score) -> Lines:
    """The head first."""
    models = next(iter(told.published.values()))
    shown = max((name for name in models if name in str(told.about.get("model", ""))), key=len, default=SHOWN)
    head = "column", "source", "tests", "leaderboard", "95 %", "strict", "95 %", "unreadable", "cut", "majority", "blind"
    lines: Lines = [(*head, f"published {shown}")]
    for row in told.rows:
        board, strict = row.leaderboard, row.strict or Figure()
        judged = "not judged" if row.name.endswith("llm") and board.value is None else _text(board.value)
        cells = ["  " * bool(row.of) + row.name, "all" if row.source is None else row.source, f"{row.tests:,}", judged]
        cells += [_range(board.bounds), _text(strict.value), _range(strict.bounds), "" if row.unreadable is None else f"{row.unreadable:.1%}"]
        cells += ["" if row.cut is None else f"{row.cut:,}", *(_text(board.baselines.get(name)) for name in ("majority", "blind"))]
        lines.append((*cells, _text(told.published.get(row.name, {}).get(shown) if row.source is None else None)))
    return lines


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _range(bounds: Bounds | None) -> str:
    return "" if bounds is None else f"{bounds[0]:.3f}-{bounds[1]:.3f}"


def published_lines(told: Score) -> Lines:
    models = dict.fromkeys(name for figures in told.published.values() for name in figures)
    rows = [(name, *(_text(figures.get(name)) for figures in told.published.values())) for name in models]
    return [("published, on the 6,245 test questions", *told.published), *rows]


def facts_of(told: Score) -> list[str]:
    """What was scored, how many records there are, what failed, what a reader has to know."""
    counts = {**told.counts, **{f"failed, {what}": count for what, count in told.failed.items()}}
    return [*(f"{name}: {value}" for name, value in told.about.items()), *(f"{name}: {n:,}" for name, n in counts.items()), *told.notes]


def markdown_of(told: Score) -> str:
    lines = ["# MedVidBench", "", *(f"- {' '.join(escape(fact).split())}" for fact in facts_of(told))]
    for head, *rows in (lines_of(told), published_lines(told)):
        cells = (head, ("---",) * len(head), *rows)
        lines += ["", *(f"| {' | '.join(escape(cell.strip()).replace('|', '&#124;') for cell in line)} |" for line in cells)]
    return "\n".join(lines) + "\n"

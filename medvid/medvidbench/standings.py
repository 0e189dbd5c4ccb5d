"""A score as tables of text: for a terminal, a page and Markdown; and the published figures."""

from collections.abc import Iterable, Iterator
from html import escape

from medvid.engine.profiles import PUBLISHED
from medvid.medvidbench.score import Bounds, Figure, Row, Score

NOT_JUDGED = "not judged"
Lines = list[tuple[str, ...]]


def lines_of(told: Score) -> Lines:
    """The table as texts, its head first."""
    shown = told.published
    head = ("column", "source", "tests", "leaderboard", "95 %", "strict", "95 %", "unreadable", "cut", "majority", "blind")
    return [(*head, f"published {shown}"), *(tuple(_cells(row, shown)) for row in told.rows)]


def _cells(row: Row, shown: str) -> Iterator[str]:
    board, strict = row.leaderboard, row.strict or Figure()
    yield f"  {row.name}{f', {row.unit}' if row.unit else ''}" if row.of else row.name
    yield row.source or ("all" if row.source is None else "not named")
    yield f"{row.tests:,}"
    yield NOT_JUDGED if row.name.endswith("llm") and board.value is None else _text(board.value)
    yield from (_range(board.bounds), _text(strict.value), _range(strict.bounds))
    yield "" if row.unreadable is None else f"{row.unreadable:.1%}"
    yield "" if row.cut is None else f"{row.cut:,}"
    yield from (_text(board.majority), _text(board.blind), _text(row.published.get(shown)))


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _range(bounds: Bounds | None) -> str:
    return "" if bounds is None else f"{bounds[0]:.3f}-{bounds[1]:.3f}"


def published_lines() -> Lines:
    models = dict.fromkeys(name for column in PUBLISHED for name in column["figures"])
    rows = [(name, *(_text(column["figures"].get(name)) for column in PUBLISHED)) for name in models]
    return [("published, on the 6,245 test questions", *(column["name"] for column in PUBLISHED)), *rows]


def facts_of(told: Score) -> list[str]:
    """What was scored, how many records there are, what failed, what a reader has to know."""
    lines = [f"{name}: {value}" for name, value in told.about.items()] + [f"{name}: {count:,}" for name, count in told.counts.items()]
    lines += [f"failed: {one.count:,} of {one.qa_type} ({one.kind}), such as: {one.example}" for one in told.failed]
    return [*lines, *told.notes]


def markdown_of(told: Score) -> str:
    lines = ["# MedVidBench", ""]
    lines += [f"- {' '.join(escape(line).split())}" for line in facts_of(told)]
    for head, *rows in (lines_of(told), published_lines()):
        lines += ["", _cells_of(head), _cells_of(["---"] * len(head)), *map(_cells_of, rows)]
    return "\n".join(lines) + "\n"


def _cells_of(cells: Iterable[str]) -> str:
    return f"| {' | '.join(escape(cell.strip()).replace('|', '&#124;') for cell in cells)} |"

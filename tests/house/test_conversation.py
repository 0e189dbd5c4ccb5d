"""docs/conversation.md is what its script asks, whole."""

from __future__ import annotations

from tests.cli.conversation import PAGE, QUESTIONS


def test_the_page_holds_each_turn_with_its_answer() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [line[2:] for line in page.splitlines() if line.startswith("> ")] == list(QUESTIONS)
    assert "Traceback" not in page and "No such file" not in page
    assert "from an earlier turn" in page
    assert "forgotten: morning" in page

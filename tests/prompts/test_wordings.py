from __future__ import annotations

import pytest

from medvid.core.case import Case
from medvid.core.errors import ConfigError
from medvid.prompts import all_words, wording

CASE = Case(procedure="bench-top suturing", scene="robotic training", actions=("tying", "cutting"))  # type: ignore[arg-type]


def test_a_question_has_role_scene_procedure_and_request_in_this_order() -> None:
    text = wording("plain").ask("predict_next", CASE)
    parts = ("expert", "robotic training", "bench-top suturing", "[tying, cutting]", "next")
    assert [text.find(part) for part in parts] == sorted(text.find(part) for part in parts)
    assert min(text.find(part) for part in parts) >= 0


def test_what_the_case_does_not_state_is_left_out() -> None:
    known, unknown = (wording("plain").ask("predict_next", case) for case in (CASE, Case()))
    assert "None" not in unknown
    assert "[" not in unknown
    assert len(unknown) < len(known) / 2
    assert known.endswith(unknown.split(". ")[-1])


def test_only_tasks_that_choose_from_a_list_show_it() -> None:
    plain = wording("plain")
    assert "tying" in plain.ask("caption_events", CASE)
    assert "tying" not in plain.ask("summarize_video", CASE)


def test_a_caption_style_is_named_only_where_it_is_not_the_usual_one() -> None:
    plain = wording("plain")
    assert plain.ask("summarize_video", CASE, style="gpt") == plain.ask("summarize_video", CASE)
    assert "gemini" in plain.ask("summarize_video", CASE, style="gemini")


def test_an_unknown_wording_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="plain"):
        wording("poetic")


def test_all_words_holds_each_templates_words_and_no_placeholder() -> None:
    words = all_words()
    assert {"expert", "Strasberg", "gemini", "steps"} <= words
    assert not words & {"names", "every_s", "start_s", "time_s"}
    assert all(word in words for word in wording("plain").ask("summarize_video", Case()).replace(".", "").split())

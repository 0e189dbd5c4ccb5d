from __future__ import annotations

from medvid.prompts import FORMS
from medvid.tools.registry import BY_QA_TYPE, TOOLS


def test_the_tools_stand_in_the_order_in_which_people_meet_them() -> None:
    assert list(TOOLS) == [
        "localize_action", "ground_object", "predict_next", "caption_events", "summarize_video", "caption_region",
        "assess_skill", "assess_cvs",
    ]  # fmt: skip


def test_the_eleven_variants_of_the_benchmark_each_have_a_tool() -> None:
    assert len(BY_QA_TYPE) == 11


def test_names_fit_into_the_clients_that_prefix_them() -> None:
    assert max(map(len, TOOLS)) <= 20


def test_every_tool_has_a_form_in_the_wording() -> None:
    assert set(FORMS) == set(TOOLS)

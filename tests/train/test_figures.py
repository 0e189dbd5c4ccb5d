from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from medvid.core.errors import ConfigError
from medvid.core.outcome import Evidence, Outcome
from medvid.core.span import Box, Span, TimedBox, Track
from medvid.medvidbench.metrics import Mark
from medvid.tools.caption_events import CaptionedEvent, Events
from medvid.tools.ground_object import Grounding
from medvid.tools.localize_action import Spans
from medvid.tools.scores import Scores
from medvid.tools.texts import Description
from medvid.train.figures import ROWS, gain, marks_of, read_report, report_of, row_of, table_of


def outcome(result: Any | None, status: str = "ok") -> Outcome[Any]:
    evidence = Evidence(video_id="0" * 16, span=Span.of(0, 20), looks=(), model="m", feeding="faithful")
    return Outcome.model_validate({"status": status, "result": result, "reason": None if result else "why", "evidence": evidence})


def earned(tool: str, said: Any | None, truth: Any | None, status: str = "ok") -> dict[str, tuple[float, float]]:
    return {mark.part: (mark.earned, mark.weight) for mark in marks_of(0, tool, outcome(said, status), truth)}


def spans(*pairs: tuple[float, float]) -> Spans:
    return Spans(spans=tuple(Span.of(*pair) for pair in pairs))


def test_every_true_span_counts_and_is_matched_once() -> None:
    # 0-6 has IoU 0.6 with 0-10; nothing is left for 20-30. The tool's score: 0.6 over the larger number of spans, 2.
    found = earned("localize_action", spans((0, 6), (0, 5)), spans((0, 10), (20, 30)))
    assert found == {"localisation mIoU": (pytest.approx(0.3), 1), "localisation R@0.5": (1, 2)}


def test_what_is_absent_is_marked_in_rows_of_its_own_and_in_no_other() -> None:
    assert earned("localize_action", None, None, "not_observed") == {"absent: recall": (1, 1), "absent: precision": (1, 1)}
    assert earned("ground_object", spans((0, 6)), None) == {"absent: recall": (0, 1)}
    assert earned("predict_next", None, None, "not_observed") == {}


def test_calling_absent_what_occurs_costs_precision() -> None:
    found = earned("localize_action", None, spans((0, 6)), "not_observed")
    assert found == {"absent: precision": (0, 1), "localisation mIoU": (0, 1), "localisation R@0.5": (0, 1)}


def test_what_could_not_be_read_earns_nothing_and_denies_nothing() -> None:
    found = earned("localize_action", None, spans((0, 10)), "unreadable")
    assert found == {"localisation mIoU": (0, 1), "localisation R@0.5": (0, 1)}


def test_a_denied_object_earns_no_overlap() -> None:
    box = Grounding(track=Track((TimedBox(time_s=1.0, box_px=Box.of(0, 0, 4, 4)),)))
    assert earned("ground_object", None, box, "not_observed") == {"grounding mIoU": (0, 1), "absent: precision": (0, 1)}
    assert earned("ground_object", box, box)["grounding mIoU"] == (1, 1)


def test_the_critical_view_is_marked_whole_and_by_criterion() -> None:
    truth = Scores(scores={"a": 1, "b": 2, "c": 0})
    assert earned("assess_cvs", Scores(scores={"a": 1, "b": 2, "c": 1}), truth) == {"CVS all three": (0, 1), "CVS per criterion": (2, 3)}


def test_skill_is_marked_exactly_and_within_one() -> None:
    found = earned("assess_skill", Scores(scores={"a": 1, "b": 4}), Scores(scores={"a": 2, "b": 4}))
    assert found == {"skill per aspect": (1, 2), "skill within one": (2, 2)}
    assert earned("assess_skill", None, Scores(scores={"a": 2}), "unreadable") == {"skill per aspect": (0, 1), "skill within one": (0, 1)}


def event(start_s: float, end_s: float, action: str, caption: str) -> CaptionedEvent:
    return CaptionedEvent(span=Span.of(start_s, end_s), action=action, caption=caption)


def test_events_earn_the_leaderboards_f1_and_matched_ones_their_action_and_instrument() -> None:
    clip, cut = "The clipper clips the cystic duct.", "The scissors cuts the cystic duct."
    true = Events(events=(event(0, 10, "clip the cystic duct", clip), event(20, 30, "cut the cystic duct", cut)))
    # 0-8 has IoU 0.8 with 0-10: found at 0.3, 0.5 and 0.7. Recall 1/2, precision 1 at each: F1 = 2/3. It is matched; its words are right.
    found = earned("caption_events", Events(events=(event(0, 8, "clip the cystic duct", clip),)), true)
    assert found == {"events F1": (pytest.approx(2 / 3), 1), "matched events: instrument and action": (1, 1)}
    # The same span with another instrument is found as well, but not right.
    wrong = earned("caption_events", Events(events=(event(0, 8, "clip the cystic duct", "The hook clips the cystic duct."),)), true)
    assert wrong["matched events: instrument and action"] == (0, 1)
    assert earned("caption_events", None, true, "unreadable") == {"events F1": (0, 1), "matched events: instrument and action": (0, 0)}


def test_a_summary_names_the_right_steps_and_invents_none() -> None:
    one, two = "clip the cystic duct with the clipper", "cut the cystic duct with the scissors"
    truth, row = Description(text=f"Steps seen: {one}, {two}."), "summary: right steps, none invented"
    for text, right in ((f"{one}, {two}", 1), (f"{two}, {one}", 1), (one, 0), (f"{one}, {two}, pack the gallbladder with the grasper", 0)):
        assert earned("summarize_video", Description(text=f"Steps seen: {text}."), truth)[row] == (right, 1)


def test_a_region_is_right_with_its_instrument_and_all_that_it_does() -> None:
    truth = Description(text="The clipper clips the cystic duct.")
    row = "region caption: instrument and action"
    assert earned("caption_region", Description(text="the clipper clips the cystic duct"), truth)[row] == (1, 1)
    assert earned("caption_region", Description(text="The clipper is idle."), truth)[row] == (0, 1)


def test_a_figure_is_the_share_earned_over_all_questions_not_over_clips() -> None:
    marks = [Mark(0, 1, 1, part="next action"), Mark(0, 1, 1, part="next action"), Mark(1, 0, 1, part="next action")]
    row = row_of("next action", marks, [Mark(0, 1, 4, part="next action")])
    assert row is not None
    assert (row.figure, row.blind, row.tests, row.bar) == (pytest.approx(2 / 3), 0.25, 3, 0.97)
    assert row_of("CVS all three", marks, []) is None


def test_the_interval_resamples_clips() -> None:
    # Half the clips are all right, half all wrong: the figure of 100 resampled clips has a deviation of sqrt(.25 / 100) = 0.05.
    row = row_of("next action", [Mark(clip, clip % 2, part="next action") for clip in range(100) for _ in range(5)], [])
    assert row is not None
    assert row.low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.02) and row.high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.02)
    one = row_of("next action", [Mark(0, 1, part="next action")], [])
    assert one is not None and (one.low, one.high) == (1.0, 1.0)


def test_a_gain_is_paired_by_clip() -> None:
    # Both figures vary by clip (deviation 0.05 each), their difference does not: ten more of a hundred clips are right, so the gain's
    # deviation is sqrt(.1 x .9 / 100) = 0.03, not sqrt(2) x 0.05.
    before = row_of("next action", [Mark(clip, clip < 50, part="next action") for clip in range(100)], [])
    after = row_of("next action", [Mark(clip, clip < 60, part="next action") for clip in range(100)], [])
    assert before is not None and after is not None
    more, low, high = gain(after, before)
    assert more == pytest.approx(0.1) and low == pytest.approx(0.1 - 0.059, abs=0.015) and high == pytest.approx(0.1 + 0.059, abs=0.015)
    assert gain(after, after) == (0.0, 0.0, 0.0)


def test_a_report_is_json_and_a_table_with_each_bar() -> None:
    marks = [Mark(0, 1, part=name) for name in ROWS]
    report = report_of("tiny", 1, 1_000_000, marks, marks[:1], 2.0)
    assert type(report).model_validate_json(report.model_dump_json()) == report
    assert table_of(report).row_count == len(ROWS)
    assert [row.bar for row in report.rows] == [bar for bar, _ in ROWS.values()]
    shifted = report_of("tiny", 1, 2_000_000, marks, marks[:1], 2.0)
    assert [row.bar for row in shifted.rows] == [bar for _, bar in ROWS.values()]
    assert (report.kind, shifted.kind) == ("held-out", "shifted")
    assert "gain" in [str(column.header) for column in table_of(report, shifted).columns]


def test_a_report_is_read_again_for_the_same_clips_only(tmp_path: Path) -> None:
    kept = tmp_path / "before.json"
    kept.write_text(report_of("tiny", 2, 1_000_000, [Mark(0, 1, part="next action")], [], 2.0).model_dump_json())
    assert read_report(kept, 2, 1_000_000).rows[0].by_clip == {0: (1, 1)}
    with pytest.raises(ConfigError, match="about 2 clips from seed 1,000,000 on, while 2 clips from seed 2,000,000"):
        read_report(kept, 2, 2_000_000)
    kept.write_text("{}")
    with pytest.raises(ConfigError, match=r"before\.json is not what"):
        read_report(kept, 2, 1_000_000)

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from medvid.core.span import Span
from medvid.medvidbench.oracle import true_result
from medvid.medvidbench.simulated import Asked, questions_for, record_of, records_for, source_clip
from medvid.simulate import Truth, clip_of, make_procedure
from medvid.tools.registry import BY_QA_TYPE, TOOLS
from tests.medvidbench.profiles import QWEN3


def piece(seed: int, start_s: float = 10.0, duration_s: float = 20.0) -> Truth:
    return clip_of(make_procedure(seed), Span.of(start_s, start_s + duration_s))


def asked_of(truth: Truth, seed: int = 0) -> list[Asked]:
    return questions_for(truth, source_clip(truth, 1.0), np.random.default_rng(seed), QWEN3)


@pytest.fixture(scope="module")
def many() -> list[tuple[Truth, Asked]]:
    return [(truth, asked) for seed in range(60) for truth in (piece(seed, 5.0 + seed % 40),) for asked in asked_of(truth, seed)]


def test_all_eight_tools_are_asked_about(many: list[tuple[Truth, Asked]]) -> None:
    assert {asked.tool for _, asked in many} == set(TOOLS)
    assert 9 <= len(many) / 60 <= 15


def test_about_a_third_of_what_is_looked_for_does_not_occur(many: list[tuple[Truth, Asked]]) -> None:
    for tool in ("localize_action", "ground_object"):
        absent = [asked.result is None for _, asked in many if asked.tool == tool]
        assert len(absent) > 100
        assert 0.25 <= sum(absent) / len(absent) <= 0.5, tool


def test_every_answer_reads_back_as_its_result(many: list[tuple[Truth, Asked]]) -> None:
    for truth, asked in many:
        read = TOOLS[asked.tool].parse(asked.answer, source_clip(truth, 1.0), truth.case)
        assert not read.dropped
        assert TOOLS[asked.tool].score(read.result, asked.result) > 0.97, asked


def test_every_result_is_the_truth_of_its_arguments(many: list[tuple[Truth, Asked]]) -> None:
    for truth, asked in many[:200]:
        assert true_result(asked.tool, asked.args, truth, source_clip(truth, 1.0)) == asked.result


def test_an_absent_action_never_occurs_even_in_a_sliver(many: list[tuple[Truth, Asked]]) -> None:
    absent = [(truth, asked) for truth, asked in many if asked.tool == "localize_action" and asked.result is None]
    assert absent
    for truth, asked in absent:
        assert asked.args.action not in {event.action for event in truth.events}


def test_no_question_is_asked_twice_in_a_set(many: list[tuple[Truth, Asked]]) -> None:
    for seed in range(20):
        told = Counter((asked.tool, asked.args.model_dump_json()) for asked in asked_of(piece(seed)))
        assert max(told.values()) == 1


def test_the_same_seed_asks_the_same(many: list[tuple[Truth, Asked]]) -> None:
    assert asked_of(piece(7), 3) == asked_of(piece(7), 3)
    assert asked_of(piece(7), 3) != asked_of(piece(7), 4)


def test_skill_is_asked_of_suturing_and_the_critical_view_of_cholecystectomy(many: list[tuple[Truth, Asked]]) -> None:
    for truth, asked in many:
        assert asked.tool != ("assess_cvs" if truth.kind == "suturing" else "assess_skill")


def test_records_have_the_benchmarks_form() -> None:
    whole = make_procedure(4, "cholecystectomy")
    records = records_for(whole, Span.of(6.0, 26.0), 0.5, np.random.default_rng(1), QWEN3)
    assert {BY_QA_TYPE[record.qa_type].name for record in records} == set(TOOLS) - {"assess_skill"}
    for record in records:
        # 10 frames, 2 s apart, of a video of 10 frames a second from 6 s on
        assert [int(name.split("/")[1].removesuffix(".jpg")) for name in record.video] == list(range(60, 260, 20))
        assert (record.metadata["fps"], record.metadata["input_video_start_frame"], record.metadata["input_video_end_frame"]) == (
            "0.5", "60", "260",
        )  # fmt: skip
        assert record.conversations[0].value == f"<video>\n{record.question}"
        assert record.is_rc == record.qa_type.startswith("region_caption")


def test_a_records_boxes_are_source_pixels_and_agree_with_its_answer() -> None:
    truth = piece(4)
    clip = source_clip(truth, 1.0)
    found = 0
    for asked in questions_for(truth, clip, np.random.default_rng(2), QWEN3):
        record = record_of(asked, truth, clip)
        if asked.tool == "ground_object" and asked.result is not None:
            boxes = record.facts["bbox_dict"]
            for item in asked.result.track.root:
                box = truth.box_at(asked.args.object, item.time_s)
                assert box is not None and tuple(boxes[f"{item.time_s:g}"]) == box.root
                found += 1
        if asked.tool == "caption_region":
            said = record.model_dump(by_alias=True)
            assert said["RC_info"]["start_frame"] in record.video
            assert said["RC_info"]["start_frame_bbox"] == list(asked.args.box_px.root)
            found += 1
    assert found >= 3


def test_records_of_one_procedure_share_their_video_whatever_the_span() -> None:
    whole, rng = make_procedure(4, "cholecystectomy"), np.random.default_rng(0)
    ids = {records_for(whole, Span.of(start, start + 10), 1.0, rng, QWEN3)[0].metadata["video_id"] for start in (0.0, 20.0)}
    assert len(ids) == 1
    other = records_for(make_procedure(5, "suturing"), Span.of(0, 10), 1.0, rng, QWEN3)[0].metadata["video_id"]
    assert other not in ids

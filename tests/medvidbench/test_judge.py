"""Judged columns, from verdicts that are given; what is judged of an answer; two models and two judges beside each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medvid.core import ConfigError
from medvid.medvidbench.answers import read_answers
from medvid.medvidbench.judge import (
    NAME,
    Texts,
    Verdict,
    agreement,
    both_orders,
    columns_of,
    compare,
    judged,
    key_of,
    pairs_of,
    read_verdicts,
    texts_of,
)  # fmt: skip
from medvid.medvidbench.judging import read_marks
from medvid.medvidbench.records import Record, Result
from medvid.prompts.judge import WORDS
from tests.medvidbench.answered import record, run_folder

ASPECTS = ("R2", "R3", "R8", "R5", "R4")
MARKED, COMPARED = WORDS["absolute"]["marks"], WORDS["comparative"]["marks"]


def all_of(mark: Any) -> dict[str, Any]:
    return dict.fromkeys(ASPECTS, mark)


def write_verdicts(folder: Path, marks: dict[Texts, Any], judge: str = "j") -> None:
    lines = [Verdict(key=key_of(judge, texts), judge=judge, marks=found).model_dump_json() for texts, found in marks.items()]
    with (folder / NAME).open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))


def test_the_prompt_names_the_five_aspects() -> None:
    assert tuple(WORDS["aspects"]) == ASPECTS
    for form in (WORDS["absolute"], WORDS["comparative"]):
        schema = form["response_format"]["json_schema"]["schema"]
        assert schema["required"] == list(ASPECTS)
        assert schema["properties"] == {name: {"enum": form["marks"]} for name in ASPECTS}


def test_whole_texts_are_judged_by_the_mean_over_records_and_then_over_aspects(tmp_path: Path) -> None:
    records = [*(record("video_summary_gpt", f"t{at}") for at in range(3)), record("video_summary_gemini", "t3"), record("tal", "1-2")]
    folder = run_folder(tmp_path / "run", records, ["a0", "a1", "a2", " ", "1-2"])
    assert columns_of(folder) == []
    write_verdicts(folder, {("t0", "a0"): dict(zip(ASPECTS, (5, 4, 3, 2, 1), strict=True)), ("t1", "a1"): all_of(3), ("t2", "a2"): None})
    (column,) = columns_of(folder)
    # By aspect 4, 3.5, 3, 2.5, 2. The third verdict could not be read, the fourth answer is empty: neither counts as anything.
    assert (column.name, column.leaderboard, column.tests) == ("VS llm", pytest.approx(3.0), 4)
    assert column.secondary == {"R2": 4, "R3": 3.5, "R8": 3, "R5": 2.5, "R4": 2, "judged": 0.5}


def events(*spans: tuple[float, float, str]) -> list[Any]:
    return [[{"start": start, "end": end, "caption": said} for start, end, said in spans]]


def test_events_are_judged_pair_by_pair_over_thresholds_and_sources_weighted_by_their_records(tmp_path: Path) -> None:
    truths = events((0, 10, "cut"), (20, 30, "tie"))
    records = [
        record("dense_captioning_gpt", "x", truths, source="A"),
        record("dense_captioning_gpt", "x", events((0, 4, "sew")), source="B"),
        record("dense_captioning_gemini", "x", events((0, 4, "sew")), source="B"),
    ]
    said = ["0.0-10.0 seconds: cuts\n22.0-32.0 seconds: ties", "0.0-4.0 seconds: sews", "nothing"]
    folder = run_folder(tmp_path / "run", records, said)
    # The second pair has 8 s of 12 in common.
    assert pairs_of(read_answers(folder).results[0]) == [(("cut", "cuts"), 1.0), (("tie", "ties"), pytest.approx(2 / 3))]
    write_verdicts(folder, {("cut", "cuts"): all_of(5), ("tie", "ties"): all_of(2), ("sew", "sews"): all_of(2)})
    (column,) = columns_of(folder)
    # A: 3.5 at 0.3 and 0.5, 5 at 0.7, so 4. B: 2. By records (4 x 1 + 2 x 2) / 3.
    assert (column.name, column.tests) == ("DVC llm", 3)
    assert column.leaderboard == pytest.approx(8 / 3)
    assert column.secondary["judged"] == pytest.approx(2 / 3)


def test_a_threshold_without_a_pair_and_a_source_without_one_are_left_out(tmp_path: Path) -> None:
    records = [record("dense_captioning_gpt", "x", events((0, 10, "cut")), source=source) for source in "AB"]
    folder = run_folder(tmp_path / "run", records, ["0.0-4.0 seconds: cuts", "8.0-90.0 seconds: cuts"])
    write_verdicts(folder, {("cut", "cuts"): all_of(4)})
    # IoU 0.4 reaches 0.3 only; that of B is 2 / 90.
    assert [column.leaderboard for column in columns_of(folder)] == [pytest.approx(4.0)]


def test_a_piece_that_several_events_share_has_the_text_of_the_longest() -> None:
    answer = "0.0-10.0 seconds: long\n4.0-8.0 seconds: short"
    result = Result(qa_type="dense_captioning_gpt", answer=answer, gnd="0.0-4.0 seconds: a\n4.0-8.0 seconds: b\n8.0-10.0 seconds: c")
    assert [texts for texts, _ in pairs_of(result)] == [("a", "long"), ("b", "long"), ("c", "long")]


def test_odd_truths_are_passed_over() -> None:
    facts = events((0, 10, "cut"))[0]
    odd = ["?", {"start": "now", "caption": "y"}, {"start": 1}, *facts]
    result = Result(qa_type="dense_captioning_gpt", answer="0.0-10.0 seconds: x", struc_info=[odd])
    assert [texts for texts, _ in pairs_of(result)] == [("cut", "x")]


def test_without_a_true_text_there_is_nothing_to_judge(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", [record("video_summary_gpt", None)], ["a"])
    with pytest.raises(ConfigError, match="which test data lack"):
        judged(read_answers(folder))


def test_the_judge_that_was_asked_first_gives_the_columns_unless_another_is_named(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", [record("region_caption_gpt", "t")], ["a"])
    write_verdicts(folder, {("t", "a"): all_of(2)}, "first")
    write_verdicts(folder, {("t", "a"): all_of(4)}, "second")
    assert [columns_of(folder, judge)[0].leaderboard for judge in (None, "first", "second")] == [2, 2, 4]


def two_runs(tmp_path: Path) -> tuple[Path, Path]:
    records: list[Record] = [record("video_summary_gpt", f"t{at}") for at in range(4)]
    mine, theirs = ([f"{name}{at}" for at in range(4)] for name in "ab")
    return run_folder(tmp_path / "a", records, mine), run_folder(tmp_path / "b", records, theirs)


def test_a_model_wins_only_where_both_orders_say_so(tmp_path: Path) -> None:
    mine, theirs = two_runs(tmp_path)
    run, other = read_answers(mine), read_answers(theirs)
    assert texts_of(run, other)[3:7] == [("t3", "a3"), ("t0", "a0", "b0"), ("t0", "b0", "a0"), ("t1", "a1", "b1")]
    # Ours is nearer in both orders, and again; then the judge takes whatever comes first; then theirs is nearer in one order.
    for at, (as_a, as_b) in enumerate([("A", "B"), ("A", "B"), ("A", "A"), ("tie", "A")]):
        write_verdicts(mine, {(f"t{at}", f"a{at}", f"b{at}"): all_of(as_a), (f"t{at}", f"b{at}", f"a{at}"): all_of(as_b)})
    expected = {"records": 4, "wins": 0.5, "ties": 0.25, "losses": 0.25, "contradicted": 0.25}
    assert compare(run, other, "j", read_verdicts(mine))["VS llm"] == expected


def test_runs_on_other_records_are_not_compared(tmp_path: Path) -> None:
    mine, _ = two_runs(tmp_path)
    other = run_folder(tmp_path / "c", [record("video_summary_gpt", "t9")], ["c"])
    with pytest.raises(ConfigError, match="different records"):
        both_orders(read_answers(mine), read_answers(other))


def test_agreement_of_two_judges(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", [record("video_summary_gpt", "t")], ["a"])
    write_verdicts(folder, {("t", "a"): dict(zip(ASPECTS, (5, 4, 3, 2, 1), strict=True))}, "one")
    write_verdicts(folder, {("t", "a"): dict(zip(ASPECTS, (5, 5, 3, 2, 2), strict=True))}, "other")
    # Squares apart: 2 / 5. Any mark of the one with any of the other: 11 + 13.4 - 2 x 3 x 3.4 = 4. So 1 - 0.4 / 4.
    verdicts = read_verdicts(folder)
    found = agreement(verdicts, [("t", "a")], "one", "other")
    assert found == {"marks": 5, "exact": 0.6, "mean_difference": 0.4, "kappa": pytest.approx(0.9)}
    assert agreement(verdicts, [], "one", "other") == {"marks": 0, "exact": None, "mean_difference": None, "kappa": None}


WRITTEN = "R2: 5\nR3: 4\nR8: 3\nR5: 2\nR4: 1"
FIVE = dict(zip(ASPECTS, (5, 4, 3, 2, 1), strict=True))


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        (WRITTEN, FIVE),
        ('{"R2": 5, "R3": 4, "R8": 3, "R5": 2, "R4": 1}', FIVE),
        ('```json\n{"R2": "5", "R3": 4, "R8": 3, "R5": 2, "R4": 1, "why": "R2: 1"}\n```', FIVE),
        ("**R2**: 5/5, **R3:** 4/5, R8: 3/5, R5: 2/5, R4 : 1/5", FIVE),
        ("R2: 5\nR3: 4\nR8: 3\nR5: 2", None),  # one is missing
        (f"{WRITTEN}\nR2: 1", None),  # two of one
        (WRITTEN.replace("R2: 5", "R2: 6"), None),
        (WRITTEN.replace("R2: 5", "R2: 0"), None),
        (WRITTEN.replace("R2: 5", "R2: 4.5"), None),
        (WRITTEN.replace("R2: 5", "R2: 55"), None),
        ('{"R2": true, "R3": 4, "R8": 3, "R5": 2, "R4": 1}', None),
        ("[5, 4, 3, 2, 1]", None),
        ("I would rather not.", None),
        ("", None),
    ],
)
def test_a_reply_is_five_marks_from_1_to_5_or_nothing(text: str, marks: dict[str, int] | None) -> None:
    assert read_marks(text, MARKED) == marks


def test_a_comparison_names_a_side_or_a_tie() -> None:
    assert read_marks("R2: A\nR3: B\nR8: tie\nR5: A\nR4: A", COMPARED) == dict(zip(ASPECTS, ("A", "B", "tie", "A", "A"), strict=True))
    assert read_marks("R2: A\nR3: C\nR8: tie\nR5: A\nR4: A", COMPARED) is None


@pytest.mark.parametrize("change", [lambda texts: (*texts[:-1], "other"), lambda texts: (texts[1], texts[0])])
def test_a_verdict_is_kept_under_judge_texts_and_the_version_of_the_prompt(
    change: Callable[[Texts], Texts], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ("t", "a")
    keys = {key_of("j", texts), key_of("k", texts), key_of("j", change(texts))}
    monkeypatch.setitem(WORDS, "version", 2)
    assert len({*keys, key_of("j", texts)}) == 4

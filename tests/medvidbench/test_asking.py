"""Records as they are put to a model, on small pictures and a small video file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from medvid.core.case import Case
from medvid.core.clip import Clip
from medvid.core.errors import ConfigError, VideoError
from medvid.core.span import Span
from medvid.engine.profiles import EMBEDDED, KNOWN, MEDVLM_1_0A_RL
from medvid.engine.prompt import prompt_ids
from medvid.medvidbench.asking import How, in_source_pixels, path_of, request_of, times_in
from medvid.medvidbench.oracle import OracleEngine
from medvid.medvidbench.records import Record
from medvid.medvidbench.simulated import records_for
from medvid.prompts import FORMS
from medvid.simulate import make_procedure
from medvid.tools.published import GREEN
from medvid.tools.registry import BY_QA_TYPE, TOOLS
from tests.engine.tiny import tiny_tokenizer
from tests.video.files import write

SEVEN_B = MEDVLM_1_0A_RL
QWEN3 = next(profile for pattern, profile in KNOWN if pattern.startswith("qwen3-vl"))
SIZE, NUMBER = (320, 240), r"\d+(?:\.\d+)?"
Make = Callable[..., Record]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A record on grey pictures that are there, at 1 frame a second."""

    def record(names: list[str], **said: Any) -> Record:
        for name in names:
            path = tmp_path / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", SIZE, (100, 100, 100)).save(path)
        turns = [{"from": "human", "value": f"<video>\n{said.pop('question', 'When?')}"}]
        metadata = {"fps": "1.0"} | said.pop("metadata", {})
        return Record.model_validate({"qa_type": "tal", "conversations": turns, "video": names, "metadata": metadata, **said})

    return record


def names(count: int, folder: str = "v") -> list[str]:
    return [f"{folder}/{i:04d}.png" for i in range(count)]


def has_box(rgb: np.ndarray) -> list[bool]:  # type: ignore[type-arg]
    return [bool((picture == GREEN).all(axis=2).any()) for picture in rgb]


@pytest.mark.anyio
@pytest.mark.parametrize("profile", [EMBEDDED, SEVEN_B], ids=lambda profile: profile.name)
async def test_a_perfect_model_answers_simulated_records_to_the_letter(profile: Any, tmp_path: Path) -> None:
    whole = make_procedure(1_000_003, "cholecystectomy")
    records = records_for(whole, Span.of(12.0, 24.0), 1.0, np.random.default_rng(0), EMBEDDED)
    for name in {name for record in records for name in record.video}:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", whole.size, (100, 100, 100)).save(tmp_path / name)
    engine = OracleEngine(profile, {records[0].metadata["video_id"]: whole})
    for position, record in enumerate(records):
        request, axis = request_of(record, position, profile, How(root=tmp_path))
        assert (request.question, axis, request.told_fps) == (record.question, "index", 1.0)
        said, true = in_source_pixels((await engine.generate(request)).text, request.clip), record.answer or ""
        assert re.sub(NUMBER, "#", said) == re.sub(NUMBER, "#", true)
        # Hundredths of a fed pixel are 320 / 112 = 2.9 of the source's.
        numbers = ([float(number) for number in re.findall(NUMBER, text)] for text in (said, true))
        assert next(numbers) == pytest.approx(next(numbers), abs=0.03)
        assert any(has_box(request.frames.rgb)) == (record.qa_type.startswith("region")), "drawn, and on regions alone"
    assert {record.qa_type for record in records} >= {"tal", "stg", "next_action", "region_caption_gpt", "cvs_assessment"}


def test_the_box_of_a_region_stands_at_its_place_or_at_the_published_one(make: Make, tmp_path: Path) -> None:
    region = {"start_frame": "/their/disk/v/0002.png", "start_frame_bbox": [100, 40, 180, 120]}
    record = make(names(5), qa_type="region_caption_gpt", is_RC=True, RC_info=region)
    # 320 x 240 fed to the embedded model: faithful 112 x 84, so 100 -> 35 and 40 -> 14; published 112 x 56 (84 / 56 = 1.5 -> 1).
    faithful, _ = request_of(record, 0, EMBEDDED, How(root=tmp_path))
    published, _ = request_of(record, 0, EMBEDDED, How(root=tmp_path, feeding="published"))
    assert has_box(faithful.frames.rgb) == [False, False, True, False, False]
    assert has_box(published.frames.rgb) == [False, False, True, False, False, False]
    first = [tuple(int(axis.min()) for axis in np.nonzero((r.frames.rgb[2] == GREEN).all(axis=2))) for r in (faithful, published)]
    assert first == [(14, 35), (40, 100)]
    assert (faithful.frames.size, published.frames.size) == ((112, 84), (112, 56))
    assert (faithful.told_fps, published.told_fps) == (1.0, None)


@pytest.mark.parametrize(
    ("region", "told"),
    [
        (None, "start_frame '' is none of the record's frames"),
        ({"start_frame": "v/0009.png", "start_frame_bbox": [1, 2, 3, 4]}, "is none of the record's frames"),
        ({"start_frame": "v/0001.png", "start_frame_bbox": [9, 2, 3, 4]}, r"\[9, 2, 3, 4\]; give \[x1, y1, x2, y2\]"),
        ({"start_frame": "v/0001.png"}, "start_frame_bbox is None"),
    ],
)
def test_a_region_without_a_box_that_can_be_drawn_is_a_broken_record(region: Any, told: str, make: Make, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told):
        request_of(make(names(3), qa_type="region_caption_gemini", RC_info=region), 0, EMBEDDED, How(root=tmp_path))


@pytest.mark.parametrize("said", ["../secret.png", "v/../../secret.png", "/../secret.png", ".."])
def test_no_path_leads_out_of_the_folder_of_the_frames(said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leads out of the folder of the frames"):
        path_of(said, How(root=tmp_path, renamed={"/": str(tmp_path)}))


def test_absolute_paths_are_mapped_by_their_longest_prefix_or_lie_below_the_root(tmp_path: Path) -> None:
    how = How(root=tmp_path, renamed={"/their/disk": "/mine", "/their/disk/AVOS": "/other"})
    assert path_of("/their/disk/v/1.png", how) == Path("/mine/v/1.png")
    assert path_of("/their/disk/AVOS/v/1.png", how) == Path("/other/v/1.png")
    assert path_of("/their/diskette/1.png", how) == tmp_path / "their/diskette/1.png", "a prefix ends with a folder"
    assert path_of("/etc/passwd", how) == tmp_path / "etc/passwd"
    assert path_of("v/1.png", how) == tmp_path / "v/1.png"


def test_a_missing_frame_and_a_broken_one_are_named(make: Make, tmp_path: Path) -> None:
    record = make(names(3, "/their/v"))
    (tmp_path / "their/v/0001.png").write_bytes(b"no picture")
    with pytest.raises(VideoError, match=r"0001\.png is no picture"):
        request_of(record, 0, EMBEDDED, How(root=tmp_path))
    (tmp_path / "their/v/0002.png").unlink()
    with pytest.raises(VideoError, match=r"/their/v/0002\.png is not there.* --frame-root OLD=NEW"):
        request_of(record, 0, EMBEDDED, How(root=tmp_path))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"qa_type": "poetry"}, "qa_type 'poetry' is none of tal, "),
        ({"question": " "}, "no question"),
        ({"metadata": {"fps": "often"}}, "metadata.fps is 'often'"),
        ({"video": []}, "names no frames"),
        ({"video": ["a.mp4", "b.mp4"]}, "2 video files"),
    ],
)
def test_a_broken_record_is_told(said: dict[str, Any], told: str, make: Make, tmp_path: Path) -> None:
    record = make(names(2), **{key: value for key, value in said.items() if key != "video"})
    for name in said.get("video", ()):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ConfigError, match=re.escape(told)):
        request_of(record.model_copy(update={"video": tuple(said.get("video", record.video))}), 0, EMBEDDED, How(root=tmp_path))


def test_true_times_go_to_models_that_read_them_and_even_ones_to_those_that_hear_a_rate(make: Make, tmp_path: Path) -> None:
    paths = [f"frames_2fps/v/{number}.png" for number in (10, 12, 15, 16)]
    record = make(paths)
    for level, name in enumerate(paths):
        Image.new("RGB", SIZE, (50 * level,) * 3).save(tmp_path / name)
    # Numbers at 2 a second: 0, 1, 2.5 and 3 s; the list would say 0, 1, 2 and 3.
    reads, axis = request_of(record, 0, EMBEDDED, How(root=tmp_path))
    assert axis == "native" and (reads.frames.times_s - reads.frames.times_s[0]).tolist() == [0, 1, 2.5, 3]
    hears, _ = request_of(record, 0, SEVEN_B, How(root=tmp_path))
    # 4 frames over 3 s and the last one's second: one a second; at 2 s the second picture is still shown.
    assert hears.told_fps == 1.0 and hears.frames.rgb.mean(axis=(1, 2, 3)).tolist() == [0, 50, 50, 150]
    published, _ = request_of(record, 0, SEVEN_B, How(root=tmp_path, feeding="published"))
    assert published.told_fps is None and published.frames.rgb.mean(axis=(1, 2, 3)).tolist() == [0, 50, 100, 150]


def test_more_frames_than_a_model_takes_are_thinned_only_in_faithful_feeding(make: Make, tmp_path: Path) -> None:
    record = make(names(70))
    thinned, _ = request_of(record, 0, EMBEDDED, How(root=tmp_path))
    # 32 at most: every third, 24 frames at 1 / 3 a second.
    assert (len(thinned.frames), thinned.told_fps) == (24, pytest.approx(1 / 3))
    assert np.diff(thinned.frames.times_s).tolist() == [3.0] * 23
    assert len(request_of(record, 0, EMBEDDED, How(root=tmp_path, feeding="published"))[0].frames) == 70


def test_a_video_file_is_cut_and_sampled(tmp_path: Path) -> None:
    write(tmp_path / "v.mp4", [i / 10 for i in range(120)], size=SIZE)
    turns = [{"from": "human", "value": "<video>\nWhen?"}]
    metadata = {"fps": "0.5", "input_video_start_time": "2", "input_video_end_time": "8"}
    record = Record.model_validate({"qa_type": "tal", "conversations": turns, "video": ["v.mp4"], "metadata": metadata})
    request, axis = request_of(record, 0, SEVEN_B, How(root=tmp_path))
    assert (axis, request.frames.times_s.tolist(), request.told_fps) == ("video", [2, 4, 6], 0.5)
    published, _ = request_of(record, 0, SEVEN_B, How(root=tmp_path, feeding="published"))
    assert len(published.frames) == 4 and published.clip.times_s == (2, 4, 6)


@pytest.mark.parametrize(
    ("question", "facts", "times"),
    [
        ("Where?", [{"start": 66, "end": 78, "stride": 8}], 2),  # 66, 74
        ("Where?", [{"start": "0", "end": "10", "stride": "2.5"}], 5),  # with both ends
        ("Give the box of this object every 2.0 seconds from 4.0 to 20.0 seconds: hook.", {}, 9),
        ("From 66.0 seconds to 78.0 seconds, with a stride of 4 seconds, where is the hook?", {}, 4),
        ("Track it at 5-second intervals between 10 and 30 seconds.", {}, 5),
        ("Where is it each second, 3-7 s?", {}, 5),
        ("Where is the hook, on a scale from 1 to 5, every 2 seconds?", {}, None),
        ("Where is the hook?", {}, None),
        ("Where?", [{"start": 9, "end": 3, "stride": 1}], None),
        ("Where?", [{"start": 0, "end": 3, "stride": 0}], None),
    ],
)
def test_a_grounding_question_tells_how_many_times_it_asks_for(question: str, facts: Any, times: int | None, make: Make) -> None:
    assert times_in(make(names(1), qa_type="stg", question=question, struc_info=facts)) == times


def test_the_room_for_an_answer_follows_from_what_was_asked(make: Make, tmp_path: Path) -> None:
    def room(qa_type: str, profile: Any = SEVEN_B, own: int | None = None, **said: Any) -> int:
        return request_of(make(names(2), qa_type=qa_type, **said), 0, profile, How(root=tmp_path, max_tokens=own))[0].max_tokens

    boxes = {"struc_info": [{"start": 0, "end": 30, "stride": 2, "object": "hook"}]}
    assert room("stg", **boxes) == 16 + 40 * 16
    assert room("stg", struc_info={}) == 16 + 40 * 16, "where nothing tells, as many as the tools ask for at once"
    long = {"struc_info": [{"start": 0, "end": 1800, "stride": 1, "object": "hook"}]}
    assert (room("stg", **long), room("stg", EMBEDDED, **long)) == (4096, 1024), "4,096 at most, or a quarter of the context"
    assert [room(qa_type) for qa_type in ("tal", "next_action", "cvs_assessment", "dense_captioning_gpt")] == [256, 48, 64, 768]
    assert room("stg", own=32, **boxes) == 32


def test_what_a_record_does_not_state_has_no_origin(make: Make, tmp_path: Path) -> None:
    assert request_of(make(names(2), struc_info={}), 0, EMBEDDED, How(root=tmp_path))[0].origin is None
    stated, _ = request_of(make(names(2), struc_info=[{"action": "cut"}]), 0, EMBEDDED, How(root=tmp_path))
    assert stated.origin is not None and stated.origin[1]["span"] == {"start_s": 0.0, "end_s": 2.0}


def test_one_example_of_the_task_goes_before_the_video_and_the_question_behind_it(make: Make, tmp_path: Path) -> None:
    request, _ = request_of(make(names(2), question="When is it cut?"), 7, QWEN3, How(root=tmp_path, one_shot=True))
    tokenizer = tiny_tokenizer()
    ids = prompt_ids(QWEN3, tokenizer, question=request.question, system=request.system, grid=(1, 2, 2), times_s=[0, 1], told_fps=1.0)
    text = str(tokenizer.decode(ids))
    parts = ["<|im_start|>system", "Question: ", "wind up the thread", "Answer: 4.0-9.5, 31.0-36.0 seconds.", "<|im_start|>user",
             "<|video_pad|>", "When is it cut?", "<|im_start|>assistant"]  # fmt: skip
    assert [text.find(part) for part in parts] == sorted(text.find(part) for part in parts) and text.find(parts[0]) == 0
    assert request_of(make(names(2)), 7, QWEN3, How(root=tmp_path))[0].system is None


def test_the_scores_of_the_example_are_drawn_for_each_record_by_its_index(make: Make, tmp_path: Path) -> None:
    record = make(names(1), qa_type="cvs_assessment")

    def drawn(position: int) -> tuple[str, ...]:
        system = request_of(record, position, SEVEN_B, How(root=tmp_path, one_shot=True))[0].system
        found = re.search(r"Answer: Two structures: ([012]), Cystic plate: ([012]), Hepatocystic triangle: ([012])\n", system or "")
        assert found, system
        return found.groups()

    many = [drawn(position) for position in range(60)]
    assert many == [drawn(position) for position in range(60)]
    assert len(set(many)) > 15, "of 27 triplets"
    assert {column for triplet in zip(*many, strict=True) for column in triplet} == {"0", "1", "2"}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_each_example_answer_has_the_form_that_the_tool_reads(tool: Any) -> None:
    example = FORMS[tool.name].example
    clip = Clip("", "0" * 16, (0.0, 60.0), 1.0, True, (1920, 1080), (112, 84), "source")
    answer = example.answer.replace("{score}", "1")
    reading = tool.parse(answer, clip, Case())
    assert not reading.dropped and tool.render(reading.result) == answer


def test_boxes_of_an_answer_are_moved_to_the_source_and_nothing_else_is() -> None:
    clip = Clip("", "0" * 16, (0.0, 1.0), 1.0, True, (320, 240), (112, 84), "fed")
    text = "1.0 seconds: [28, 21, 56, 42] 2.0 seconds: [1, 2, 3] 3.0 seconds: [28, 21, 5"
    assert in_source_pixels(text, clip) == "1.0 seconds: [80, 60, 160, 120] 2.0 seconds: [1, 2, 3] 3.0 seconds: [28, 21, 5"
    assert in_source_pixels(text, replace(clip, box_frame="source")) == text
    # Thousandths of 320 and 240.
    assert in_source_pixels("[500, 250, 1000, 1000]", replace(clip, box_frame="per_mille")) == "[160, 60, 320, 240]"


def test_an_instant_is_a_span() -> None:
    tool = BY_QA_TYPE["tal"]
    clip = Clip("", "0" * 16, (0.0, 600.0), 1.0, True, SIZE, SIZE, "source")
    instant = tool.parse("540.0-540.0 seconds.", clip, Case()).result
    assert tool.score(instant, instant) == 1.0

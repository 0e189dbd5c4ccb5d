"""Lessons: each clip's prompt and its questions as token ids, with where to look for every number of an answer.

Made once and kept as JSON lines, one a clip. The ids are those that engine/prompt.py makes, so what is trained is what is served.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from transformers import PreTrainedTokenizerFast

from medvid.core import Box, TimedBox, Track
from medvid.core.clip import Clip
from medvid.engine.profiles import EMBEDDED
from medvid.engine.prompt import answer_ids, prompt_ids, video_ids
from medvid.medvidbench.simulated import Asked, questions_for, video_id_of
from medvid.simulate.grammar import step_form
from medvid.tools.ground_object import Grounding
from medvid.tools.registry import TOOLS
from medvid.train.footage import FED, NAMES, Heard, Take, work_off
from medvid.train.tokenizer import NUMBERS, build_tokenizer

VARIANTS = 2
"""Sets of questions made for each clip."""
GRID = (6, 8)
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Question:
    """ids: from behind the video to the end of the answer; the answer begins at `answer`. guide: (index of a number's token, pair of
    frames, instrument in NAMES) for numbers that something in the picture tells. region: index of the drawn box, -1 for none."""

    tool: str
    ids: list[int]
    answer: int
    guide: list[tuple[int, int, int]]
    region: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """prefix: ids up to the video's end. regions: (frame, x1, y1, x2, y2) of each box that some question draws, in fed pixels."""

    prefix: list[int]
    questions: list[Question]
    regions: list[tuple[int, float, float, float, float]]


def clip_of_take(take: Take) -> Clip:
    truth = take.truth
    times_s = tuple(float(time_s) for time_s in take.times_s)
    return Clip("", video_id_of(truth), times_s, take.fps, True, truth.size, FED, "fed")


def write_lessons(folder: Path, takes: dict[int, list[Take]], *, workers: int = 2, progress: Heard | None = None) -> None:
    """One file a length; goes on where an earlier call was killed."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = [(length, i) for length, rows in takes.items() for i in range(0, len(rows), CHUNK)]
    chunks = [(folder / f"{length}-{i:06d}.jsonl", takes[length][i : i + CHUNK]) for length, i in starts]
    work_off(_write_chunk, [chunk for chunk in chunks if not chunk[0].exists()], workers, len(chunks), progress)


def read_lessons(folder: Path, length: int) -> list[Lesson]:
    """In the order of the takes of this length."""
    lines = (line for path in sorted(folder.glob(f"{length}-*.jsonl")) for line in path.read_text().splitlines())
    lesson = TypeAdapter(Lesson)
    return [lesson.validate_json(line) for line in lines]


def _write_chunk(path: Path, takes: list[Take]) -> None:
    tokenizer = build_tokenizer()
    lines = [json.dumps(lesson_of(take, tokenizer)) for take in takes]
    part = path.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n")
    part.replace(path)


def lesson_of(take: Take, tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    """The lesson of one clip, as JSON."""
    clip, truth = clip_of_take(take), take.truth
    rng = np.random.default_rng((13, take.seed, int(take.start_s * 2), take.frames))
    grid = (take.frames // 2, *GRID)
    start = [tokenizer.convert_tokens_to_ids("<|im_start|>"), *tokenizer.encode("user\n", add_special_tokens=False)]
    prefix = start + video_ids(EMBEDDED, tokenizer, grid=grid, times_s=clip.times_s, told_fps=clip.fps)
    questions: list[dict[str, Any]] = []
    regions: list[tuple[float, ...]] = []
    for asked in (asked for _ in range(VARIANTS) for asked in questions_for(truth, clip, rng, EMBEDDED)):
        asked = in_whole_pixels(asked)
        whole = prompt_ids(EMBEDDED, tokenizer, question=asked.question, system=None, grid=grid, times_s=clip.times_s, told_fps=clip.fps)
        behind = whole[len(prefix) :]
        answer = answer_ids(tokenizer, asked.answer)
        region = -1
        if asked.tool == "caption_region":
            region = len(regions)
            frame = int(np.argmin(np.abs(np.array(clip.times_s) - asked.args.time_s)))
            regions.append((frame, *asked.args.box_px.root))
        numbers = [len(behind) + i for i, token in enumerate(answer) if _is_number(token, tokenizer)]
        guide = [(at, pair, who) for at, (pair, who) in zip(numbers, looks(asked, clip), strict=False)]
        questions.append({"tool": asked.tool, "ids": behind + answer, "answer": len(behind), "guide": guide, "region": region})
    return {"prefix": prefix, "questions": questions, "regions": regions}


def in_whole_pixels(asked: Asked) -> Asked:
    """The same question, its boxes rounded: the model sees 112 pixels, and a whole number is one token."""
    if asked.tool != "ground_object" or asked.result is None:
        return asked
    rounded = [TimedBox(time_s=item.time_s, box_px=_whole(item.box_px)) for item in asked.result.track.root]
    result = Grounding(track=Track(tuple(rounded)))
    return asked._replace(result=result, answer=TOOLS[asked.tool].render(result))


def _whole(box: Box) -> Box:
    x1, y1, x2, y2 = (round(value) for value in box.root)
    return Box.of(x1, y1, max(x2, x1 + 1), max(y2, y1 + 1))


def looks(asked: Asked, clip: Clip) -> Iterator[tuple[int, int]]:
    """(pair of frames, instrument) for every whole number of the answer, in order."""
    if asked.result is None:
        return
    match asked.tool:
        case "localize_action" | "caption_events":
            one_action = asked.tool == "localize_action"
            spans = [(span, asked.args.action) for span in asked.result.spans] if one_action else []
            for span, action in spans or [(event.span, event.action) for event in asked.result.events]:
                who = NAMES.index(step_form(action).instrument)
                yield from ((_pair(span.start_s, clip), who), (_pair(span.end_s, clip), who))
        case "ground_object":
            for item in asked.result.track.root:
                yield from [(_pair(item.time_s, clip), NAMES.index(asked.args.object))] * 5


def _pair(time_s: float, clip: Clip) -> int:
    return int(np.clip(time_s * clip.fps, 0, len(clip.times_s) - 1)) // 2


def _is_number(token: int, tokenizer: PreTrainedTokenizerFast) -> bool:
    first = int(tokenizer.convert_tokens_to_ids("0"))
    return first <= token < first + len(NUMBERS)

"""Training's own forwards give what stock Transformers gives; what is saved, stock Transformers loads."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoTokenizer

from medvid.engine.patches import frames_to_patches
from medvid.engine.positions import rope_positions
from medvid.train.footage import Footage
from medvid.train.language import Reader
from medvid.train.lessons import Lesson, read_lessons
from medvid.train.nano import MEAN, MERGE, PATCH, STD, TEMPORAL, export, see
from medvid.train.packing import Features, _see_all, pack
from medvid.train.tokenizer import build_tokenizer, number_ids


@pytest.fixture
def deep(fresh: torch.nn.Module) -> torch.nn.Module:
    """Fresh weights whose deepstack is not zero, so that leaving it out would show."""
    for merger in fresh.model.visual.deepstack_merger_list:
        torch.nn.init.normal_(merger.linear_fc2.weight, std=0.05)
    return fresh


def test_seeing_many_pairs_at_once_gives_what_the_stock_tower_gives(deep: torch.nn.Module) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (8, 84, 112, 3), dtype=np.uint8)
    patches, grid = frames_to_patches(rgb, patch=PATCH, merge=MERGE, temporal=TEMPORAL, mean=MEAN, std=STD)
    with torch.no_grad():
        stock = deep.model.visual(torch.from_numpy(patches), torch.tensor([grid]))
        merged, below = see(deep, torch.from_numpy(rgb).reshape(4, 2, 84, 112, 3))
    assert torch.allclose(merged.flatten(0, 1), stock.pooler_output, atol=1e-4)
    assert torch.allclose(below.flatten(0, 1), stock.deepstack_features[0], atol=1e-3)


def test_a_packed_question_gets_the_loss_it_would_get_alone_from_stock(deep: torch.nn.Module, small: Path, footage: Footage) -> None:
    length, clip = next((length, 0) for length, takes in footage.takes.items() if takes)
    lesson = read_lessons(small / "lessons", length)[clip]
    questions = [question for question in lesson.questions if question.region < 0][:3]
    frames = np.asarray(footage.arrays[length].frames[clip])
    seen = _see_all(deep, frames.reshape(-1, 2, *frames.shape[1:]))[None].astype(np.float32)
    features = Features(seen, np.zeros((0, 2, 12, 192), np.float16), np.zeros(1, np.int64))
    video = deep.config.video_token_id
    alone = []
    patches, grid = frames_to_patches(frames, patch=PATCH, merge=MERGE, temporal=TEMPORAL, mean=MEAN, std=STD)
    for question in questions:
        ids = lesson.prefix + question.ids
        positions = rope_positions(ids, [grid], architecture="qwen3_vl", video_token_id=video)
        with torch.no_grad():
            logits = (
                deep(
                    input_ids=torch.tensor([ids]),
                    pixel_values_videos=torch.from_numpy(patches),
                    video_grid_thw=torch.tensor([grid]),
                    position_ids=torch.from_numpy(positions)[:, None],
                )
                .logits[0]
                .float()
            )
        begin = len(lesson.prefix) + question.answer
        alone.append(logits[begin - 1 : len(ids) - 1].log_softmax(-1)[range(len(ids) - begin), ids[begin:]])
    packed = pack(
        [0], [Lesson(lesson.prefix, questions, [])], features, footage.arrays[length], np.random.default_rng(0), video_token=video
    )
    reader = Reader(deep, number_ids(build_tokenizer())[0])
    losses = reader.log_probs(packed)
    wanted = {tuple(part.tolist()) for part in alone}
    assert len(losses) == sum(len(part) for part in wanted)
    assert sorted(losses.tolist()) == pytest.approx(sorted(value for part in wanted for value in part), abs=2e-3)


def test_the_loss_moves_with_the_frames(deep: torch.nn.Module, small: Path, footage: Footage) -> None:
    length = next(length for length, takes in footage.takes.items() if takes)
    lessons = read_lessons(small / "lessons", length)[:1]
    pairs = length // 2

    def loss(level: float) -> float:
        seen = np.full((1, pairs, 2, 12, 192), level, np.float32)
        features = Features(seen, np.zeros((9, 2, 12, 192), np.float16), np.zeros(1, np.int64))
        batch = pack(
            [0],
            [Lesson(lessons[0].prefix, [lessons[0].questions[0]], [])],
            features,
            footage.arrays[length],
            np.random.default_rng(0),
            video_token=deep.config.video_token_id,
        )
        return float(Reader(deep, number_ids(build_tokenizer())[0]).losses(batch)["answer"].detach())

    assert abs(loss(0.0) - loss(1.0)) > 1e-3


def test_a_checkpoint_loads_in_stock_transformers_and_stays_small(fresh: torch.nn.Module, tmp_path: Path) -> None:
    export(fresh, tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 16 * 2**20
    loaded = AutoModelForImageTextToText.from_pretrained(tmp_path, dtype=torch.float32)
    assert sum(weight.numel() for weight in loaded.parameters()) < 8_000_000
    for name, weight in fresh.state_dict().items():
        assert torch.allclose(loaded.state_dict()[name], weight, atol=2e-3), name
    text = "66.0 seconds: [12, 9, 104, 60] 74.5 seconds: [1, 2, 3, 4]"
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text

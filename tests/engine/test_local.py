"""LocalEngine on real, tiny, random checkpoints: against the stock model, and by what moves its answers."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText

from medvid.core.errors import ConfigError, EngineError
from medvid.engine import Request, open_engine
from medvid.engine.decoding import Decoder
from medvid.engine.local import LocalEngine
from tests.engine.asking import request
from tests.engine.tiny import tiny_checkpoint, tiny_word_tokenizer

pytestmark = pytest.mark.anyio
ARCHITECTURES = ("qwen2_5_vl", "qwen3_vl", "qwen3_5")


@pytest.fixture(scope="module", params=ARCHITECTURES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    seed = 1 if request.param == "qwen3_5" else 0  # the one of seed 0 writes video pads, for which a whole prompt would need frames
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoint"), request.param, seed=seed)


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[LocalEngine]:
    opened = open_engine(folder, device="cpu")
    yield opened
    await opened.aclose()


def scores(engine: LocalEngine, asked: Request, answer: list[int]) -> np.ndarray:
    """Log-probabilities of `answer` by the stock model in one forward pass, given our arrays."""
    decoder = Decoder(engine.checkpoint, "cpu")
    encoded = decoder.encode(asked)
    stock = AutoModelForImageTextToText.from_pretrained(engine.checkpoint.folder, dtype=torch.float32)
    ids = np.concatenate([encoded.input_ids, answer])
    following = encoded.position_ids[:, -1:] + 1 + np.arange(len(answer))
    with torch.no_grad():
        logits = stock(
            input_ids=torch.as_tensor(ids)[None], position_ids=torch.as_tensor(np.concatenate([encoded.position_ids, following], axis=1))[:,
            None], pixel_values_videos=torch.as_tensor(encoded.pixel_values), video_grid_thw=torch.tensor([encoded.grid]),
        ).logits[0]
    at = np.arange(len(encoded.input_ids) - 1, len(ids) - 1)
    return np.asarray(torch.log_softmax(logits, dim=-1))[at, answer]


async def test_every_log_probability_is_the_stock_models_for_the_same_arrays(engine: LocalEngine) -> None:
    asked = request(engine.profile, max_tokens=12)
    reply = await engine.generate(asked)
    assert reply.logprobs is not None and reply.tokens_out >= 3
    tokens: list[int] = []
    decoder = Decoder(engine.checkpoint, "cpu")
    encoded = decoder.encode(asked)
    for token, _ in decoder.tokens(encoded, decoder.read_video(encoded)[0]):
        if len(tokens) == reply.tokens_out:
            break
        tokens.append(token)
    assert decoder.text(tokens) == reply.text
    np.testing.assert_allclose(reply.logprobs, scores(engine, asked, tokens), atol=1e-3)


async def test_positions_are_stocks_where_times_are_read_and_mend_its_overlap_for_qwen25(engine: LocalEngine) -> None:
    decoder = Decoder(engine.checkpoint, "cpu")
    encoded = decoder.encode(request(engine.profile, frames=32))
    ids = torch.as_tensor(encoded.input_ids)[None]
    kinds = (ids == engine.checkpoint.vision.video_token_id).int() * 2
    seconds = {"second_per_grid_ts": torch.tensor([2.0])} if engine.profile.architecture == "qwen2_5_vl" else {}
    stock, _ = decoder.model.model.get_rope_index(ids, kinds, video_grid_thw=torch.tensor([encoded.grid]), **seconds)
    video_end = int(np.flatnonzero(kinds[0].numpy())[-1]) + 1
    np.testing.assert_array_equal(encoded.position_ids[:, :video_end], stock[:, 0, :video_end].numpy())
    if engine.profile.timestamps:
        np.testing.assert_array_equal(encoded.position_ids, stock[:, 0].numpy())
    else:
        # 16 pairs at 1 fps, 4 positions each: the video's last position is 60 past its first, so text goes on at 61. Stock: at 3, the
        # width.
        start = int(encoded.position_ids[0, video_end - 1]) - 60
        assert encoded.position_ids[:, video_end].tolist() == [start + 61] * 3
        assert stock[:, 0, video_end].tolist() == [start + 3] * 3


async def test_an_answer_moves_with_the_frames_and_with_their_times(engine: LocalEngine) -> None:
    plain = await engine.generate(request(engine.profile))
    other_frames = await engine.generate(request(engine.profile, seed=1))
    other_times = await engine.generate(request(engine.profile, fps=0.5))
    same_times_elsewhere = await engine.generate(request(engine.profile, first_s=105.0))
    assert plain.logprobs is not None and other_frames.logprobs is not None and other_times.logprobs is not None
    assert abs(plain.logprobs[0] - other_frames.logprobs[0]) > 1e-3
    assert abs(plain.logprobs[0] - other_times.logprobs[0]) > 1e-3
    assert plain.logprobs == same_times_elsewhere.logprobs, "times count from the clip's first frame"


async def test_a_model_that_is_told_no_rate_answers_as_at_two_frames_a_second(engine: LocalEngine) -> None:
    untold = await engine.generate(request(engine.profile, fps=1.0, told=False))
    assert untold.logprobs == (await engine.generate(request(engine.profile, fps=2.0))).logprobs
    assert untold.logprobs != (await engine.generate(request(engine.profile, fps=1.0))).logprobs


async def test_a_second_question_on_the_same_frames_reads_only_its_own_words(engine: LocalEngine) -> None:
    first = await engine.generate(request(engine.profile, question="What is seen?"))
    second = await engine.generate(request(engine.profile, question="When is it cut?"))
    fresh = open_engine(engine.checkpoint.folder, device="cpu")
    alone = await fresh.generate(request(engine.profile, question="When is it cut?"))
    await fresh.aclose()
    assert first.tokens_reused == alone.tokens_reused == 0
    assert 12 <= second.tokens_reused < second.tokens_in  # 2 pairs of 6 tokens, and what stands before and between
    assert (second.text, second.logprobs) == (alone.text, alone.logprobs)
    other = await engine.generate(request(engine.profile, question="When is it cut?", seed=1))
    assert other.tokens_reused == 0


async def test_a_cancelled_answer_stops_at_the_next_token(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    tokens = Decoder.tokens

    def counted(self: Decoder, *args: object, **options: object):  # type: ignore[no-untyped-def]
        nonlocal made
        for item in tokens(self, *args, **options):  # type: ignore[arg-type]
            made += 1
            time.sleep(0.1)
            yield 1, item[1]  # never the end

    monkeypatch.setattr(Decoder, "tokens", counted)
    running = asyncio.create_task(engine.generate(request(engine.profile, max_tokens=3000)))
    while made < 2:  # noqa: ASYNC110 - the counter is moved by another thread
        await asyncio.sleep(0.001)
    queued = asyncio.create_task(engine.generate(request(engine.profile, max_tokens=3000)))
    await asyncio.sleep(0)
    queued.cancel()
    running.cancel()
    at_cancel = made
    await asyncio.gather(running, queued, return_exceptions=True)
    await engine.warm()  # waits for the thread
    assert at_cancel <= made <= at_cancel + 1


async def test_closing_tells_whoever_waits(engine: LocalEngine) -> None:
    await engine.warm()
    waiting = [asyncio.create_task(engine.generate(request(engine.profile, max_tokens=3000, seed=seed))) for seed in range(8)]
    await asyncio.sleep(0.005)
    await engine.aclose()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[-1], EngineError) and "closed" in str(outcomes[-1])


async def test_a_prompt_that_does_not_fit_is_refused_with_its_numbers(engine: LocalEngine) -> None:
    with pytest.raises(EngineError, match=r"4 frames of 84x56 px.* may have 4,096, above the context of 4,096; ask for a shorter span"):
        await engine.generate(request(engine.profile, max_tokens=4096))


async def test_memory_that_runs_out_is_an_engine_error_and_a_bug_stays_a_bug(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    await engine.warm()
    decoder = engine._decoder
    assert decoder is not None

    def run_out(**_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(decoder, "model", run_out)
    monkeypatch.setattr(run_out, "dtype", torch.float32, raising=False)
    with pytest.raises(EngineError, match=r"out of memory on cpu with \d+ prompt tokens .*shorter span"):
        await engine.generate(request(engine.profile))

    def break_down(**_: object) -> None:
        raise RuntimeError("shape mismatch")

    monkeypatch.setattr(decoder, "model", break_down)
    monkeypatch.setattr(break_down, "dtype", torch.float32, raising=False)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        await engine.generate(request(engine.profile))


async def test_an_operator_that_mps_lacks_is_named_and_the_answer_is_written_on_the_cpu(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # No mps here: the model on the cpu says what torch says there, once, in the middle of an answer.
    plain = await engine.generate(request(engine.profile))
    decoder = engine._decoder
    assert decoder is not None
    forward, calls = decoder.model.forward, 0

    def lacking(**given: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise NotImplementedError("The operator 'aten::_made_up.out' is not currently implemented for the MPS device. If you want ...")
        return forward(**given)

    monkeypatch.setattr(decoder.model, "forward", lacking)
    with caplog.at_level(logging.WARNING):
        reply = await engine.generate(request(engine.profile))
    assert calls > 3 and decoder.device.type == "cpu"
    assert "mps lacks the operator aten::_made_up.out: " in caplog.text
    assert (reply.text, reply.logprobs, reply.tokens_reused) == (plain.text, plain.logprobs, 0)

    def unfinished(**_: object) -> object:
        raise NotImplementedError("this layer is not written yet")

    monkeypatch.setattr(decoder.model, "forward", unfinished)
    with pytest.raises(NotImplementedError, match="not written yet"):
        await engine.generate(request(engine.profile, seed=7))


async def test_weights_with_a_tensor_missing_are_refused(folder: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken")
    tensors = load_file(broken / "model.safetensors")
    tensors.pop(next(name for name in tensors if name.endswith("self_attn.o_proj.weight")))
    save_file(tensors, broken / "model.safetensors", metadata={"format": "pt"})
    engine = open_engine(broken, device="cpu")
    with pytest.raises(ConfigError, match=r"lack 1 tensors \(.*o_proj.weight"):
        await engine.warm()
    await engine.aclose()


def test_a_byte_level_tokenizer_knows_every_word(folder: Path) -> None:
    assert open_engine(folder).unknown_words("hepatocystic Dreieck 三角") == ()


def test_a_word_tokenizer_names_the_words_it_lacks(tmp_path: Path) -> None:
    words = ("user", "assistant", "the", "duct")
    folder = tiny_checkpoint(tmp_path, "qwen3_vl", tokenizer=tiny_word_tokenizer(words))
    assert open_engine(folder).unknown_words("the splenic duct  the vein splenic") == ("splenic", "vein")


@pytest.mark.parametrize(
    ("model", "complaint"),
    [("no/such/folder", "no checkpoint at no/such/folder"), ("plain", "no checkpoint at plain")],
)
def test_a_checkpoint_that_is_not_there_is_refused_when_opened(model: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        open_engine(model)


def test_another_architecture_is_refused_when_opened(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(ConfigError, match=r"of architecture 'llama'; medvid runs qwen2_5_vl, qwen3_5, qwen3_vl"):
        open_engine(tmp_path)


def test_a_folder_without_weights_is_refused_when_opened(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "config.json", tmp_path)
    with pytest.raises(ConfigError, match=r"holds no \*.safetensors"):
        open_engine(tmp_path)


def test_an_engine_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="no engine 'warp'"):
        open_engine(None, engine="warp")

"""Prompt and positions of a few fixed clips, beside those of stock Transformers: compared before a checkpoint's answers are believed.

Behind a Qwen2.5-VL video the reference is the largest position + 1, not Transformers' own (positions.py).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

from medvid.core import ConfigError
from medvid.core.clip import Clip
from medvid.core.frames import Frames
from medvid.engine.base import Profile, Request
from medvid.engine.checkpoint import Checkpoint
from medvid.engine.encode import Encoded, encode

UNEVEN_S = (0.0, 0.5, 1.03, 1.84, 2.33)  # For models that read times: the ragged steps of a benchmark's list.
QUESTION = "When is the duct clipped?"


def fixed_requests(profile: Profile) -> list[Request]:
    """Clips of noise, of 3x4 merged patches, the same everywhere."""
    width, height = size = (4 * profile.factor, 3 * profile.factor)
    timings = [(tuple(i / fps for i in range(count)), fps) for count, fps in ((1, 1.0), (12, 0.5), (12, 1.0), (16, 2.0))]
    requests = []
    for seed, (times_s, fps) in enumerate(timings + [(UNEVEN_S, 2.0)] * profile.timestamps):
        rgb = np.random.default_rng(seed).integers(0, 256, (len(times_s), height, width, 3), dtype=np.uint8)
        clip = Clip(f"check {seed}", "0" * 16, times_s, fps, profile.timestamps, size, size, profile.box_frame)
        requests.append(Request(Frames(rgb, np.array(times_s), fps), clip, QUESTION, 8, fps))
    return requests


def differing(checkpoint: Checkpoint, requests: Sequence[Request]) -> dict[str, list[str]]:
    """The requests that we put otherwise, by `prompt` and `positions`. There is no `prompt` where the checkpoint's own processor cannot be
    used: it wants its files and torchvision. Positions need no weights. Raises ConfigError where not even they can be had."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder)
        with torch.device("meta"):
            model: Any = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(checkpoint.folder)).model
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"the checkpoint {checkpoint.folder} cannot be loaded: {error}; fetch it again, or name another") from error
    try:
        processor: Any = AutoProcessor.from_pretrained(checkpoint.folder)
        processor.tokenizer.chat_template = processor.chat_template or processor.tokenizer.get_chat_template()
        found: dict[str, list[str]] = {"prompt": [], "positions": []}
    except (ImportError, OSError, ValueError):
        found = {"positions": []}
    for request in requests:
        name = f"{len(request.frames)} frames at {request.clip.fps:g} fps"
        ours = encode(request, checkpoint.profile, tokenizer, checkpoint.vision)
        if "prompt" in found and ours.input_ids.tolist() != _stock_ids(processor, checkpoint.profile, request):
            found["prompt"].append(name)
        if not np.array_equal(ours.position_ids, _stock_positions(model, checkpoint, request, ours)):
            found["positions"].append(name)
    return found


def _stock_ids(processor: Any, profile: Profile, request: Request) -> list[int]:
    turns: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": request.question}]}]
    if profile.system is not None:
        turns.insert(0, {"role": "system", "content": profile.system})
    told = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": not profile.answer_start}
    chat = processor.tokenizer.apply_chat_template(turns, **told)
    if profile.timestamps and not profile.outer_vision_tokens:
        chat = chat.replace("<|vision_start|><|video_pad|><|vision_end|>", "<|video_pad|>")
    clock = request.clip.fps if request.clip.times_s != UNEVEN_S else 1e6
    indices = [round(time_s * clock) for time_s in request.clip.times_s]
    metadata = {"total_num_frames": indices[-1] + 1, "fps": clock, "frames_indices": indices}
    fed = {"videos": [request.frames.rgb], "video_metadata": [metadata], "do_resize": False, "do_sample_frames": False}
    return [int(token) for token in processor(text=[chat], **fed)["input_ids"][0]]


def _stock_positions(model: Any, checkpoint: Checkpoint, request: Request, ours: Encoded) -> Any:
    ids = torch.from_numpy(ours.input_ids)[None]
    is_video = ids == checkpoint.vision.video_token_id
    told = {"second_per_grid_ts": torch.tensor([checkpoint.vision.temporal / request.clip.fps])}
    positions = model.get_rope_index(ids, is_video.int() * 2, video_grid_thw=torch.tensor([ours.grid]), **told)[0][:, 0].numpy()
    if checkpoint.profile.architecture == "qwen2_5_vl":
        behind = int(is_video[0].nonzero()[-1]) + 1
        positions[:, behind:] = positions[:, :behind].max() + 1 + np.arange(positions.shape[1] - behind)
    return positions

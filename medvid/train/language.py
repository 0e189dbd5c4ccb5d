"""The language half: questions and answers over what the vision half sees.

The loss on an answer's tokens is cross entropy; on a whole number, half of it is towards the near numbers too, because 41 is a better
guess for 40 than 90 is. Before a number is written, two heads of one layer are pushed to look where the picture tells it (weight 0.3).
Muon on the matrices, AdamW on the rest.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import Qwen3VLForConditionalGeneration
from transformers.models.qwen3_vl.modeling_qwen3_vl import apply_rotary_pos_emb

from medvid.train.footage import Footage
from medvid.train.lessons import read_lessons
from medvid.train.nano import GUIDED_HEADS, GUIDED_LAYER
from medvid.train.packing import Packed, load_features, pack
from medvid.train.tokenizer import NUMBERS
from medvid.train.vision import to_device, warm_cosine

NEAR = 1.8
"""How far the loss on a number spreads, in its own unit (pixels of the fed frame, seconds)."""
GUIDANCE = 0.3
MUON_RATE, ADAM_RATE = 0.02, 3e-3


class Reader:
    """The language half's forward on packed clips, its loss, and the attention of the guided layer."""

    def __init__(self, model: Qwen3VLForConditionalGeneration, first_number: int) -> None:
        self.model, self.first_number = model, first_number
        values = torch.arange(len(NUMBERS), dtype=torch.float32)
        self._near = torch.softmax(-(values[:, None] - values[None]).abs() / NEAR, -1).to(model.device)
        self._caught: dict[str, Any] = {}
        model.model.language_model.layers[GUIDED_LAYER].self_attn.register_forward_pre_hook(self._catch, with_kwargs=True)

    def _catch(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._caught = {"x": kwargs["hidden_states"] if "hidden_states" in kwargs else args[0], "rope": kwargs["position_embeddings"]}

    def losses(self, batch: Packed) -> dict[str, Tensor]:
        """answer and look add up to the loss; right is the share of tokens guessed."""
        with torch.autocast(batch.ids.device.type, torch.bfloat16):
            logits = self._logits(batch)
            looked = self._look(batch)
        right = (logits.argmax(-1) == batch.targets).float().mean().detach()
        return {"answer": self._answer_loss(logits, batch.targets), "look": GUIDANCE * looked, "right": right}

    @torch.no_grad()
    def log_probs(self, batch: Packed) -> Tensor:
        """Of each token to learn, in the order of `targets`; in full precision."""
        return self._logits(batch).log_softmax(-1)[range(len(batch.targets)), batch.targets]

    def _logits(self, batch: Packed) -> Tensor:
        """Of the tokens to learn: (targets, vocabulary)."""
        language = self.model.model.language_model
        words = language.embed_tokens(batch.ids)
        words = words.masked_scatter(batch.visual[..., None], batch.tokens.to(words.dtype))
        hidden = language(
            inputs_embeds=words, attention_mask=batch.mask, position_ids=batch.positions, visual_pos_masks=batch.visual,
            deepstack_visual_embeds=[batch.deep.flatten(0, 1)], use_cache=False,
        ).last_hidden_state  # fmt: skip
        logits: Tensor = self.model.lm_head(hidden[batch.rows, batch.columns]).float()
        return logits

    def _answer_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        hard = nn.functional.cross_entropy(logits, targets, reduction="none")
        value = targets - self.first_number
        number = (value >= 0) & (value < len(NUMBERS))
        log_p = logits[number].log_softmax(-1)[:, self.first_number : self.first_number + len(NUMBERS)]
        soft = -(self._near[value[number]] * log_p).sum(-1)
        return (hard[~number].sum() + 0.5 * hard[number].sum() + 0.5 * soft.sum()) / len(targets)

    def _look(self, batch: Packed) -> Tensor:
        """Cross entropy between where the guided heads look and where they should."""
        if len(batch.look) == 0:
            return batch.tokens.sum() * 0
        attention, x = self.model.model.language_model.layers[GUIDED_LAYER].self_attn, self._caught["x"]
        shape = (*x.shape[:2], -1, attention.head_dim)
        q = attention.q_norm(attention.q_proj(x).view(shape)).transpose(1, 2)
        k = attention.k_norm(attention.k_proj(x).view(shape)).transpose(1, 2)
        q, k = apply_rotary_pos_emb(q, k, *self._caught["rope"])
        asking = q[batch.look_rows, :GUIDED_HEADS, batch.look_columns].float()  # (R, 2, 64)
        visual = k[:, 0][batch.visual].view(x.shape[0], -1, attention.head_dim).float()  # (B, V, 64)
        scores = torch.einsum("rhd,rvd->rhv", asking, visual[batch.look_rows]) * attention.scaling
        looked: Tensor = -(batch.look[:, None] * scores.log_softmax(-1)).sum(-1).mean()
        return looked


def learn_to_answer(
    model: Qwen3VLForConditionalGeneration, footage: Footage, features: Path, lessons: Path, *, seconds: float, first_number: int,
    save: Callable[[dict[str, object]], None], log: Callable[[str], None], state: dict[str, Any] | None = None, pace: float = 1.0,
    clips: int = 12, seed: int = 0,
) -> None:  # fmt: skip
    """Trains for `seconds`, counted over all pieces; `state` is the last checkpoint that `save` was given.
    pace: a factor on the learning rates."""
    matrices, others = _split(model)
    optimizers = [
        torch.optim.Muon(matrices, lr=MUON_RATE, weight_decay=0.01),
        torch.optim.AdamW(others, lr=ADAM_RATE, weight_decay=0.0, betas=(0.9, 0.98)),
    ]
    rates, spent, step = (MUON_RATE, ADAM_RATE), 0.0, 0
    if state is not None:
        for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        spent, step = float(state["spent_s"]), int(state["step"])
    kept_lessons = {length: read_lessons(lessons, length) for length in footage.takes}
    kept_features = {length: load_features(features, length) for length in footage.takes}
    reader, rng = Reader(model, first_number), np.random.default_rng((seed, 31, step))
    video_token = int(model.config.video_token_id)
    began = saved = time.monotonic()

    def keep(gone: float) -> None:
        save({"optimizers": [optimizer.state_dict() for optimizer in optimizers], "spent_s": gone, "step": step})

    while (gone := spent + time.monotonic() - began) < seconds:
        factor = warm_cosine(step, gone / seconds, 40)
        for optimizer, rate in zip(optimizers, rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = pace * rate * factor
        length, rows = footage.draw(rng, clips)
        batch = pack(rows.tolist(), kept_lessons[length], kept_features[length], footage.arrays[length], rng, video_token=video_token)
        losses = reader.losses(to_device(batch, model.device))
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        (losses["answer"] + losses["look"]).backward()
        nn.utils.clip_grad_norm_([*matrices, *others], 1.0)
        for optimizer in optimizers:
            optimizer.step()
        step += 1
        if step % 25 == 0:
            log(f"language step {step} {gone:.0f} s " + " ".join(f"{name} {value.item():.3f}" for name, value in losses.items()))
        if time.monotonic() - saved > 120:
            saved = time.monotonic()
            keep(gone)
    keep(seconds)


def _split(model: Qwen3VLForConditionalGeneration) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The matrices of the layers, for Muon; embeddings and norms, for AdamW."""
    language = model.model.language_model
    matrices = [weight for weight in language.layers.parameters() if weight.ndim == 2]
    held = {id(weight) for weight in matrices}
    return matrices, [weight for weight in language.parameters() if id(weight) not in held]

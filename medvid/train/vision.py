"""The vision half first: dense labels for every pair of frames, read by linear heads from the very tokens that the language half will
see.

The heads are thrown away afterwards. What each is for: coverage and boxes for grounding, parts for the critical view, displacement for
skill, the drawn rectangle for region captions, the action for everything about time.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from transformers import Qwen3VLForConditionalGeneration

from medvid.core import Box
from medvid.simulate.anatomy import PARTS, cvs_at
from medvid.simulate.grammar import STEPS
from medvid.simulate.procedure import SIZE as SOURCE
from medvid.tools.feeding import draw_box, line_px
from medvid.train.footage import FED, NAMES, Footage
from medvid.train.nano import see

B = TypeVar("B")
K = len(NAMES)
PAIRS_A_CLIP = 2
RATE = 1.8e-3
ACTIONS = ("", *(form.action for forms in STEPS.values() for form in forms))


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs of frames and their labels; `drawn` is the instrument with a rectangle round it, K for none."""

    rgb: Tensor
    covered: Tensor
    parts: Tensor
    boxes: Tensor
    moved: Tensor
    action: Tensor
    cvs: Tensor
    skill: Tensor
    drawn: Tensor


def to_device(batch: B, device: torch.device) -> B:
    """The same batch with its tensors on `device`."""
    return type(batch)(*(getattr(batch, field.name).to(device) for field in fields(batch)))  # type: ignore[arg-type]


class Heads(nn.Module):
    """Linear readers of merged tokens (P, 12, 192)."""

    def __init__(self, width: int = 192) -> None:
        super().__init__()
        self.covered, self.boxes, self.moved = nn.Linear(width, 2 * K), nn.Linear(width, 8 * K), nn.Linear(width, 2 * K)
        self.parts, self.action = nn.Linear(width, len(PARTS)), nn.Linear(width, len(ACTIONS))
        self.cvs, self.skill, self.drawn = nn.Linear(width, 9), nn.Linear(width, 30), nn.Linear(width, K + 1)

    def losses(self, tokens: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Weighted losses by name; not weighted ones for the log are the same figures over their weights."""
        pairs = len(tokens)
        pooled = tokens.mean(1)
        covered, wanted = self.covered(tokens).view(pairs, 12, 2, K), (batch.covered > 0.12).float().transpose(1, 2)
        rare = tokens.new_tensor(3.0)
        out = {"covered": 2.0 * nn.functional.binary_cross_entropy_with_logits(covered, wanted, pos_weight=rare)}
        out["parts"] = -(batch.parts * self.parts(tokens).log_softmax(-1)).sum(-1).mean()
        out |= self._motion(tokens, batch)
        out["action"] = 0.5 * nn.functional.cross_entropy(self.action(pooled), batch.action)
        out["drawn"] = 0.5 * nn.functional.cross_entropy(self.drawn(pooled), batch.drawn)
        cvs, nothing = self.cvs(pooled).view(-1, 3), pooled.sum() * 0
        known = (batch.cvs >= 0).any()
        out["cvs"] = 0.3 * nn.functional.cross_entropy(cvs, batch.cvs.flatten(), ignore_index=-1) if known else nothing
        skill = self.skill(tokens).view(pairs, 12, 6, 5).permute(0, 3, 1, 2)
        wanted = batch.skill[:, None, :].expand(-1, 12, -1)
        out["skill"] = nn.functional.cross_entropy(skill, wanted, ignore_index=-1) if (batch.skill >= 0).any() else nothing
        return out

    def _motion(self, tokens: Tensor, batch: Batch) -> dict[str, Tensor]:
        """At each token that an instrument covers: its box in both frames, and how far its tip moved between them."""
        pairs = len(tokens)
        here = (batch.covered > 0.12).float()  # (P, 2, 12, K)
        said, wanted, seen = self._boxes(tokens, batch)
        error = (said - wanted).abs().mean(-1) + 0.1 * (1 - iou(said, wanted))
        moved = self.moved(tokens).view(pairs, 12, K, 2)
        both = here.prod(1) * torch.isfinite(batch.moved).all(-1)[:, None]
        shift = (moved - batch.moved.nan_to_num(0.0)[:, None] / 14.0).abs().mean(-1)
        boxes = 10.0 * (error * seen).sum() / seen.sum().clamp(min=1)
        return {"boxes": boxes, "moved": 3.0 * (shift * both).sum() / both.sum().clamp(min=1)}

    @torch.no_grad()
    def box_iou(self, tokens: Tensor, batch: Batch) -> float:
        """Mean IoU at covered tokens: the figure to watch."""
        said, wanted, seen = self._boxes(tokens, batch)
        return float((iou(said, wanted) * seen).sum() / seen.sum().clamp(min=1))

    def _boxes(self, tokens: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Said and true boxes in tokens' sides (P, 2, 12, K, 4), and where there is a true one."""
        said = self.boxes(tokens).view(len(tokens), 12, 2, K, 4).transpose(1, 2)
        wanted = batch.boxes[:, :, None] / 28.0
        seen = ((batch.covered > 0.12) & torch.isfinite(wanted).all(-1)).float()
        return said, wanted.nan_to_num(0.0).expand_as(said), seen


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Boxes (..., 4) -> (...)."""
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    areas = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1) + (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1)
    return shared / (areas - shared).clamp(min=1e-6)


def pick(footage: Footage, length: int, rows: np.ndarray, rng: np.random.Generator) -> Batch:
    """Random pairs of frames of these clips, a little changed in light and noise; on some a rectangle is drawn."""
    arrays = footage.arrays[length]
    picked: list[tuple[Any, ...]] = []
    for row in rows:
        take = footage.takes[length][row]
        truth = take.truth
        for pair in rng.choice(length // 2, min(PAIRS_A_CLIP, length // 2), replace=False):
            at = slice(2 * pair, 2 * pair + 2)
            rgb, boxes, drawn = arrays.frames[row, at], arrays.boxes[row, at], K
            if rng.random() < 0.25:
                frame = int(rng.integers(2))
                visible = np.flatnonzero(np.isfinite(boxes[frame, :, 0]))
                if len(visible):
                    drawn = int(rng.choice(visible))
                    rgb = draw_box(rgb, Box.of(*boxes[frame, drawn].tolist()), frame, line_px(SOURCE, FED))
            middle_s = float(take.times_s[at].mean())
            moved = arrays.tips[row, at][1] - arrays.tips[row, at][0]
            action = next((event.action for event in truth.events if event.span.start_s <= middle_s < event.span.end_s), "")
            cvs = cvs_at(truth, middle_s) if truth.cvs else (-1, -1, -1)
            skill = np.array(truth.skill or (0,) * 6) - 1
            shown = rgb, arrays.covered[row, at], arrays.parts[row, at].mean(0), boxes, moved
            picked.append((*shown, ACTIONS.index(action), cvs, skill, drawn))  # in the order of Batch's fields
    columns = zip(Batch.__dataclass_fields__, zip(*picked, strict=True), strict=True)
    made = {name: torch.from_numpy(np.stack(values)) for name, values in columns}
    made = {name: values.long() if name in ("cvs", "skill", "action", "drawn") else values.float() for name, values in made.items()}
    return Batch(**{**made, "rgb": _relight(made["rgb"], rng)})


def _relight(rgb: Tensor, rng: np.random.Generator) -> Tensor:
    tint, light = rng.uniform(0.8, 1.2, (len(rgb), 1, 1, 1, 3)), rng.uniform(0.85, 1.15, (len(rgb), 1, 1, 1, 1))
    gain = torch.from_numpy(tint).float() * torch.from_numpy(light).float()
    return (rgb * gain + torch.randn_like(rgb) * 3.0).clamp(0, 255)


def learn_to_see(
    model: Qwen3VLForConditionalGeneration, footage: Footage, *, seconds: float, save: Callable[[dict[str, object]], None],
    log: Callable[[str], None], state: dict[str, Any] | None = None, pace: float = 1.0, clips: int = 24,
    seed: int = 0,
) -> None:  # fmt: skip
    """AdamW with a cosine that ends after `seconds` of training, counted over all its pieces. `save` is given a checkpoint every two
    minutes; `state` is the last one, to go on from. pace: a factor on the learning rate."""
    device = model.device
    heads = Heads().to(device)
    weights = [*model.model.visual.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.02, betas=(0.9, 0.98))
    spent, step = (float(state["spent_s"]), int(state["step"])) if state else (0.0, 0)
    if state:
        heads.load_state_dict(state["heads"])
        optimizer.load_state_dict(state["optimizer"])
    rng = np.random.default_rng((seed, 21, step))
    began = saved = time.monotonic()

    def keep(gone: float) -> None:
        save({"heads": heads.state_dict(), "optimizer": optimizer.state_dict(), "spent_s": gone, "step": step})

    while (gone := spent + time.monotonic() - began) < seconds:
        for group in optimizer.param_groups:
            group["lr"] = pace * RATE * warm_cosine(step, gone / seconds, 60)
        batch = to_device(pick(footage, *footage.draw(rng, clips), rng), device)
        with torch.autocast(device.type, torch.bfloat16):
            tokens, _ = see(model, batch.rgb)
        losses = heads.losses(tokens.float(), batch)
        total = torch.stack(list(losses.values())).sum()
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        step += 1
        if step % 50 == 0:
            figures = " ".join(f"{name} {value.item():.3f}" for name, value in losses.items())
            log(f"vision step {step} {gone:.0f} s iou {heads.box_iou(tokens.float(), batch):.3f} {figures}")
        if time.monotonic() - saved > 120:
            saved = time.monotonic()
            keep(gone)
    keep(seconds)


def warm_cosine(step: int, share: float, warm: int) -> float:
    """The factor on a learning rate: up over `warm` steps, then a cosine down to 2 % at `share` 1 of the time given."""
    return min(1.0, (step + 1) / warm) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, share))))

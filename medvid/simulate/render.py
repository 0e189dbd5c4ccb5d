"""The pictures of a simulated procedure: ground, anatomy, instruments, then blood, smoke and the fall of the light."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from medvid.simulate.anatomy import PART_SCALE, Canvas, draw_abdomen, draw_bench
from medvid.simulate.motion import camera, now, outline, pose
from medvid.simulate.stage import Stage, stage_of
from medvid.simulate.truth import Truth

MARGIN = 24


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """rgb: uint8 (H, W, 3). parts: uint8 (H / 4, W / 4), indices into anatomy.PARTS."""

    rgb: npt.NDArray[np.uint8]
    parts: npt.NDArray[np.uint8]


def render(truth: Truth, times_s: Sequence[float] | npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """The frames shown at these seconds of the file: uint8 (T, H, W, 3)."""
    return np.stack([picture(truth, float(time_s)).rgb for time_s in times_s])


def picture(truth: Truth, time_s: float) -> Picture:
    """One frame, as the source has it, with the map of its parts. A frame is shown from its own time on: times are cut to the
    file's grid."""
    shown_s = truth.offset_s + np.floor(time_s * truth.fps + 1e-6) / truth.fps
    stage = stage_of(truth.seed, truth.kind)
    drift = camera(stage, shown_s)
    width, height = truth.size
    left, top = (MARGIN - drift).round().astype(int)
    image = _ground(truth.seed, truth.kind).crop((left, top, left + width, top + height))
    parts = Image.new("L", (width // PART_SCALE, height // PART_SCALE), 0)
    canvas = Canvas(image, parts, drift)
    (draw_abdomen if truth.kind == "cholecystectomy" else draw_bench)(canvas, stage, shown_s)
    _blood(canvas, stage, shown_s)
    pen = ImageDraw.Draw(image)
    event = now(stage, shown_s)
    # The instrument at work is drawn last, over the others.
    for name in sorted(truth.instruments, key=lambda name: event is not None and event.instrument == name):
        for polygon, colour in outline(name, pose(stage, name, shown_s)):
            pen.polygon([tuple(p) for p in polygon.tolist()], fill=colour)
    return Picture(_light(stage, np.asarray(image), shown_s), np.asarray(parts))


@lru_cache(maxsize=32)
def _ground(seed: int, kind: str) -> Image.Image:
    rng = np.random.default_rng((seed, 3))
    stage = stage_of(seed, "suturing" if kind == "suturing" else "cholecystectomy")
    width, height = stage.whole.size[0] + 2 * MARGIN, stage.whole.size[1] + 2 * MARGIN
    tint, grain = stage.tints["cloth" if kind == "suturing" else "ground"], stage.world.grain
    texture = sum(_noise(rng, width, height, round(cells * grain)) * weight for cells, weight in ((5, 26.0), (18, 12.0), (70, 7.0)))
    shade = np.array((1.0, 0.7, 0.62)) if kind != "suturing" else np.array((0.6, 0.6, 0.6))
    return Image.fromarray(np.clip(tint + np.asarray(texture)[..., None] * shade, 0, 255).astype(np.uint8))


def _noise(rng: np.random.Generator, width: int, height: int, cells: int) -> npt.NDArray[np.float64]:
    coarse = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float64)


def _blood(canvas: Canvas, stage: Stage, time_s: float) -> None:
    if stage.whole.kind == "suturing":
        return
    cuts = [event.span.end_s for event in stage.whole.events if event.action.startswith(("cut", "dissect the gallbladder"))]
    for i, cut_s in enumerate(cuts):
        if time_s > cut_s and stage.phases[10 + i] > 2.5:
            spread = min(1.0, (time_s - cut_s) / 4)
            centre = stage.places["hepatocystic triangle"] + stage.marks[12 + i] * (60, 26) + (0, 50)
            canvas.disc(centre, 4 + 9 * spread, 3 + 6 * spread, (150, 8, 14), "blood")


@lru_cache(maxsize=4)
def _falloff(width: int, height: int) -> npt.NDArray[np.float32]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    r = np.hypot((x - width / 2) / width, (y - height / 2) / height)
    light: npt.NDArray[np.float32] = (1.08 - 0.62 * np.clip(r, 0, 1) ** 2)[..., None].astype(np.float32)
    return light


@lru_cache(maxsize=32)
def _haze(seed: int) -> npt.NDArray[np.float32]:
    return (0.6 + 0.4 * _noise(np.random.default_rng((seed, 4)), 480, 240, 6)).astype(np.float32)


def _light(stage: Stage, rgb: npt.NDArray[np.uint8], time_s: float) -> npt.NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    lit = rgb * _falloff(width, height)
    # How thick the smoke is: it comes with the hook and the bipolar, and goes within three seconds.
    burning = [event.span for event in stage.whole.events if event.instrument in ("hook", "bipolar")]
    since = [time_s - span.end_s for span in burning if time_s >= span.start_s]
    smoke = stage.smoke * max((float(np.clip(1 - s / 3, 0, 1)) for s in since), default=0.0)
    if smoke > 0.01:
        shift = int(time_s * 9) % 160
        veil = _haze(stage.whole.seed)[:height, shift : shift + width, None] * np.float32(smoke)
        lit = lit * (1 - veil) + veil * np.float32(205)
    shown: npt.NDArray[np.uint8] = np.clip(lit, 0, 255).astype(np.uint8)
    return shown

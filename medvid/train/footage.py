"""Footage: simulated clips rendered once and kept, with the dense labels from which the vision half learns.

Clips of one length lie in one memory-mapped array, so that a batch needs no padding. Frames went through JPEG, as video goes through
H.264, and through the product's own resize. A clip is named by `Take`; its truth is made again from the seed.
"""

import io
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from medvid.core import ConfigError, Span
from medvid.simulate import HELD_OUT_SEED, Truth, clip_of, kind_of, make_procedure
from medvid.simulate.anatomy import PART_SCALE, PARTS
from medvid.simulate.grammar import INSTRUMENTS
from medvid.simulate.motion import box_of, outline_at, pose
from medvid.simulate.render import picture
from medvid.simulate.stage import stage_of
from medvid.simulate.world import VARIED_SEED

FED = (112, 84)
TOKENS = (4, 3)
"""Width, height of the grid of merged visual tokens of one frame."""
LENGTHS = {6: 0.10, 10: 0.10, 16: 0.20, 24: 0.20, 32: 0.40}
RATES = {1.0: 0.45, 2.0: 0.275, 0.5: 0.275}
NAMES = tuple(dict.fromkeys(name for names in INSTRUMENTS.values() for name in names))
CLIPS_A_SEED = 3
CHUNK = 64
Heard = Callable[[int, int], None]
"""Told how many are done, of how many."""


@dataclass(frozen=True, slots=True)
class Take:
    """One clip: `frames` frames at `fps` from `start_s` of the procedure of `seed`; `row` in the arrays of its length."""

    seed: int
    start_s: float
    fps: float
    frames: int
    row: int

    @property
    def times_s(self) -> npt.NDArray[np.float64]:
        """Seconds of the cut file: from 0."""
        return np.arange(self.frames) / self.fps

    @property
    def truth(self) -> Truth:
        whole = make_procedure(self.seed, kind_of(self.seed))
        return clip_of(whole, Span.of(self.start_s, self.start_s + self.frames / self.fps))


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Of one length: frames uint8 (N, T, 84, 112, 3); covered (N, T, 12, 8): share of a token that an instrument covers; parts
    (N, T, 12, 14): share of each part; boxes (N, T, 8, 4) in fed pixels and tips (N, T, 8, 2), not a number where out of view."""

    frames: npt.NDArray[np.uint8]
    covered: npt.NDArray[np.float16]
    parts: npt.NDArray[np.float16]
    boxes: npt.NDArray[np.float32]
    tips: npt.NDArray[np.float32]


class Footage:
    """The rendered clips in a folder. `takes[length]` in the order of the arrays."""

    def __init__(self, folder: Path) -> None:
        try:
            said = json.loads((folder / "takes.json").read_text())
        except OSError as error:
            raise ConfigError(f"{folder.name} holds no footage; render it first") from error
        self.takes = {int(length): [Take(**take) for take in takes] for length, takes in said.items()}
        self.arrays = {length: Labels(**_arrays(folder, length, "r")) for length in self.takes}

    def draw(self, rng: np.random.Generator, clips: int) -> tuple[int, npt.NDArray[np.int64]]:
        """A length, by its share of the clips, and the rows of some clips of it."""
        counts = np.array([len(takes) for takes in self.takes.values()], float)
        length = int(rng.choice(list(self.takes), p=counts / counts.sum()))
        return length, rng.permutation(len(self.takes[length]))[:clips]


SHAPES: dict[str, tuple[tuple[int, ...], type]] = {
    "frames": ((FED[1], FED[0], 3), np.uint8), "covered": ((12, len(NAMES)), np.float16), "parts": ((12, len(PARTS)), np.float16),
    "boxes": ((len(NAMES), 4), np.float32), "tips": ((len(NAMES), 2), np.float32),
}  # fmt: skip


def plan_takes(clips: int, first_seed: int = 0) -> dict[int, list[Take]]:
    """Which clips to render: lengths and rates in the shares above, starts on the half-second grid, every other seed varied."""
    if (last_seed := first_seed + clips // CLIPS_A_SEED) >= VARIED_SEED:
        raise ConfigError(f"seeds {first_seed} to {last_seed} reach the held-out ones from {HELD_OUT_SEED} on; use fewer")
    rng = np.random.default_rng((7, first_seed))
    takes: dict[int, list[Take]] = {length: [] for length in LENGTHS}
    for i in range(clips):
        seed = first_seed + i // CLIPS_A_SEED
        seed += VARIED_SEED * (seed % 2)
        length = int(rng.choice(list(LENGTHS), p=list(LENGTHS.values())))
        fps = float(rng.choice(list(RATES), p=list(RATES.values())))
        whole_s = make_procedure(seed, kind_of(seed)).duration_s
        fps = fps if length / fps <= whole_s else 1.0
        room_s = whole_s - length / fps
        takes[length].append(Take(seed, float(rng.integers(0, int(room_s * 2) + 1)) / 2, fps, length, len(takes[length])))
    return {length: rows for length, rows in takes.items() if rows}


def render_footage(folder: Path, clips: int, *, first_seed: int = 0, workers: int = 2, progress: Heard | None = None) -> Footage:
    """Renders `clips` clips into `folder`; goes on where an earlier call was killed."""
    folder.mkdir(parents=True, exist_ok=True)
    takes = plan_takes(clips, first_seed)
    for length, rows in takes.items():
        for name, (shape, kind) in SHAPES.items():
            path = folder / f"{name}-{length}.npy"
            if not path.exists():
                np.lib.format.open_memmap(path, "w+", kind, (len(rows), length, *shape)).flush()
    chunks = [(length, i, rows[i : i + CHUNK]) for length, rows in takes.items() for i in range(0, len(rows), CHUNK)]
    waiting = [chunk for chunk in chunks if not (folder / f".done-{chunk[0]}-{chunk[1]}").exists()]
    work_off(_render_chunk, [(folder, *chunk) for chunk in waiting], workers, len(chunks), progress)
    (folder / "takes.json").write_text(json.dumps({length: [asdict(take) for take in rows] for length, rows in takes.items()}))
    return Footage(folder)


def work_off(work: Callable[..., None], waiting: list[tuple[Any, ...]], workers: int, total: int, progress: Heard | None) -> None:
    """Calls `work` with each of the arguments that wait, `total` being all that there were, also those done by an earlier run.

    Processes are fresh: one forked from a process whose libraries run threads can wait for ever on a lock that nobody holds."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        started = [pool.submit(work, *args) for args in waiting]
        for done, future in enumerate(as_completed(started), total - len(waiting) + 1):
            future.result()
            if progress is not None:
                progress(done, total)


def _arrays(folder: Path, length: int, mode: Literal["r", "r+"]) -> dict[str, Any]:
    return {name: np.load(folder / f"{name}-{length}.npy", mmap_mode=mode) for name in SHAPES}


def _render_chunk(folder: Path, length: int, first: int, rows: list[Take]) -> None:
    arrays = _arrays(folder, length, "r+")
    for take in rows:
        for name, values in shoot(take).items():
            arrays[name][take.row] = values
    for array in arrays.values():
        array.flush()
    (folder / f".done-{length}-{first}").touch()


def shoot(take: Take) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of one clip, by the names of `Labels`."""
    truth = take.truth
    rng = np.random.default_rng((11, take.seed, int(take.start_s * 2)))
    made: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in SHAPES}
    for time_s in take.times_s:
        shot = picture(truth, float(time_s))
        made["frames"].append(_fed(shot.rgb, int(rng.integers(55, 93))))
        made["parts"].append(_shares(np.stack([shot.parts == i for i in range(len(PARTS))], -1)))
        for name, values in _instruments(truth, float(time_s)).items():
            made[name].append(values)
    return {name: np.stack(values) for name, values in made.items()}


def _fed(rgb: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    squeezed = io.BytesIO()
    Image.fromarray(rgb).save(squeezed, "JPEG", quality=quality)
    return np.asarray(Image.open(squeezed).resize(FED, Image.Resampling.BICUBIC))


def _shares(masks: npt.NDArray[np.bool_]) -> npt.NDArray[np.float16]:
    """(H, W, K) masks -> (12, K): the share of each token."""
    h, w, k = masks.shape
    cells = masks.reshape(TOKENS[1], h // TOKENS[1], TOKENS[0], w // TOKENS[0], k)
    shares: npt.NDArray[np.float16] = cells.mean((1, 3)).reshape(-1, k).astype(np.float16)
    return shares


def _instruments(truth: Truth, time_s: float) -> dict[str, npt.NDArray[np.generic]]:
    width, height = truth.size
    scale = np.array((FED[0] / width, FED[1] / height))
    boxes, tips = np.full((len(NAMES), 4), np.nan, np.float32), np.full((len(NAMES), 2), np.nan, np.float32)
    masks = np.zeros((height // PART_SCALE, width // PART_SCALE, len(NAMES)), bool)
    for k, name in enumerate(NAMES):
        shape = outline_at(truth, name, time_s) if name in truth.instruments else []
        box = box_of(shape, truth.size) if shape else None
        if box is None:
            continue
        boxes[k] = np.array(box.root) * np.tile(scale, 2)
        tips[k] = pose(stage_of(truth.seed, truth.kind), name, truth.offset_s + time_s).tip * scale
        mask = Image.new("1", (width // PART_SCALE, height // PART_SCALE))
        for polygon, _ in shape:
            ImageDraw.Draw(mask).polygon([tuple(p) for p in (polygon / PART_SCALE).tolist()], fill=1)
        masks[..., k] = np.asarray(mask)
    return {"boxes": boxes, "tips": tips, "covered": _shares(masks)}

"""The held-out set of the simulator: procedures nobody trained on, as H.264 files, and as records of the benchmark that ask about them.

The same number of records gives the same files and the same records. Source: docs/benchmark.md, "Running it".
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from medvid.core import Span
from medvid.engine.profiles import EMBEDDED
from medvid.medvidbench.records import Record, write_records
from medvid.medvidbench.simulated import qa_type_of, questions_for, record_of, source_clip
from medvid.simulate import HELD_OUT_SEED, Truth, clip_of, kind_of, make_procedure, write_video

SHORTEST_S, LONGEST_S = 16, 128
A_VIDEO = 5  # Records of each; a procedure has more questions.


def held_out_clip(index: int, seed0: int = HELD_OUT_SEED) -> Truth:
    """The truth of the clip of this number: 16 to 128 s of the procedure of its own seed, from a half second on; 16 to 32 s as often as
    32 to 64 s and as 64 to 128 s, where the procedure is as long."""
    seed = seed0 + index
    whole = make_procedure(seed, kind_of(seed))
    rng = np.random.default_rng((17, seed))
    duration_s = min(float(round(np.exp(rng.uniform(*np.log((SHORTEST_S, LONGEST_S)))))), whole.duration_s)
    start_s = float(rng.integers(0, int(2 * (whole.duration_s - duration_s)) + 1)) / 2
    return clip_of(whole, Span.of(start_s, start_s + duration_s))


def write_clip(truth: Truth, folder: Path) -> Path:
    """The file of a held-out clip; one that is there is kept, for the same truth gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{truth.seed}-{truth.offset_s:g}-{truth.duration_s:g}.mp4"
    return path if path.exists() else write_video(truth, path)


def write_held_out(folder: Path, wanted: int, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Writes `records.json` and the videos it names, and tells the counts. Of each video the questions of the rarest types are taken, about
    as much of it as the embedded model takes at once at one of its rates. tell: hears of records there are, and in all."""
    records, types = list[Record](), Counter[str]()
    while len(records) < wanted:
        truth = held_out_clip(len(records) // A_VIDEO)
        rng = np.random.default_rng((23, truth.seed))
        fps = float(rng.choice(EMBEDDED.rates))
        part = clip_of(truth, Span.of(0.0, min(truth.duration_s, EMBEDDED.frame_budget / fps)))
        clip = source_clip(part, fps)
        asked = [(qa_type_of(one.tool, one.args), one) for one in questions_for(part, clip, rng, EMBEDDED)]
        file = f"videos/{write_clip(truth, folder / 'videos').name}", truth.offset_s
        for _ in range(min(A_VIDEO, wanted - len(records))):
            qa_type, one = min(asked, key=lambda pair: types[pair[0]])
            asked.remove((qa_type, one))
            types[qa_type] += 1
            records.append(record_of(one, part, clip, file))
        tell(len(records), wanted)
    write_records(folder / "records.json", records)
    return {"records": str(folder / "records.json"), "tasks": dict(sorted(types.items()))}

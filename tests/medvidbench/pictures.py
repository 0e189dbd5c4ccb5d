"""Records about simulated procedures whose frames are JPEG files, written where the records say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from medvid.core.span import Span
from medvid.engine.profiles import EMBEDDED
from medvid.medvidbench.records import Record
from medvid.medvidbench.simulated import records_for
from medvid.simulate import make_procedure, render

START_S, LONGEST_S = 10.0, 12


def pictured_records(folder: Path, count: int) -> list[Record]:
    """So many, one procedure after the other, each looked at once a second for 4 to 12 s. Pictures are small."""
    records: list[Record] = []
    for seed in range(count):
        if len(records) >= count:
            break
        truth, seconds = make_procedure(seed), 4 + seed % (LONGEST_S - 3)
        asked = records_for(truth, Span.of(START_S, START_S + seconds), 1.0, np.random.default_rng(seed), EMBEDDED)
        records += asked
        for name, rgb in zip(asked[0].video, render(truth, START_S + np.arange(seconds)), strict=True):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rgb[::4, ::4]).save(folder / name)
    return records[:count]

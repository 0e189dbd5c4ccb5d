"""The demo's clip: the first held-out seed that makes a complete cholecystectomy. Fixed before any training."""

from medvid.simulate.procedure import kind_of
from medvid.simulate.truth import HELD_OUT_SEED

DEMO_SEED = next(seed for seed in range(HELD_OUT_SEED, HELD_OUT_SEED + 100) if kind_of(seed) == "cholecystectomy")
DEMO_QUESTION = (
    "When is the cystic duct clipped, what is the clipper doing there, and was the critical view of safety achieved before that?"
)

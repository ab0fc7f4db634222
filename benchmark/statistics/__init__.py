"""What chance may explain: paired differences over scenes, Holm's correction, the spread of seeds, the gap closed.

Everything here takes numbers or scores from result files; nothing loads a network.
"""

from benchmark.statistics.effect import (
    FLOOR,
    SEED_SPREAD,
    SEEDS,
    Conclusion,
    Effect,
    SeedSpread,
    conclude,
    effect,
    pooled_spread,
    prediction,
)
from benchmark.statistics.gap import Gap, gap_closed
from benchmark.statistics.holm import holm
from benchmark.statistics.paired import ALPHA, CONFIDENCE, Difference, difference, sign_flip
from benchmark.statistics.scores import Paired, averaged, paired
from benchmark.statistics.spread import Spread, spread

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "FLOOR",
    "SEEDS",
    "SEED_SPREAD",
    "Conclusion",
    "Difference",
    "Effect",
    "Gap",
    "Paired",
    "SeedSpread",
    "Spread",
    "averaged",
    "conclude",
    "difference",
    "effect",
    "gap_closed",
    "holm",
    "paired",
    "pooled_spread",
    "prediction",
    "sign_flip",
    "spread",
]

"""What chance may explain: paired differences over scenes, Holm's correction, the spread of seeds, the gap closed.

Everything here takes numbers or scores from result files; nothing loads a network.
"""

from benchmark.statistics.gap import Gap, gap_closed
from benchmark.statistics.holm import holm
from benchmark.statistics.paired import LEVEL, Difference, difference, sign_flip
from benchmark.statistics.scores import Paired, averaged, paired
from benchmark.statistics.spread import Spread, spread

__all__ = [
    "LEVEL",
    "Difference",
    "Gap",
    "Paired",
    "Spread",
    "averaged",
    "difference",
    "gap_closed",
    "holm",
    "paired",
    "sign_flip",
    "spread",
]

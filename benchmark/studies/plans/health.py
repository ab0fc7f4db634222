"""How a training went, from its card: what it gained over its input, and whether its curve had become flat."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from benchmark.studies.plans.plan import Health


class State(StrEnum):
    """What a curve of validation says of a run."""

    LEARNT = "learnt"
    LEARNING = "still learning"
    COLLAPSED = "collapsed"
    UNKNOWN = "no curve"


@dataclass(frozen=True)
class RunHealth:
    """A run's state with its figures in dB: gain over the input, gain in the last quarter (None where it is not told)."""

    state: State
    gained: float | None
    last_quarter: float | None


def gain(card: dict[str, Any]) -> float | None:
    """The validation PSNR at the end over that of the degraded input, in dB; None where the card does not tell it."""
    told = card.get("gain_db")
    return float(told) if isinstance(told, int | float) else None


def at_share(card: dict[str, Any], share: float) -> float | None:
    """The validation PSNR of the last look at or before that share of the run, in dB; None without one."""
    seen = [float(psnr) for step, psnr in card.get("validation") or [] if step <= share * card["iterations"] + 0.5]
    return seen[-1] if seen else None


def health(card: dict[str, Any], bounds: Health) -> RunHealth:
    """The state of the run behind a card, by the plan's bounds."""
    last, before = at_share(card, 1.0), at_share(card, 0.75)
    if last is None:
        return RunHealth(State.UNKNOWN, None, None)
    gained = gain(card)
    quarter = None if before is None else last - before
    if gained is not None and gained < bounds.collapsed:
        return RunHealth(State.COLLAPSED, gained, quarter)
    state = State.LEARNING if quarter is not None and quarter >= bounds.flat else State.LEARNT
    return RunHealth(state, gained, quarter)

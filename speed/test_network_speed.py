"""Every network beside its plain form: `pytest speed [--size 256] [--scale paper]`.

Each timed pass follows an untimed one of the other form, so both meet the same state of the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch
from torch import nn

from speed.pairs import TOLERANCE, disagreement, networks, pair

_pair = cache(pair)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Times of one thread vary least."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("form", ["ours", "plain"])
@pytest.mark.parametrize("name", networks())
def test_time(name: str, form: str, benchmark: Any, pytestconfig: pytest.Config) -> None:
    """Times one form in turn with the other; before that, both must agree."""
    size, scale = pytestconfig.getoption("--size"), pytestconfig.getoption("--scale")
    both: dict[str, nn.Module] = dict(zip(("ours", "plain"), _pair(name, scale), strict=True))
    image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(1))
    if form == "ours":
        assert disagreement(both["ours"], both["plain"], image) <= TOLERANCE
    other = both["plain" if form == "ours" else "ours"]
    benchmark.group = f"{name} ({scale}, {size} x {size})"
    with torch.no_grad():
        benchmark.pedantic(lambda: both[form](image), setup=lambda: _discard(other(image)), rounds=5, warmup_rounds=1)


def _discard(_: torch.Tensor) -> None:
    """What a set-up has to give."""

"""The options of the speed suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --size and --scale."""
    group = parser.getgroup("speed of the networks")
    group.addoption("--size", type=int, default=256, help="height and width of the image in pixels (default 256)")
    group.addoption("--scale", choices=("paper", "mini"), default="paper", help="configuration (default paper)")

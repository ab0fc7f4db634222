"""The contrast of every text colour on every ground, in both schemes, by WCAG 2's formula; what the style promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import benchmark.views.report

CSS = (Path(benchmark.views.report.__file__).parent / "page.css").read_text(encoding="utf-8")
TEXT = ("ink", "soft", "link", "reproduced", "close", "contradicted", "untestable")


def schemes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r"color-scheme: (light|dark);(.*?)}", CSS, re.S)
    found: dict[str, dict[str, str]] = {}
    for number, (name, body) in enumerate(blocks):
        found[f"{name}-{number}"] = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", body))
    return found


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_all_text_reads_on_every_ground() -> None:
    found = schemes()
    assert [name.partition("-")[0] for name in found] == ["light", "dark", "dark", "light"]  # the last is print
    for name, colours in found.items():
        for ground in ("paper", "tint"):
            for text in TEXT:
                assert contrast(colours[text], colours[ground]) >= 4.5, f"{name}: {text} on {ground}"


def test_dark_by_preference_and_dark_by_the_button_are_the_same() -> None:
    _, preferred, chosen, _ = schemes().values()
    assert preferred == chosen


def test_what_the_style_promises() -> None:
    assert "prefers-reduced-motion" in CSS
    assert "@media print" in CSS
    assert "tabular-nums" in CSS
    assert ":focus-visible" in CSS

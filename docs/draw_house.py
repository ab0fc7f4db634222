"""Draws the floors of the house as an SVG from the import contract, so that the picture cannot differ from what CI enforces."""

from __future__ import annotations

import tomllib
from html import escape
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SAYS = {
    "facade": "evaluate, score, results, table: the laboratory in Python",
    "cli": "thin: options to data classes, errors to exit codes",
    "studies": "ablations, looks inside a distillation",
    "views": "tables, figures, verdicts, report: read files, never a network",
    "check": "reference results again",
    "papers": "publications as data: rows, tables, figures",
    "claims": "ledgers, judges, lints",
    "costs": "counts, times, device cards",
    "runs": "plan, cells, execute, restore",
    "statistics": "paired differences, Holm",
    "training": "recipes, engine, data",
    "datasets": "passports, layouts, mini sets",
    "methods": "rows, search, weights",
    "images": "pictures in and out",
    "protocols": "how a set is scored",
    "core": "types, errors, paths, files, devices",
    "slkd": "the paper's method, usable alone",
    "baselines": "published networks and distillers",
}
WIDTH, HEIGHT, GAP = 880, 52, 8


def floors() -> list[list[str]]:
    """The rooms of each floor from the top, as the contracts in pyproject.toml name them."""
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    inside = next(contract["layers"] for contract in contracts if contract.get("containers") == ["benchmark"])
    return [[room.strip() for room in floor.split(":")] for floor in inside] + [["slkd"], ["baselines"]]


def draw() -> str:
    """The SVG: one row a floor, what a row may import lies beneath it; readable on light and dark ground."""
    rows = floors()
    height = len(rows) * (HEIGHT + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif">',
        "<title>The rooms of the project, floor by floor; imports only go down</title>",
        "<style>rect{fill:#00796b14;stroke:#00796b}text{fill:#37474f}.s{font-size:11px}.n{font-size:14px;font-weight:bold}"
        "@media(prefers-color-scheme:dark){text{fill:#cfd8dc}rect{fill:#4db6ac22;stroke:#4db6ac}}</style>",
    ]
    for floor, rooms in enumerate(rows):
        wide = (WIDTH - GAP * (len(rooms) + 1)) / len(rooms)
        for place, room in enumerate(rooms):
            x, y = GAP + place * (wide + GAP), GAP + floor * (HEIGHT + GAP)
            parts.append(f'<rect x="{x:.0f}" y="{y}" width="{wide:.0f}" height="{HEIGHT}" rx="4"/>')
            parts.append(f'<text class="n" x="{x + 10:.0f}" y="{y + 21}">{escape(room)}</text>')
            parts.append(f'<text class="s" x="{x + 10:.0f}" y="{y + 40}">{escape(SAYS[room])}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    (TOP / "docs/assets/house.svg").write_text(draw(), encoding="utf-8")

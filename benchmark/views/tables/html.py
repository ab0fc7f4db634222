"""A grid as a self-contained HTML table that follows the reader's light or dark mode."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from benchmark.core.mathematics import html
from benchmark.views.tables.parts import TIED, Grid

_HERE = Path(__file__).resolve().parent


def to_html(grids: Sequence[Grid], page: bool = True) -> str:
    """The tables as one page, or as figures to be put into another page."""
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True)
    environment.filters["mathematics"] = lambda text: Markup(html(text))
    environment.globals.update(
        spans=lambda groups: [(name, len(list(members))) for name, members in groupby(groups)], tied=TIED
    )
    return environment.get_template("tables.html").render(grids=grids, page=page)

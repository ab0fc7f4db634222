"""The page put together: what the sections hold, rendered through one template into one self-contained file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from benchmark import __version__
from benchmark.claims.verdict import STATUSES
from benchmark.views.report.comparison import beyond_the_tables, shown_tables
from benchmark.views.report.drawing import strip
from benchmark.views.report.pareto import figures, legend
from benchmark.views.report.pictures import Album
from benchmark.views.report.provenance import device_cards, environments, protocol_lines, reproductions
from benchmark.views.report.verdict_lines import VerdictGroup
from benchmark.views.tables.grid import Results
from benchmark.views.tables.specs import TableSpec

_HERE = Path(__file__).resolve().parent
_CONTENTS = (
    ("verdicts", "Verdicts"),
    ("tables", "Tables"),
    ("cost", "Cost"),
    ("pictures", "Pictures"),
    ("protocols", "Protocols"),
    ("environments", "Devices"),
    ("reproduce", "Reproduce"),
)


@dataclass(frozen=True)
class Contents:
    """What the page shows: results in tables, verdicts at paper scale and (at scale mini) on the mini study, pictures.

    Without `group` it is of chosen methods alone, and judges no claim.

    `no_pictures` says why there are none, `picture_command` what would mend it, `made_with` which command made the page.
    """

    title: str
    statement: str
    results: Results
    specs: tuple[TableSpec, ...]
    group: VerdictGroup | None = None
    mini: VerdictGroup | None = None
    album: Album = field(default_factory=Album)
    no_pictures: str = ""
    picture_command: str = ""
    made_with: str = "slkd-bench report"
    paper: str = ""


def render(contents: Contents) -> str:
    """The whole page as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, undefined=StrictUndefined
    )
    environment.globals.update(sort=_sort, command=_command, hash=_hash)
    return environment.get_template("page.html").render(_facts(contents))


def _facts(contents: Contents) -> Mapping[str, Any]:
    results = contents.results
    cells = [cell for found in results.cells.values() for cell in found]
    made_in, letters = environments(cells)
    tables, drawn = shown_tables(results, contents.specs), figures(results, contents.paper)
    scale = str(results.scale)
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return {
        "title": contents.title,
        "statement": contents.statement,
        "version": __version__,
        "scale": scale,
        "contents": [part for part in _CONTENTS if contents.group or part[0] != "verdicts"],
        "css": Markup(style),  # nosec B704  # our own file
        "script": Markup(script),  # nosec B704  # our own file
        "policy": policy(script),
        "group": contents.group,
        "mini": contents.mini,
        "loop_order": {status: place for place, status in enumerate(STATUSES)},
        "tables": tables,
        "strips": any(table.strips for table in tables),
        "example_strip": strip([1, 2.2, 2.6, 3, 3.3, 3.7, 4, 5.5], 0.5, 6),
        "beyond": beyond_the_tables(results, contents.specs),
        "figures": drawn,
        "legend": legend(results, contents.paper) if any(figure.panels for figure in drawn) else "",
        "album": contents.album,
        "album_json": in_script(contents.album.as_json()),
        "no_pictures": contents.no_pictures,
        "picture_command": contents.picture_command,
        "protocols": protocol_lines({str(cell.key.get("protocol", "")) for cell in cells}),
        "environments": made_in,
        "cards": device_cards(results.scale),
        "card_command": f"slkd-bench profile --all --scale {scale} --device cpu --save",
        "cells": reproductions(cells, letters, results.folder),
        "train_command": f"slkd-bench train METHOD --task TASK --scale {scale}",
        "broken": results.broken,
        "made_with": contents.made_with,
    }


def policy(script: str) -> str:
    """The page's content security policy: nothing is loaded from anywhere, and no script runs but the page's own."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def in_script(value: object) -> Markup:
    """JSON for a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    text = text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
    return Markup(text)  # nosec B704  # no character in it ends the element or begins markup


def _sort(order: float | None) -> Markup:
    return Markup(' data-sort="{}"').format("" if order is None else f"{order:.10g}")


def _command(text: str) -> Markup:
    words = Markup(" ").join(Markup("<i>{}</i>").format(word) if "-" in word else word for word in text.split(" "))
    return Markup(
        '<span class="command"><code>{}</code>'
        '<button type="button" data-copy hidden aria-label="Copy the command">copy</button></span>'
    ).format(words)


def _hash(digest: str) -> Markup:
    return Markup('<code title="{}">{}</code>').format(digest, digest[:10]) if digest else Markup("–")

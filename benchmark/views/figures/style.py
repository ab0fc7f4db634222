"""What all figures share: sizes, fonts, colours that colour-blind readers can tell apart, and files without timestamps.

Importing this module does not import matplotlib.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import UnknownName
from benchmark.core.files import write_atomically
from benchmark.methods.method import Method
from benchmark.papers.model import FiguresFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TWO_COLUMNS, ONE_COLUMN = 7.16, 3.5  # inches: the text widths of a two-column paper
DPI = 200
TEXT, SMALL = 7.0, 6.0  # points
FORMATS = ("png", "pdf")

_RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "axes.linewidth": 0.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "slkd-bench",
    "savefig.dpi": DPI,
    "figure.dpi": DPI,
}


@dataclass(frozen=True)
class Mark:
    """How a method is drawn: colour and marker tell how it was trained, the line which teacher's family it is of."""

    colour: str
    marker: str
    line: str = "-"


# Okabe and Ito's palette, then of Tol's muted one, for what a paper says no mark of
_OTHERS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#882255", "#999933", "#332288")
_OTHER_MARKERS = "Do^vph<>"


def marks(methods: Sequence[Method], said: FiguresFile) -> dict[str, Mark]:
    """The mark of each method by its id: the paper's own for teachers and distillers, in turn for the others."""
    found: dict[str, Mark] = {}
    others = 0
    for method in methods:
        line = said.line.get(method.teacher or method.id, "-")
        if method.kind == "teacher":
            found[method.id] = Mark("#000000", "s", line)
        elif method.distiller in said.mark and method.kind != "ablation":
            known = said.mark[method.distiller]
            found[method.id] = Mark(known.colour, known.marker, line)
        else:
            turn = others % len(_OTHERS)
            found[method.id] = Mark(_OTHERS[turn], _OTHER_MARKERS[turn], "-." if others // len(_OTHERS) else "-")
            others += 1
    return found


@contextmanager
def drawing(font: str = "") -> Iterator[None]:
    """The style, around making a figure and saving it; with another `font` than DejaVu Sans where one is named.

    Raises UnknownName for a font that is not on this machine.
    """
    import matplotlib

    rc: dict[Any, Any] = {**matplotlib.rcParamsDefault, "backend": "agg"}
    with matplotlib.rc_context(rc | _RC | (_of_font(font) if font else {})):
        yield


def _of_font(font: str) -> dict[str, str]:
    from matplotlib.font_manager import fontManager

    known = {entry.name.lower(): entry.name for entry in fontManager.ttflist}
    name = known.get(font.lower())
    if name is None:
        raise UnknownName("font on this machine", font, known.values())
    serif = any(word in name.lower() for word in ("serif", "stix", "times", "roman", "cmr"))
    return {"font.family": name, "mathtext.fontset": "stix" if serif else "dejavusans"}


def without_caption(figure: Figure) -> tuple[str, float]:
    """Hides the caption of a figure; gives its text, and how many inches above the lower edge the figure then begins."""
    for text in figure.texts:
        if text.get_gid() == "caption":
            text.set_visible(False)
            return text.get_text().replace("\n", " "), float(text.get_position()[1] * figure.get_size_inches()[1])
    return "", 0.0


def place_caption(figure: Figure, lines: Sequence[str]) -> None:
    """Writes the lines of a caption at the foot of a figure, .115 inches each from .06 inches above its edge."""
    width, height = figure.get_size_inches()
    figure.text(
        0.04 / width,
        (0.06 + 0.115 * len(lines)) / height,
        "\n".join(lines),
        fontsize=SMALL,
        va="top",
        linespacing=1.25,
        gid="caption",
    )


def show_caption(figure: Figure) -> None:
    """Shows the caption again, within the picture."""
    for text in figure.texts:
        text.set_visible(True)


def save(figure: Figure, folder: Path, name: str, formats: Sequence[str] = FORMATS, floor: float = 0.0) -> list[Path]:
    """Writes `folder`/`name` in each format, whole or not at all: the same figure gives the same bytes.

    PNG has 200 dots an inch; PDF embeds its fonts as TrueType (Type 42), which journals ask for.
    What lies below `floor` inches is cut off. Raises BadOutput.
    """
    from matplotlib.transforms import Bbox

    box = Bbox.from_extents(0, floor, *figure.get_size_inches())
    paths = []
    for form in formats:
        buffer = BytesIO()
        metadata: dict[str, Any] = {"Software": None} if form == "png" else {"CreationDate": None, "ModDate": None}
        figure.savefig(buffer, format=form, metadata=metadata, bbox_inches=box if floor else None)
        paths.append(folder / f"{name}.{form}")
        write_atomically(paths[-1], buffer.getvalue())
    return paths

"""Draws Figures 1, 3 and 4: the degraded image with its crop, and beside it every method's crop, its error and PSNR."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.views.figures.restored import ImageRow
from benchmark.views.figures.style import SMALL, TEXT, TWO_COLUMNS

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

GAP, HEAD, FOOT, LARGEST = 0.03, 0.27, 0.15, 0.95  # inches: between panels, above and below a row, a crop's side
EDGE, APART = 0.03, 0.06  # inches: around everything, between rows
ERRORS = "magma"
LETTERS = 158  # of a caption's line across two columns


@dataclass(frozen=True)
class Sizes:
    """Inches of one row: the width and height of a crop and of the whole image, and the row's own."""

    crop: tuple[float, float]
    whole: tuple[float, float]
    width: float

    @property
    def height(self) -> float:
        """Title, two strips and the line of PSNRs."""
        return HEAD + self.whole[1] + FOOT


def sizes(row: ImageRow, columns: int, width: float = TWO_COLUMNS) -> Sizes:
    """The sizes at which the whole image and `columns` crops fill `width` inches."""
    aspect = row.clean.shape[1] / row.clean.shape[0]
    tall = row.crop.height / row.crop.width
    side = (width - 2 * EDGE - columns * GAP - aspect * GAP) / (columns + 2 * aspect * tall)
    side = min(side, LARGEST, LARGEST / tall)
    height = 2 * side * tall + GAP
    return Sizes((side, side * tall), (aspect * height, height), aspect * height + columns * (side + GAP) + 2 * EDGE)


@dataclass(frozen=True)
class Style:
    """How a line of text stands: its place beside the point it is given, its size and weight."""

    ha: str = "left"
    va: str = "baseline"
    size: float = TEXT
    weight: str = "normal"


@dataclass(frozen=True)
class Place:
    """A rectangle in inches from the figure's lower left corner."""

    x: float
    y: float
    width: float
    height: float


def draw(rows: Sequence[ImageRow], caption: str, within: float = TWO_COLUMNS) -> Figure:
    """A figure of one row of panels for each of `rows`, at most `within` inches wide, with `caption` below.

    In each row the crops stand above their errors (the mean over the channels of |restored - clean|, one scale a row) and
    the PSNR of the whole image.
    """
    from matplotlib.figure import Figure

    measures = [sizes(row, len(row.panels) + 2, within) for row in rows]
    width = max(size.width for size in measures)
    lines = textwrap.wrap(caption, max(60, int(LETTERS * width / TWO_COLUMNS)))
    foot = 0.06 + 0.115 * len(lines)
    height = sum(size.height for size in measures) + APART * (len(rows) - 1) + EDGE + foot
    figure = Figure(figsize=(width, height))
    top = height - EDGE
    for row, size in zip(rows, measures, strict=True):
        _row(figure, row, size, top)
        top -= size.height + APART
    figure.text(
        EDGE / width,
        (foot - 0.05) / height,
        "\n".join(lines),
        fontsize=SMALL,
        va="top",
        linespacing=1.25,
        gid="caption",
    )
    return figure


def errors(row: ImageRow) -> tuple[list[NDArray[np.float64]], float]:
    """Error maps of the crop, the degraded image's first, and the value at which their common scale ends.

    It is the median over the methods of each map's 99th percentile: one failed method leaves the others visible.
    """
    import numpy as np

    maps = [np.abs(p.image - row.clean).mean(-1) for p in (row.degraded, *row.panels)]
    maps = [row.crop.of(error) for error in maps]
    tops = [float(np.percentile(error, 99)) for error in maps[1:] or maps]
    return maps, max(float(np.median(tops)), 1 / 255)


def psnr_text(psnr: float) -> str:
    """A PSNR as it stands under a panel."""
    return f"{psnr:.2f}"  # inf prints as inf


def _row(figure: Figure, row: ImageRow, size: Sizes, top: float) -> None:
    from matplotlib.patches import Rectangle

    under = top - HEAD - size.whole[1]
    whole = _axes(figure, Place(EDGE, under, *size.whole), f"{row.dataset}: whole")
    whole.imshow(row.degraded.image, interpolation="antialiased")
    box = (row.crop.x - 0.5, row.crop.y - 0.5), row.crop.width, row.crop.height
    for colour, thickness in (("white", 1.6), ("#D55E00", 0.8)):
        whole.add_patch(Rectangle(*box, fill=False, edgecolor=colour, linewidth=thickness))
    _text(figure, (EDGE, top - 0.005), row.task.capitalize(), Style(va="top", weight="bold"))
    _text(figure, (EDGE, top - 0.13), f"{row.title}: {row.image}", Style(va="top", size=SMALL))
    _text(figure, (EDGE + size.whole[0], under - 0.02), "PSNR (dB)", Style("right", "top", SMALL))
    maps, ceiling = errors(row)
    left, (side, tall) = EDGE + size.whole[0] + GAP, size.crop
    columns = [("degraded", row.degraded.image), *((p.title, p.image) for p in row.panels), ("clean", row.clean)]
    values = [row.degraded.psnr, *(p.psnr for p in row.panels)]
    for number, (title, image) in enumerate(columns):
        upper = _axes(figure, Place(left, under + tall + GAP, side, tall), f"{row.dataset}: {title}")
        upper.imshow(row.crop.of(image), interpolation="none", vmin=0, vmax=1)
        _title(figure, (left + side / 2, top - HEAD + 0.04), title, side)
        if number < len(maps):
            lower = _axes(figure, Place(left, under, side, tall), f"{row.dataset}: error of {title}")
            lower.imshow(maps[number], cmap=ERRORS, vmin=0, vmax=ceiling, interpolation="none")
            _text(figure, (left + side / 2, under - 0.02), psnr_text(values[number]), Style("center", "top"))
        else:
            bar = _axes(figure, Place(left + 0.02, under + 0.04, 0.07, tall - 0.08), f"{row.dataset}: colour bar")
            bar.set_axis_on()
            figure.colorbar(lower.images[0], cax=bar, extend="max", extendfrac=0.06)
            bar.set_yticks([0, ceiling / 2, ceiling], labels=["0", f"{ceiling / 2:.2f}", f"{ceiling:.2f}"])
            bar.tick_params(length=1.5, pad=1, labelsize=SMALL)
            bar.set_ylabel("|error|", fontsize=SMALL, labelpad=1)
        left += side + GAP


def _axes(figure: Figure, place: Place, label: str) -> Axes:
    """Bare axes at a place of the figure."""
    across, up = figure.get_size_inches()
    box = place.x / across, place.y / up, place.width / across, place.height / up
    axes = figure.add_axes(box, label=label)
    axes.set_axis_off()
    return axes


def _text(figure: Figure, at: tuple[float, float], text: str, style: Style) -> None:
    """A text at a place in inches from the figure's lower left corner."""
    (across, up), look = figure.get_size_inches(), style
    kinds: dict[str, Any] = {"ha": look.ha, "va": look.va, "fontsize": look.size, "fontweight": look.weight}
    figure.text(at[0] / across, at[1] / up, text, linespacing=1.05, **kinds)


def _title(figure: Figure, at: tuple[float, float], title: str, side: float) -> None:
    """A column's title: on two lines where it is wider than its panel, and then smaller if it must be."""
    longest = side * 72 / (0.56 * TEXT)  # letters of the usual width that fit
    if "\n" not in title and len(title) > longest and " " in title:
        words = title.split()
        cut = min(range(1, len(words)), key=lambda k: abs(len(" ".join(words[:k])) - len(title) / 2))
        title = " ".join(words[:cut]) + "\n" + " ".join(words[cut:])
    letters = max(len(line.replace("$", "").replace("_{", "").replace("}", "")) for line in title.split("\n"))
    size = max(4.5, min(TEXT, TEXT * longest / letters))
    _text(figure, at, title, Style("center", size=size))

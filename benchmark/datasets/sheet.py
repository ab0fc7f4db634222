"""A contact sheet: degraded and clean images side by side, with their names, to see at once whether pairs fit."""

from __future__ import annotations

from pathlib import Path

from benchmark.core.files import opened_atomically
from benchmark.core.types import Pair
from benchmark.datasets.pairs import Dataset

_LINE, _GAP = 16, 6


def spread(total: int, count: int) -> list[int]:
    """`count` indices spread evenly over `total`, the first and the last among them."""
    count = max(1, min(total, count))
    return [round(i * (total - 1) / max(1, count - 1)) for i in range(count)]


def contact_sheet(data: Dataset, path: Path, count: int = 8, height: int = 160, columns: int = 2) -> list[str]:
    """Draw `count` pairs spread over the data set as a PNG and give their names; each cell is degraded, then clean.

    Raises BadImage or BadData for a pair that cannot be read, BadOutput when the file cannot be written.
    """
    from PIL import Image, ImageDraw

    pairs = [data[index] for index in spread(len(data), count)] if len(data) else []
    cells = [_cell(pair, height) for pair in pairs]
    wide = max((cell.width for cell in cells), default=1)
    rows = -(-len(cells) // columns)
    size = (columns * (wide + _GAP) + _GAP, rows * (height + _LINE + _GAP) + _GAP)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for number, (pair, cell) in enumerate(zip(pairs, cells, strict=True)):
        x = _GAP + (number % columns) * (wide + _GAP)
        y = _GAP + (number // columns) * (height + _LINE + _GAP)
        sheet.paste(cell, (x, y))
        name = pair.name.encode("utf-8", "replace").decode()
        draw.text((x, y + height + 2), f"{name}  {pair.clean.shape[2]}x{pair.clean.shape[1]}", fill="black")
    with opened_atomically(path) as file:
        sheet.save(file, format="PNG")
    return [pair.name for pair in pairs]


def _cell(pair: Pair, height: int):  # type: ignore[no-untyped-def]  # a PIL image, imported late
    """One pair as a strip of the given height."""
    from PIL import Image

    strips = []
    for tensor in (pair.degraded, pair.clean):
        values = (tensor.clamp(0, 1) * 255 + 0.5).byte().permute(1, 2, 0).contiguous().numpy()
        width = max(1, round(height * values.shape[1] / values.shape[0]))
        strips.append(Image.fromarray(values).resize((width, height), Image.Resampling.LANCZOS))
    cell = Image.new("RGB", (sum(strip.width for strip in strips) + 2, height), "white")
    cell.paste(strips[0], (0, 0))
    cell.paste(strips[1], (strips[0].width + 2, 0))
    return cell

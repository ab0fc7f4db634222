"""A matplotlib figure as SVG that stands within a page: ids of its own, text as text, points that can be pointed at."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from xml.etree import ElementTree  # nosec B405  # it reads what matplotlib has just drawn, and nothing else

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_BLACK = re.compile(r"#000000")
_GRID = re.compile(r"#eeeeee", re.IGNORECASE)


def to_svg(figure: Figure, prefix: str, label: str, points: Mapping[str, str] | None = None) -> str:
    """The figure as an `svg` element with the label that is read aloud.

    `prefix` makes its ids differ from all others of the page. `points` are the texts of the drawn points by their gid: each
    becomes an element of class `point` with its place in `data-x` and `data-y`. Black takes the colour of the page's text,
    the grid that of its thin lines.
    """
    import matplotlib

    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _LINK)
    root = ElementTree.fromstring(buffer.getvalue())  # nosec B314  # written three lines above
    _clean(root, prefix)
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.attrib |= {"class": "pareto", "role": "group", "aria-label": label}
    for place, (gid, text) in enumerate((points or {}).items()):
        element = root.find(f".//{{{_SVG}}}g[@id='{prefix}{gid}']")
        if element is not None:
            _point(element, text, place)
    return ElementTree.tostring(root, encoding="unicode")


def _clean(root: ElementTree.Element, prefix: str) -> None:
    """No metadata, no rule for the whole page, ids with the prefix, black and grid in the page's own colours."""
    seen: dict[str, int] = {}
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        name = element.attrib.get("id")
        if name:
            seen[name] = seen.get(name, 0) + 1
            element.attrib["id"] = f"{prefix}{name}" + (f"-{seen[name]}" if seen[name] > 1 else "")
        for key, value in element.attrib.items():
            if key.endswith("href") and value.startswith("#"):
                element.attrib[key] = f"#{prefix}{value[1:]}"
            elif "url(#" in value:
                element.attrib[key] = value.replace("url(#", f"url(#{prefix}")
            elif key == "style":
                element.attrib[key] = _GRID.sub("var(--hair, #eeeeee)", _BLACK.sub("currentColor", value))


def _point(element: ElementTree.Element, text: str, place: int) -> None:
    mark = element.find(f".//{{{_SVG}}}use")
    if mark is not None:
        element.attrib |= {"data-x": mark.attrib.get("x", "0"), "data-y": mark.attrib.get("y", "0")}
    element.attrib |= {
        "class": "point",
        "tabindex": "-1" if place else "0",
        "data-place": str(place),
        "role": "img",
        "aria-label": text,
    }
    title = ElementTree.Element(f"{{{_SVG}}}title")
    title.text = text
    element.insert(0, title)

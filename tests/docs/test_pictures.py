"""The pictures of README and gallery are what the code draws from the reference results now, for both themes."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest

from docs import pictures

TOP = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def test_the_readme_shows_the_picture_of_each_theme() -> None:
    shown = re.search(r"<picture>.*?</picture>", (TOP / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown
    dark, light = re.search(r'dark\)" srcset="([^"]+)"', shown[0]), re.search(r'src="([^"]+)"', shown[0])
    assert dark
    assert light
    assert [TOP / dark[1], TOP / light[1]] == [
        pictures.ASSETS / "pareto-dark.svg",
        pictures.ASSETS / "pareto-light.svg",
    ]


@pytest.mark.parametrize("theme", pictures.THEMES, ids=lambda theme: theme.name)
def test_the_readmes_picture_is_of_the_reference_results(theme: pictures.Theme) -> None:
    file = (pictures.ASSETS / f"pareto-{theme.name}.svg").read_text(encoding="utf-8")
    assert f"<!-- shows {pictures.shows()} -->" in file, "renew it with: make readme"
    drawn_by = re.search(r"Matplotlib v([\d.]+)", file)
    assert drawn_by
    if drawn_by[1] == matplotlib.__version__:  # another version sets the same numbers in other bytes
        assert file.encode() == pictures.readme_files()[pictures.ASSETS / f"pareto-{theme.name}.svg"], (
            "renew it with: make readme"
        )


def test_what_it_shows_hangs_on_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    before, panels = pictures.shows(), pictures._tasks()
    assert {panel.title.partition(",")[0] for panel in panels} == {"Deraining", "Deblurring", "Denoising"}
    panels[0].points["gmacs"].pop()
    monkeypatch.setattr(pictures, "_tasks", lambda: panels)
    assert pictures.shows() != before


def test_the_gallery_shows_every_picture_in_both_themes() -> None:
    page = (TOP / "docs/gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[(.*?)\]\(gallery/([\w.-]+)#only-(light|dark)\)", page)
    assert {name for _, name, _ in shown} == {name for name, _ in pictures.files()}
    assert len(shown) == 10
    for says, name, theme in shown:
        kind, _, end = name.partition("-")
        assert end.startswith(theme)
        assert says == pictures.PICTURES[kind].says


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_a_picture_is_drawn_for_both_themes_in_their_colours(name: str) -> None:
    light, dark = (pictures.drawn(name, theme) for theme in pictures.THEMES)
    assert light != dark
    if pictures.PICTURES[name].form == "png":
        sizes = [struct.unpack(">II", content[16:24]) for content in (light, dark)]
        assert min(sizes[0]) > 500
        assert sizes[0] == sizes[1]
        return
    for content, theme in ((light, pictures.LIGHT), (dark, pictures.DARK)):
        root = ElementTree.fromstring(content)
        assert root.tag == f"{SVG}svg"
        assert root.attrib["fill"] == theme.ink
        text = content.decode()
        assert "#000000" not in text
        assert not any(f": {old}" in text for old, _ in theme.grays)
        assert len(root.findall(f".//{SVG}use")) > 50

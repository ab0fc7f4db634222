"""Figures 1, 3 and 4: what is restored, which crop is shown, what is written in the panels."""

from __future__ import annotations

import itertools
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from benchmark.core.errors import BadWeights, SlkdBenchError, UnknownName
from benchmark.core.types import Pair, Scale
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.methods.weights import store
from benchmark.protocols import get_protocol
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell
from benchmark.runs.execute import execute
from benchmark.views.figures import command, qualitative
from benchmark.views.figures.crop import Crop, busiest, choose, parse
from benchmark.views.figures.request import Request
from benchmark.views.figures.restored import ImageRow, Making, Panel, find_image, restore_row, typical_image
from benchmark.views.figures.specs import figures
from benchmark.views.figures.style import TWO_COLUMNS, drawing, save
from tests.runs.toys import ToySet, toy_plan


class Halving(torch.nn.Module):
    """Restores by blending with grey, the more the larger `share`."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image * (1 - self.share) + 0.5 * self.share


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of two of the methods: Restormer's seed 0 and DCKD's seed 2."""
    shares = {"identity": 0.0, "restormer": 0.1, "res-sl-dckd-cross": 0.3}
    seeds = {"restormer": [0], "res-sl-dckd-cross": [2, 5]}
    monkeypatch.setattr(store, "seeds", lambda method, *_: seeds.get(method, []))
    monkeypatch.setattr("benchmark.views.figures.restored.load_for", lambda method, *_: Halving(shares[method.id]))


def toy_row(out: Path, index: int = 3, crop: str = "") -> ImageRow:
    spec = figures()["1"]
    titled = [(get_method(name), spec.title(get_method(name))) for name in spec.methods]
    return restore_row(ToySet(), index, titled, Making(Scale.MINI, out, crop))


def many(count: int) -> ImageRow:
    """A row of `count` methods between the degraded and the clean column."""
    rng = np.random.default_rng(0)
    images = [rng.random((64, 96, 3)) for _ in range(count + 2)]
    panels = tuple(Panel(f"m{k}", f"method {k}", images[k], 30 + k / 100) for k in range(count))
    degraded = Panel("identity", "degraded", images[-2], 25.5)
    return ImageRow(
        "mini-gopro",
        "mini, after GoPro",
        "deblurring",
        "a-1",
        "rgb-uint8-volumetric",
        degraded,
        panels,
        images[-1],
        Crop(10, 5, 24, 24),
        "as asked for",
    )


def test_the_busiest_window_by_hand() -> None:
    weight = np.zeros((5, 6))
    weight[1, 4], weight[3, 1], weight[4, 2] = 3.0, 2.0, 2.0  # 2 x 2 windows: 3 at most above, 4 at (1, 3)
    assert busiest(weight, 2, 2) == Crop(1, 3, 2, 2)
    assert busiest(weight, 6, 5) == Crop(0, 0, 6, 5)
    assert busiest(np.ones((5, 6)), 2, 3) == Crop(0, 0, 2, 3)  # of equals the first in reading order


def test_the_crop_is_where_methods_differ_and_one_failed_method_does_not_decide() -> None:
    clean = np.full((32, 48, 3), 0.5)
    degraded = clean.copy()
    degraded[20:30, 2:12] = 1.0
    a, b, failed = clean.copy(), clean.copy(), clean.copy()
    a[2:10, 30:40] += 0.2
    failed[:12, :12] = 0.0
    crop, rule = choose(degraded, [a, b], clean)
    assert (crop.width, crop.height) == (12, 12)
    assert crop.y <= 2
    assert crop.x <= 30
    assert crop.x + 12 >= 40
    assert "methods differ" in rule
    third = a * 0.5 + b * 0.5
    assert choose(degraded, [a, b, third, failed], clean)[0] == crop
    alone, rule = choose(degraded, [a], clean)
    assert "degraded" in rule
    assert alone.y <= 20 <= 30 <= alone.y + 12
    assert alone.x <= 2


def test_a_crop_as_asked_for_must_lie_inside() -> None:
    assert parse("4,5,8,9", 32, 48) == Crop(4, 5, 8, 9)
    for wrong in ("4,5,8", "a,b,c,d", "-1,0,8,8", "44,0,8,8", "0,0,1,1"):
        with pytest.raises(SlkdBenchError, match="--crop"):
            parse(wrong, 32, 48)


def test_psnr_in_the_panel_is_the_cells_value(tmp_path: Path, weights: None) -> None:
    plan = toy_plan(tmp_path, ToySet(), "identity")
    cell = replace(plan.cells[0], method=get_method("restormer"), path=cell_path(tmp_path, "restormer", "toy", "mini"))
    plan.cells.append(cell)
    execute(plan, load=lambda cell: Halving(0.1 if cell.method.id == "restormer" else 0))
    row = toy_row(tmp_path)
    from benchmark.runs.cells import read_cell

    scores = {s.name: s.psnr for s in read_cell(cell.path).scores}
    assert row.image == "image-3"
    assert row.panels[0].psnr == pytest.approx(scores["image-3"], abs=1e-6)
    assert qualitative.psnr_text(row.panels[0].psnr) == f"{scores['image-3']:.2f}"
    assert row.stale == ()
    pair = ToySet()[3]
    direct = get_protocol(ToySet.protocol).score(Halving(0.3)(pair.degraded), pair.clean).psnr
    assert row.panels[1].psnr == pytest.approx(direct, abs=1e-6)


def test_a_result_file_that_disagrees_is_told(tmp_path: Path, weights: None) -> None:
    wrong = Cell("restormer", "toy", "mini", 0, {}, {}, (ImageScore("image-3", "scene-1", 12.0, 0.5),))
    write_cell(cell_path(tmp_path, "restormer", "toy", "mini"), wrong)
    (line,) = toy_row(tmp_path).stale
    assert "12.00 dB" in line
    assert "image-3" in line


def test_methods_without_weights_are_missing_and_the_lowest_seed_is_shown(tmp_path: Path, weights: None) -> None:
    row = toy_row(tmp_path)
    assert [p.title for p in row.panels] == ["Restormer", "DCKD"]
    assert [p.seed for p in row.panels] == [0, 2]
    assert row.missing == ("scratch", "logits", "DFKD", "DFKD prog.", "Res-SL")
    caption = command.qualitative_caption(figures()["1"], [row], Scale.MINI, image_given=False)
    assert "Without weights, not shown: scratch, logits, DFKD, DFKD prog., Res-SL." in caption
    assert "Training seeds: 0, 2." in caption
    assert "small sets made after the named ones" in caption


def test_the_typical_image_is_the_median_of_the_degraded(tmp_path: Path) -> None:
    class Three(ToySet):
        def __len__(self) -> int:
            return 3

        def names(self) -> list[str]:
            return ["a", "b", "c"]

        def __getitem__(self, index: int) -> Pair:
            clean = torch.full((3, 16, 16), 0.5)
            return Pair("abc"[index], clean + (0.1, 0.3, 0.2)[index], clean)

    assert typical_image(Three(), tmp_path) == 2
    scores = tuple(ImageScore(name, "", psnr, 0.5) for name, psnr in (("a", 20.0), ("b", 30.0), ("c", 25.0)))
    write_cell(
        cell_path(tmp_path, "identity", "toy", "mini"), Cell("identity", "toy", "mini", 0, {"data": "old"}, {}, scores)
    )
    assert typical_image(Three(), tmp_path) == 2
    scores = tuple(replace(score, psnr=psnr) for score, psnr in zip(scores, (25.0, 30.0, 20.0), strict=True))
    write_cell(
        cell_path(tmp_path, "identity", "toy", "mini"), Cell("identity", "toy", "mini", 0, {"data": "abc"}, {}, scores)
    )
    assert typical_image(Three(), tmp_path) == 0  # the result file of this very data decides
    with pytest.raises(UnknownName, match="image of toy"):
        find_image(Three(), "d")


@pytest.mark.parametrize("count", [1, 7])
def test_panels_texts_and_one_colour_scale_a_row(count: int) -> None:
    row = many(count)
    with drawing():
        figure = qualitative.draw([row, replace(row, dataset="mini-hide")], "A caption.")
        labels = [str(axes.get_label()) for axes in figure.axes]
        texts = [text.get_text() for text in figure.texts]
        for name in ("mini-gopro", "mini-hide"):
            own = [label for label in labels if label.startswith(name)]
            assert len(own) == 1 + 2 * (count + 1) + 1 + 1  # whole, crops and errors, clean crop, colour bar
        for panel in row.panels:
            assert texts.count(f"{panel.psnr:.2f}") == 2
        assert texts.count("25.50") == 2
        maps = [axes.images[0] for axes in figure.axes if ": error of" in str(axes.get_label())]
        assert len({image.get_clim() for image in maps}) == 1
        assert figure.get_size_inches()[0] <= TWO_COLUMNS + 1e-6


def test_nine_columns_fit_the_page_without_overlap() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    row = many(7)
    titles = ("Restormer", "scratch", "logits", "DFKD", "DFKD prog.", "DCKD", "(e) clean +\n$L_{NC}$ + $L_{ET}$")
    row = replace(row, panels=tuple(replace(p, title=t) for p, t in zip(row.panels, titles, strict=True)))
    with drawing():
        figure = qualitative.draw([row], "A caption that is long enough to be broken into lines. " * 6)
        renderer = FigureCanvasAgg(figure).get_renderer()
        boxes = [text.get_window_extent(renderer) for text in figure.texts]
        for one, other in itertools.combinations(boxes, 2):
            assert not one.overlaps(other)
        assert all(b.x0 >= 0 and b.x1 <= figure.bbox.x1 and b.y0 >= 0 and b.y1 <= figure.bbox.y1 for b in boxes)
        frames = [axes.get_window_extent(renderer) for axes in figure.axes]
        assert not any(text.overlaps(frame) for text in boxes for frame in frames)


def test_error_scale_is_not_stretched_by_one_failed_method() -> None:
    row = many(3)
    near = tuple(
        replace(p, image=np.clip(row.clean + e, 0, 1)) for p, e in zip(row.panels, (0.01, 0.02, 1), strict=True)
    )
    maps, top = qualitative.errors(replace(row, panels=near))
    assert len(maps) == 4
    assert maps[0].shape == (24, 24)
    assert top == pytest.approx(0.02, rel=0.01)


def test_files_are_the_same_bytes_every_time_and_pdf_fonts_are_embedded(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        with drawing():
            save(qualitative.draw([many(2)], "A caption."), tmp_path / folder, "figure")
    for form in ("png", "pdf"):
        content = (tmp_path / "one" / f"figure.{form}").read_bytes()
        assert content == (tmp_path / "two" / f"figure.{form}").read_bytes()
    assert b"FontFile2" in content
    assert b"/Type3" not in content
    assert b"CreationDate" not in content


def test_every_method_of_a_figure_is_one_and_its_sets_are_the_papers() -> None:
    known = {method.id for method in methods()}
    for spec in figures().values():
        assert set(spec.methods) <= known
        assert set(spec.datasets) <= {"rain1400", "gopro", "sidd"}
    assert figures()["4"].datasets == ("rain1400",)


def test_the_command_writes_both_forms_and_tells_what_is_left_out(
    tmp_path: Path, weights: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.views.figures.command.open_datasets", lambda *asked: [ToySet()])
    heard = StringIO()
    said = Console(file=heard, width=80)
    request = Request("1", Scale.MINI, tmp_path / "runs", tmp_path / "figures", image="image-9", crop="1,2,16,12")
    paths = command.make_figure(request, said).paths
    assert [path.name for path in paths] == ["figure-1-mini.png", "figure-1-mini.pdf"]
    assert all(path.stat().st_size > 1000 for path in paths)
    assert "left out of toy: scratch" in heard.getvalue()
    with pytest.raises(BadWeights, match="Figure 4"):
        command.make_figure(replace(request, name="4"), said)
    with pytest.raises(UnknownName, match="image of toy"):
        command.make_figure(replace(request, image="nothing"), said)

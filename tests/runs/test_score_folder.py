from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.core.errors import BadData, BadImage, BadMethod, BadResult, SlkdBenchError, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.images import metrics
from benchmark.images.io import save_image
from benchmark.methods.find import get_method
from benchmark.protocols import get_protocol
from benchmark.runs import extras
from benchmark.runs.cells import FOLDERS, Cell, cell_path, read_stored
from benchmark.runs.choose import FolderOptions, choose_datasets
from benchmark.runs.command import run
from benchmark.runs.execute import execute
from benchmark.runs.options import RunOptions, RunRequest
from benchmark.runs.plan import make_plan
from benchmark.runs.score_folder import ScoreRequest, score_command
from tests.runs.toys import ToySet

NAMES = [f"view-{i}" for i in range(4)]


def picture(seed: int, height: int = 20, width: int = 24) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A folder data set of four pairs."""
    base = tmp_path / "somewhere" / "views"
    for side in ("input", "target"):
        (base / side).mkdir(parents=True)
        for i, name in enumerate(NAMES):
            Image.fromarray(picture(i + (100 if side == "input" else 0))).save(base / side / f"{name}.png")
    return base


@pytest.fixture
def restored(tmp_path: Path, pairs: Path) -> Path:
    """Their restored images, half way between input and target."""
    folder = tmp_path / "mynet"
    folder.mkdir()
    for name in NAMES:
        both = [np.asarray(Image.open(pairs / side / f"{name}.png")).astype(float) for side in ("input", "target")]
        Image.fromarray(np.round(sum(both) / 2).astype(np.uint8)).save(folder / f"{name}.png")
    return folder


def request(folder: Path, pairs: Path, out: Path, **options: Any) -> ScoreRequest:
    return ScoreRequest(folder, str(pairs), **{"protocol": "rgb", "out": out, **options})


def the_cell(out: Path, name: str = "mynet", dataset: str = "views@rgb") -> Cell:
    return read_stored(cell_path(out, name, dataset, FOLDERS))


def test_scores_are_those_of_the_files_by_name(pairs: Path, restored: Path, tmp_path: Path) -> None:
    assert score_command(request(restored, pairs, tmp_path)) == 0
    cell = the_cell(tmp_path)
    assert [s.name for s in cell.scores] == NAMES
    for score in cell.scores:
        given, clean = (
            np.asarray(Image.open(p / f"{score.name}.png")).astype(float) for p in (restored, pairs / "target")
        )
        assert score.psnr == pytest.approx(10 * np.log10(255**2 / np.mean((given - clean) ** 2)), abs=1e-9)
    assert cell.key["protocol"].startswith("rgb@")


def test_order_plays_no_part(pairs: Path, restored: Path, tmp_path: Path) -> None:
    (restored / "view-0.png").unlink()
    with pytest.raises(BadData, match=r"1 missing: view-0\. .*--keep-going"):
        score_command(request(restored, pairs, tmp_path))
    assert score_command(request(restored, pairs, tmp_path, keep_going=True)) == 1
    cell = the_cell(tmp_path)
    assert [s.name for s in cell.scores] == NAMES[1:]
    assert list(cell.failures) == ["view-0"]
    assert min(s.psnr for s in cell.scores) > 10


def test_folders_and_degraded_names_lead_to_the_pair(pairs: Path, restored: Path, tmp_path: Path) -> None:
    (restored / "view").mkdir()
    for i in range(4):
        (restored / f"view-{i}.png").rename(restored / "view" / f"{i}.png")
    assert score_command(request(restored, pairs, tmp_path)) == 0


def test_a_surplus_image_is_named(
    pairs: Path, restored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(picture(9)).save(restored / "holiday.png")
    with pytest.raises(BadData, match=r"1 that belong to no pair: holiday.png"):
        score_command(request(restored, pairs, tmp_path))
    assert score_command(request(restored, pairs, tmp_path, keep_going=True)) == 1
    assert "holiday.png" in capsys.readouterr().out
    assert len(the_cell(tmp_path).scores) == 4


def damage(file: Path, how: str) -> None:
    if how == "cut":
        file.write_bytes(file.read_bytes()[:200])
    elif how == "size":
        Image.fromarray(picture(1, 20, 32)).save(file)
    elif how == "gray":
        Image.fromarray(picture(1)[..., 0]).save(file)
    elif how == "page":
        file.write_text("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("cut", "truncated or damaged"),
        ("size", r"24x20 pixels in .*view-2.png.*found 32x20"),
        ("gray", "gray"),
        ("page", "web page"),
    ],
)
def test_a_bad_image_is_named_and_the_rest_scored(
    how: str, says: str, pairs: Path, restored: Path, tmp_path: Path
) -> None:
    damage(restored / "view-2.png", how)
    with pytest.raises(BadImage, match=says):
        score_command(request(restored, pairs, tmp_path))
    assert score_command(request(restored, pairs, tmp_path, keep_going=True)) == 1
    cell = the_cell(tmp_path)
    assert [s.name for s in cell.scores] == [n for n in NAMES if n != "view-2"]
    assert "view-2.png" in cell.failures["view-2"]


def test_two_files_of_one_pair_are_refused(pairs: Path, restored: Path, tmp_path: Path) -> None:
    Image.fromarray(picture(1)).save(restored / "view-1.bmp")
    with pytest.raises(BadData, match=r"one restored image of 'view-1'.*view-1.bmp.*view-1.png"):
        score_command(request(restored, pairs, tmp_path))


def test_nothing_that_fits(pairs: Path, restored: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    with pytest.raises(BadData, match="no such folder"):
        score_command(request(empty, pairs, tmp_path))
    empty.mkdir()
    with pytest.raises(BadData, match=r"found no image.*view-0.png"):
        score_command(request(empty, pairs, tmp_path))
    Image.fromarray(picture(1)).save(empty / "x.png")
    with pytest.raises(BadData, match=r"1 images, such as x.png"):
        score_command(request(empty, pairs, tmp_path))


def test_every_image_bad_is_an_error_even_when_going_on(pairs: Path, restored: Path, tmp_path: Path) -> None:
    for file in restored.iterdir():
        damage(file, "cut")
    with pytest.raises(BadResult, match=r"none\. The first"):
        score_command(request(restored, pairs, tmp_path, keep_going=True))


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"protocol": ""}, SlkdBenchError, "a protocol for the folder.*--protocol"),
        ({"protocol": "rgbb"}, UnknownName, "rgb"),
        ({"name": "prenet"}, BadMethod, "a method of the suite"),
        ({"name": "a/b"}, BadMethod, "letters, digits"),
        ({"metrics": "psnr"}, SlkdBenchError, "--protocol"),
        ({"metrics": "niqee"}, UnknownName, "niqe"),
    ],
)
def test_bad_options(
    options: dict[str, Any], kind: type[Exception], says: str, pairs: Path, restored: Path, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=says):
        score_command(request(restored, pairs, tmp_path, **options))


def test_a_folder_called_like_a_method_or_a_data_set_gets_a_name_of_its_own(
    pairs: Path, restored: Path, tmp_path: Path
) -> None:
    pairs.rename(pairs.parent / "rain100l")
    restored.rename(tmp_path / "prenet")
    assert score_command(request(tmp_path / "prenet", pairs.parent / "rain100l", tmp_path)) == 0
    assert the_cell(tmp_path, "prenet-images", "rain100l-folder@rgb").scores


def test_another_protocol_makes_no_result_of_the_data_set(tmp_path: Path) -> None:
    assert run(run_request(tmp_path, save_images=tmp_path / "images")).code == 0
    folder = tmp_path / "images" / "mini-gopro" / "identity"
    mini = ScoreRequest(folder, "mini-gopro", "ddn-y", "mine", out=tmp_path, limit=3, keep_going=True)
    assert score_command(mini) == 0
    assert cell_path(tmp_path, "mine", "mini-gopro@ddn-y", Scale.MINI, 0, 3).is_file()
    assert not cell_path(tmp_path, "mine", "mini-gopro", Scale.MINI, 0, 3).is_file()


def run_request(out: Path, limit: int | None = 3, save_images: Path | None = None, **more: Any) -> RunRequest:
    options = RunOptions("cpu", limit, save_images=save_images)
    fields: dict[str, Any] = {"methods": ("identity",), "datasets": ("gopro",), "out": out, "options": options, **more}
    return RunRequest(**fields)


def test_saved_images_score_as_the_run_did(tmp_path: Path, pairs: Path) -> None:
    method = get_method("blur=tests.methods.nets:build")
    datasets = choose_datasets([str(pairs)], Scale.PAPER, None, FolderOptions("rgb-uint8-volumetric"))
    plan = make_plan([method], datasets, Scale.PAPER, tmp_path)
    assert execute(plan, RunOptions(save_images=tmp_path / "images")).computed == 1
    assert execute(plan, RunOptions(save_images=tmp_path / "images")).computed == 1  # images are wanted: computed anew
    folder = tmp_path / "images" / "views" / "blur"
    assert score_command(request(folder, pairs, tmp_path, protocol="rgb-uint8-volumetric", name="again")) == 0
    made, scored = (the_cell(tmp_path, name, "views@rgb-uint8-volumetric") for name in ("blur", "again"))
    assert [s.name for s in made.scores] == [s.name for s in scored.scores]
    for one, two in zip(made.scores, scored.scores, strict=True):
        assert one.psnr == pytest.approx(two.psnr, abs=1e-9)
        assert one.ssim == pytest.approx(two.ssim, abs=1e-9)


def test_saved_ties_are_rounded_as_the_protocol_rounds_them(tmp_path: Path) -> None:
    plan = make_plan([get_method("identity")], [ToySet()], Scale.MINI, tmp_path)
    tie = torch.full((3, 24, 40), 2.5 / 255)

    class Ties(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return tie[:, : image.shape[2], : image.shape[3]].expand_as(image) if image.shape[2] == 24 else image

    execute(plan, RunOptions(save_images=tmp_path / "images"), load=lambda cell: Ties())
    saved = np.asarray(Image.open(tmp_path / "images" / "toy" / "identity" / "image-0.png"))
    assert saved.min() == saved.max() == round(float((tie * 255)[0, 0, 0]))


def test_an_image_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    plan = make_plan([get_method("identity")], [ToySet()], Scale.MINI, tmp_path)
    with pytest.raises(SlkdBenchError, match="--save-images"):
        execute(plan, RunOptions(save_images=tmp_path / "file"))


def test_the_matrix_shows_what_rounding_and_padding_do(
    pairs: Path, restored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score_command(request(restored, pairs, tmp_path, protocol="all", padded=restored)) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("rain13k-y", "uformer-float", "rounded", "truncated", "padded"))
    assert "change nothing in images of bytes" in said
    assert not (tmp_path / "cells").exists()


def test_a_further_metric_stands_beside_each_image(
    pairs: Path, restored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def value(restored: torch.Tensor, clean: torch.Tensor) -> float:
        if float(clean.mean()) == means["view-3"]:
            raise RuntimeError("too small")
        return float((restored - clean).abs().mean())

    targets = choose_datasets([str(pairs)], Scale.PAPER, None, FolderOptions("rgb"))[0]
    means = {name: float(targets[i].clean.mean()) for i, name in enumerate(NAMES)}
    offered = metrics.Metric("distance", True, True, value)
    lost = metrics.MetricUnavailable("lpips", OSError("no route"))
    monkeypatch.setattr("benchmark.runs.extras.open_metrics", lambda names, device: ([offered], [lost]))
    extras.ready.cache_clear()
    assert score_command(request(restored, pairs, tmp_path, metrics=("distance", "lpips"))) == 0
    cell = the_cell(tmp_path)
    assert [set(s.extra) for s in cell.scores] == [{"distance"}] * 3 + [set()]
    assert cell.scores[0].extra["distance"] > 0
    extras.ready.cache_clear()


def test_metrics_none_of_which_can_be_computed_are_one_message(
    pairs: Path, restored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = metrics.MetricUnavailable("lpips", OSError("no route"))
    monkeypatch.setattr("benchmark.runs.extras.open_metrics", lambda names, device: ([], [lost]))
    extras.ready.cache_clear()
    with pytest.raises(metrics.MetricUnavailable, match="lpips"):
        score_command(request(restored, pairs, tmp_path, metrics=("lpips",)))
    assert not (tmp_path / "cells").exists()
    with pytest.raises(metrics.MetricUnavailable, match="lpips"):
        run(run_request(tmp_path, datasets=["mini-rain1400"], options=RunOptions(metrics=("lpips",))))
    extras.ready.cache_clear()


def test_a_run_keeps_further_metrics_and_computes_again_for_new_ones_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_metrics(names: tuple[str, ...], device: str) -> tuple[list[metrics.Metric], list[Exception]]:
        return [metrics.Metric(name, True, True, lambda a, b: float((a - b).abs().mean())) for name in names], []

    monkeypatch.setattr("benchmark.runs.extras.open_metrics", open_metrics)
    extras.ready.cache_clear()

    def again(*names: str) -> int:
        options = RunOptions(limit=2, metrics=names)
        return run(RunRequest(("identity",), ("mini-rain1400",), out=tmp_path, options=options)).computed

    def of_the_run() -> Cell:
        return read_stored(cell_path(tmp_path, "identity", "mini-rain1400", Scale.MINI, 0, 2))

    assert again("near") == 1
    assert [set(score.extra) for score in of_the_run().scores] == [{"near"}] * 2
    assert again("near") == 0
    assert again() == 0
    assert again("near", "far") == 1
    assert [set(s.extra) for s in of_the_run().scores] == [{"near", "far"}] * 2
    extras.ready.cache_clear()


def test_a_folder_is_run_under_its_protocol(pairs: Path, tmp_path: Path) -> None:
    paper = run_request(tmp_path, datasets=[str(pairs)], scale=Scale.PAPER, protocol="ddn-y", limit=None)
    assert run(paper).code == 0
    data = choose_datasets([str(pairs)], Scale.PAPER, None, FolderOptions("ddn-y"))[0]
    expected = [get_protocol("ddn-y").score(data[i].degraded, data[i].clean).psnr for i in range(4)]
    assert [s.psnr for s in the_cell(tmp_path, "identity", "views@ddn-y").scores] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"datasets": ["FOLDER"]}, "a protocol for the folder"),
        ({"datasets": ["FOLDER"], "protocol": "rgb", "methods": ["prenet"]}, "--task deraining"),
        ({"protocol": "rgb"}, "for folders only; found the data set 'gopro'"),
        ({"task": Task.DERAINING, "datasets": []}, "for folders only"),
    ],
)
def test_what_a_folder_needs_and_others_do_not(options: dict[str, Any], says: str, pairs: Path, tmp_path: Path) -> None:
    options["datasets"] = [str(pairs) if d == "FOLDER" else d for d in options.get("datasets", ["gopro"])]
    with pytest.raises(SlkdBenchError, match=says):
        run(run_request(tmp_path, **{"scale": Scale.PAPER, **options}))


def test_a_lossy_folder_is_noted(
    pairs: Path, restored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (restored / "view-0.png").unlink()
    Image.fromarray(picture(0)).save(restored / "view-0.jpg")
    assert score_command(request(restored, pairs, tmp_path)) == 0
    assert "lost detail in saving (view-0.jpg)" in capsys.readouterr().out.replace("\n", " ")


def test_perfect_images_are_infinitely_good(pairs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "same"
    folder.mkdir()
    data = choose_datasets([str(pairs)], Scale.PAPER, None, FolderOptions("rgb"))[0]
    for i, name in enumerate(NAMES):
        save_image(folder / f"{name}.png", data[i].clean)
    assert score_command(request(folder, pairs, tmp_path, protocol="rgb-float-volumetric")) == 0
    assert the_cell(tmp_path, "same", "views@rgb-float-volumetric").psnr == float("inf")

"""A distiller is added by one file in a folder: it is listed, trained, run and shown like a shipped one."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from baselines.distillation.spec import DistillerSpec
from benchmark.cli import app
from benchmark.core.errors import BadMethod, UnknownName
from benchmark.methods import distillers
from benchmark.methods.declared import DISTILLERS
from benchmark.methods.find import get_method
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell
from tests.training.jobs import use_blobs

FILE = '''"""The student's output against a mixture of the clean image and the teacher's."""

import torch
from torch import Tensor, nn

from baselines.distillation.spec import DistillerSpec
from baselines.objective import Distiller


class Blend(Distiller):
    def __init__(self, teacher: nn.Module, student: nn.Module, share: float = 0.5, square: bool = False) -> None:
        super().__init__(teacher, student)
        self.share, self.square = share, square

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            target = torch.lerp(clean, self.teacher(degraded), self.share)
        error = (self.student(degraded) - target).abs()
        return {"blend": (error.square() if self.square else error).mean()}


SPEC = DistillerSpec(
    id="blend",
    title="a blend of truth and teacher",
    citation="Nobody, 2026",
    target=":Blend",
    row="Blend",
    options={"share": 0.5, "square": False},
)
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DISTILLERS, str(tmp_path / "mine"))
    monkeypatch.setenv("SLKD_BENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "blend.py").write_text(FILE)
    return tmp_path


def said(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


TRAIN = ("train", "res-sl-blend", "--task", "denoising", "--iterations", "2", "--batch", "1", "--patch", "32")


def test_it_is_listed_trained_and_shown(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_blobs(monkeypatch, pairs=False)
    listed = said("list", "methods")
    for student in ("Res-SL", "Ufor-SL", "DRS-SL"):
        assert f"{student} (Blend)" in listed
    said(*TRAIN)
    (card,) = (own / "home" / "weights").rglob("res-sl-blend.json")
    assert '"objective": ":Blend"' in card.read_text()
    assert '"source": "Nobody, 2026"' in card.read_text()
    scores = tuple(ImageScore(f"{i}", f"{i}", 31.23, 0.9) for i in range(3))
    key = {"limit": None, "protocol": "ssim-11x11@1", "data": "d"}
    path = cell_path(Path("runs"), "res-sl-blend", "mini-sidd", "mini")
    write_cell(path, Cell("res-sl-blend", "mini-sidd", "mini", 0, key, {}, scores))
    shown = said("table", "all", "--scale", "mini", "--out", "runs")
    assert "Res-SL (Blend)" in shown
    assert "31.23" in shown


@pytest.mark.slow
def test_it_is_run(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_blobs(monkeypatch, pairs=False)
    said(*TRAIN)
    said("run", "--method", "res-sl-blend", "--dataset", "sidd", "--out", "runs")
    assert "Res-SL (Blend)" in said("table", "all", "--scale", "mini", "--out", "runs")


def test_its_options_make_variants(own: Path) -> None:
    varied = get_method("ufor-sl-blend@square=true,share=.25")
    assert varied.options == {"share": 0.25, "square": True}
    assert varied.id == "ufor-sl-blend@share=0.25,square=true"
    with pytest.raises(UnknownName, match="option of Blend"):
        get_method("ufor-sl-blend@shares=1")
    with pytest.raises(BadMethod, match="true or false"):
        get_method("ufor-sl-blend@square=1")
    with pytest.raises(BadMethod, match=r"share=0\.5"):
        get_method("ufor-sl-blend@share=much")


def test_two_distillers_of_one_id_are_refused_by_both_files(own: Path) -> None:
    (own / "mine" / "other.py").write_text(FILE.replace('id="blend"', 'id="fakd"'))
    with pytest.raises(BadMethod, match=r"fakd, as in .*fakd\.py \(.*other\.py"):
        distillers.distillers()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (('row="Blend"', "row=3"), r"row: text; found 3 \(.*blend\.py, line 27\)"),
        (('row="Blend"', 'kind="teacher"'), r"kind: one of student, control; found 'teacher' \(.*blend\.py, line 27\)"),
        (('row="Blend"', 'readings=":READINGS"'), r"readings: an option `reading`.*blend\.py, line 27\)"),
        (('row="Blend"', 'choices={"share": ("a", "b")}'), r"choices: words for the option share.*blend\.py, line 27"),
        (('target=":Blend"', 'target="Blend"'), r'target: "module:Name" or ":Name"; found Blend \(.*line 26\)'),
    ],
)
def test_a_malformed_declaration_names_file_line_and_key(own: Path, changed: tuple[str, str], message: str) -> None:
    (own / "mine" / "blend.py").write_text(FILE.replace(*changed))
    with pytest.raises(BadMethod, match=message):
        distillers.distillers()


@pytest.mark.parametrize("spec", distillers.distillers().values(), ids=lambda spec: spec.id)
def test_what_a_shipped_one_declares_is_there(spec: DistillerSpec) -> None:
    import inspect

    given = inspect.signature(spec.load().__init__).parameters
    defaults = {name: given[name].default for name in spec.options}
    assert defaults == spec.options
    readings = spec.known_readings()
    if spec.readings:
        assert next(iter(readings)) == spec.options["reading"]
        assert all(name == reading.name for name, reading in readings.items())
    assert not spec.probe or spec.load_probe().terms.keys() == spec.load_probe().halves.keys()

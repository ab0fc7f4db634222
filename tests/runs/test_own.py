"""Somebody's own network, folder and machine: what is told apart, what meets, and what a failure leaves."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.core import devices
from benchmark.core.errors import BadDevice, BadMethod, BadWeights, SlkdBenchError, UnknownName
from benchmark.core.precision import exact
from benchmark.core.types import Scale, Task
from benchmark.methods.find import get_method
from benchmark.methods.own import OwnNetwork, own_network, split, value_range
from benchmark.methods.weights.loading import load_network
from benchmark.runs.cells import FOLDERS, cell_path, read_stored
from benchmark.runs.choose import choose_methods
from benchmark.runs.command import plan_of, run
from benchmark.runs.execute import Summary, execute
from benchmark.runs.options import RunOptions, RunRequest
from benchmark.runs.plan import Plan, make_plan
from benchmark.runs.remembered import find_method
from benchmark.runs.score_folder import ScoreRequest, score_command
from benchmark.runs.status import status_of
from benchmark.statistics.compare import compare
from tests.runs.toys import ToySet, toy_plan

NET = "tests.methods.nets:Smooth"
HALVED = """
import json, pathlib, torch
from torch import nn
import beside
class Net(nn.Module):
    def __init__(self, width=2):
        super().__init__()
        self.down = nn.Conv2d(3, width, 3, 2, 1); self.up = nn.ConvTranspose2d(width, 3, 2, 2); self.gain = 1.0
    def forward(self, x):
        return beside.act(x * self.gain + 0.01 * (self.up(self.down(x)) + 0 * x))
class Lazy(nn.Module):
    def forward(self, x):
        return x * json.loads(pathlib.Path(__file__).with_name("gain.json").read_text())
def build():
    gain = torch.load(pathlib.Path(__file__).with_name("gain.pth"), weights_only=True)
    return lambda x: x * gain
def endless():
    numbers = (i for i in range(9))
    return lambda x: x if numbers else x
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of its own name with a helper beside it, a tensor and a setting that it reads."""
    name = f"own_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(HALVED)
    (tmp_path / "beside.py").write_text("def act(x):\n    return x\n")
    (tmp_path / "gain.json").write_text("1.0")
    torch.save(torch.tensor(1.0), tmp_path / "gain.pth")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "beside", raising=False)
    return name


def pairs(base: Path, count: int = 3, size: tuple[int, int] = (16, 20), seed: int = 0) -> Path:
    for side in ("input", "target"):
        (base / side).mkdir(parents=True)
        for i in range(count):
            pixels = np.random.default_rng([seed, i, side == "input"]).integers(90, 160, (*size, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(base / side / f"{i}.png")
    return base


def runs(out: Path, *folders: str | Path, protocol: str = "rgb", methods: tuple[str, ...] = ("identity",)) -> Summary:
    names = tuple(map(str, folders))
    return run(RunRequest(methods, names, out=out, protocol=protocol, task=Task.DENOISING, options=RunOptions("cpu")))


def test_two_folders_of_one_name_are_refused_before_anything_is_computed(tmp_path: Path) -> None:
    one, two = pairs(tmp_path / "a/test"), pairs(tmp_path / "b/test", seed=1)
    with pytest.raises(SlkdBenchError, match="one data set called 'test@rgb'"):
        runs(tmp_path / "o", one, two)
    assert not list((tmp_path / "o").rglob("*.json"))
    assert runs(tmp_path / "o", one).computed == 1
    before = cell_path(tmp_path / "o", "identity", "test@rgb", FOLDERS).read_bytes()
    with pytest.raises(SlkdBenchError, match="one folder called 'test@rgb' in these results"):
        runs(tmp_path / "o", two)
    assert cell_path(tmp_path / "o", "identity", "test@rgb", FOLDERS).read_bytes() == before
    assert runs(tmp_path / "o", f"second={two}").computed == 1
    assert runs(tmp_path / "o", one, f"second={two}").already_done == 2


def test_one_folder_twice_and_a_copy_of_it_are_one(tmp_path: Path) -> None:
    one, copy = pairs(tmp_path / "a/test"), pairs(tmp_path / "b/test")
    assert runs(tmp_path / "o", one, one, copy).computed == 1
    assert runs(tmp_path / "o", copy).already_done == 1


def test_an_edited_folder_is_computed_anew_and_status_says_why(tmp_path: Path) -> None:
    base = pairs(tmp_path / "test")
    runs(tmp_path / "o", base)
    assert status_of(tmp_path / "o").stale == {}
    Image.fromarray(np.full((16, 20, 3), 120, np.uint8)).save(base / "input/1.png")
    assert status_of(tmp_path / "o").stale == {"identity on test@rgb": ["the data"]}
    plan = plan_of(RunRequest(("identity",), (str(base),), out=tmp_path / "o", protocol="rgb", task=Task.DENOISING))
    assert execute(plan).computed == 1
    assert plan.again_told() == ["computed again, not as before: the data (identity on test@rgb)"]
    assert status_of(tmp_path / "o").stale == {}


@pytest.mark.parametrize("name", ["-x", "{0}%s", "[", "a]b[c", "a b", "été", "x=y", "mini-rain1400"])
def test_a_folder_of_any_name_is_found_again(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pairs(tmp_path / name)
    assert runs(tmp_path / "o", f"./{name}").computed == 1
    found = status_of(tmp_path / "o")
    assert (found.stale, found.untold) == ({}, {})
    assert runs(tmp_path / "o", f"./{name}").already_done == 1


def test_one_folder_under_two_protocols_has_two_results_and_run_meets_score(tmp_path: Path) -> None:
    base = pairs(tmp_path / "set")
    assert runs(tmp_path / "o", base).computed == runs(tmp_path / "o", base, protocol="ddn-y").computed == 1
    assert runs(tmp_path / "o", base).already_done == 1
    request = ScoreRequest(base / "target", str(base), "rgb", "mine", out=tmp_path / "o")
    assert score_command(request) == 0
    (found,) = compare("identity", "mine", tmp_path / "o")
    assert (found.dataset, found.psnr.wins) == ("set@rgb", 3)


def test_a_folder_that_is_not_there_is_no_official_set(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="'sett'"):
        runs(tmp_path / "o", "sett")


def changed(before: Callable[[], dict[str, object]], change: Callable[[], object]) -> bool:
    first = before()
    change()
    return before() != first


@pytest.mark.parametrize(
    ("factory", "file", "content"),
    [
        ("Net", "beside.py", "def act(x):\n    return x * 0.5\n"),
        ("build", "beside.py", "def act(x):\n    return x * 0.5\n"),
        ("build", "gain.pth", 0.5),
    ],
)
def test_what_decides_the_score_of_an_own_method_is_in_its_key(
    own: str, tmp_path: Path, factory: str, file: str, content: str | float
) -> None:
    from benchmark.methods import outside

    def print_of() -> tuple[object, ...]:
        found = outside.fingerprint(get_method(f"mine={own}:{factory}"), None)
        return found.weights, found.code, found.files

    before = print_of()
    assert print_of() == before
    if isinstance(content, str):
        (tmp_path / file).write_text(content)
    else:
        torch.save(torch.tensor(content), tmp_path / file)
    assert print_of() != before


def test_a_file_that_is_read_while_it_works_counts(own: str, tmp_path: Path) -> None:
    def plan() -> Plan:
        return make_plan([get_method(f"mine={own}:Lazy")], [ToySet()], Scale.MINI, tmp_path / "o")

    assert execute(plan()).computed == 1
    assert execute(plan()).already_done == 1
    (tmp_path / "gain.json").write_text("0.5")
    assert execute(plan()).computed == 1


def test_what_cannot_be_compared_is_said_and_computed_anew(own: str, tmp_path: Path) -> None:
    method = get_method(f"mine={own}:endless")
    for _ in range(2):
        plan = make_plan([method], [ToySet()], Scale.MINI, tmp_path / "o")
        assert "numbers" in plan.cells[0].key["unknown"][0]
        assert execute(plan).computed == 1


def test_an_own_network_in_one_line(own: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    base = pairs(tmp_path / "odd", size=(17, 21))
    network = load_network(get_method(f"mine={own}:Net@width=3"), None, Scale.MINI)
    assert "no checkpoint was loaded" in caplog.text
    state = {f"module._orig_mod.{k.removeprefix('restore.')}": v for k, v in network.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "best.pth")
    said = OwnNetwork(tmp_path / "best.pth", 2, arguments=(("width", "3"),))
    request = RunRequest((f"mine={own}:Net",), (str(base),), out=tmp_path / "o", protocol="rgb", own=said)
    assert run(request).computed == 1
    cell = read_stored(cell_path(tmp_path / "o", "mine", "odd@rgb", FOLDERS))
    assert cell.key["form"] == {"multiple": 2, "width": "3"}
    assert find_method("mine", tmp_path / "o").own == OwnNetwork(
        (tmp_path / "best.pth").resolve(), 2, arguments=(("width", "3"),)
    )
    assert runs(tmp_path / "o", base, methods=("mine",)).already_done == 1
    with pytest.raises(BadWeights, match="of another shape"):
        load_network(get_method(f"mine={own}:Net@weights={tmp_path / 'best.pth'}"), None, Scale.MINI)


def test_a_size_that_fails_is_named_and_the_others_are_kept(own: str, tmp_path: Path) -> None:
    base = pairs(tmp_path / "set", 2)
    for side in ("input", "target"):
        Image.fromarray(np.full((17, 20, 3), 9, np.uint8)).save(base / side / "odd.png")
    request = RunRequest((f"mine={own}:Net",), (str(base),), out=tmp_path / "o", protocol="rgb")
    (reason,) = run(request).failed.values()
    assert "restores odd, 20x17 pixels" in reason
    assert "--multiple" in reason
    going = RunRequest(
        (f"mine={own}:Net",), (str(base),), out=tmp_path / "o", protocol="rgb", options=RunOptions("cpu", None, True)
    )
    summary = run(going)
    assert summary.partial == {"mine on set@rgb": "2 of 3"}
    assert list(summary.incomplete["mine on set@rgb"]) == ["odd"]


def test_another_range_of_values_and_a_word_on_it(caplog: pytest.LogCaptureFixture) -> None:
    image = torch.rand(1, 3, 8, 8)
    plain = load_network(get_method(f"mine={NET}"), None, Scale.MINI)
    scaled = load_network(get_method(f"mine={NET}@range=-1..1"), None, Scale.MINI)
    torch.testing.assert_close(plain(image), scaled(image), rtol=0, atol=1e-6)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        from benchmark.methods.outside_network import Checked

        loud = Checked(lambda x: x * 255, "loud")
        loud(image)
        loud(image)
        Checked(lambda x: x * 255, "right", OwnNetwork(white=255.0))(image / 255)
    assert caplog.text.count("--range 0..255") == 1


def test_a_torchscript_file_is_a_method(tmp_path: Path) -> None:
    net = torch.jit.trace(torch.nn.AvgPool2d(3, 1, 1), torch.rand(1, 3, 8, 8))
    net.save(str(tmp_path / "net.torchscript"))
    method = get_method(str(tmp_path / "net.torchscript"))
    plan = make_plan([method], [ToySet()], Scale.MINI, tmp_path / "o")
    assert execute(plan).computed == 1
    torch.jit.trace(torch.nn.Identity(), torch.rand(1, 3, 8, 8)).save(str(tmp_path / "net.torchscript"))
    assert execute(make_plan([method], [ToySet()], Scale.MINI, tmp_path / "o")).computed == 1
    (tmp_path / "broken.torchscript").write_bytes(b"PK")
    with pytest.raises(BadMethod, match="TorchScript"):
        load_network(get_method(str(tmp_path / "broken.torchscript")), None, Scale.MINI)


@pytest.mark.parametrize("name", ["x.error", "x.first3", "x.seed1", "x.PARTIAL", "x.json", "x.at-mini"])
def test_names_that_result_files_use_themselves(name: str) -> None:
    with pytest.raises(BadMethod, match="which result files use themselves"):
        get_method(f"{name}={NET}")


@pytest.mark.parametrize("text", ["0", "1..0", "a..b", "1..1", "0..", ""])
def test_ranges_that_are_none(text: str) -> None:
    with pytest.raises(BadMethod, match="a range of values"):
        value_range(text)


def test_words_behind_the_at(tmp_path: Path) -> None:
    assert split("a=1,b=(1, 2),c=[3,4]", "x") == {"a": "1", "b": "(1, 2)", "c": "[3,4]"}
    assert own_network({"b": "(1, 2)", "c": "yes", "d": "True"}, "x").keywords() == {"b": (1, 2), "c": "yes", "d": True}
    for said in ("a", "a=", "multiple=0", "multiple=x", f"weights={tmp_path / 'none.pth'}", "1a=2"):
        with pytest.raises(BadMethod):
            get_method(f"mine={NET}@{said}")
    with pytest.raises(SlkdBenchError, match="one network of your own"):
        choose_methods([f"a={NET}", f"b={NET}"], OwnNetwork(multiple=2))


def test_out_of_memory_names_the_size_and_the_next_cell_is_computed(tmp_path: Path) -> None:
    class Large(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            if image.shape[-2] == 32:
                raise RuntimeError(
                    "DefaultCPUAllocator: can't allocate memory: you tried to allocate 3221225472 bytes."
                )
            return image

    bad, good = toy_plan(tmp_path / "a", ToySet()), toy_plan(tmp_path / "b", ToySet())
    bad.cells += good.cells
    summary = execute(bad, load=lambda cell: Large() if cell.path == bad.cells[0].path else torch.nn.Identity())
    (reason,) = summary.failed.values()
    for word in ("image-7, 40x32 pixels", "3.00 GiB", "--memory", "this machine"):
        assert word in reason
    assert summary.computed == 1


def test_a_batch_that_is_too_large_goes_through_one_by_one(tmp_path: Path) -> None:
    sizes: list[int] = []

    class Small(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            sizes.append(len(image))
            if len(image) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return image

    whole, divided = toy_plan(tmp_path / "a", ToySet()), toy_plan(tmp_path / "b", ToySet())
    execute(whole)
    assert execute(divided, load=lambda cell: Small()).computed == 1
    assert set(sizes) > {1}
    one, other = (read_stored(plan.cells[0].path).scores for plan in (divided, whole))
    assert [s.psnr for s in one] == pytest.approx([s.psnr for s in other], abs=1e-9)
    said = str(devices.out_of_memory(torch.OutOfMemoryError("Tried to allocate 2.00 GiB."), "x", "cuda:1"))
    assert "2.00 GiB" in said
    assert "the memory of cuda:1" in said


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "xpu", "meta", "", "hip:0"])
def test_a_device_that_is_not_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadDevice, match=r"a device that is here \(cpu"):
        devices.resolve(name)
    assert devices.resolve("auto") == devices.resolve("cpu") == "cpu"


def tf32_allowed() -> tuple[bool, bool]:
    """For convolutions and for products of matrices."""
    return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32


def test_exactness_is_asked_for_and_put_back() -> None:
    torch.set_float32_matmul_precision("high")
    before = torch.backends.cudnn.allow_tf32
    try:
        with exact("cuda"):
            assert torch.get_float32_matmul_precision() == "highest"
            assert tf32_allowed() == (False, False)
            assert torch.backends.cudnn.deterministic
            assert torch.are_deterministic_algorithms_enabled()
            with exact("cuda", tf32=True):
                assert tf32_allowed() == (True, True)
            assert not tf32_allowed()[0]
        assert torch.get_float32_matmul_precision() == "high"
        assert not torch.are_deterministic_algorithms_enabled()
        assert torch.backends.cudnn.allow_tf32 == before
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SlkdBenchError, match="--out"):
        runs(tmp_path / "o", pairs(tmp_path / "set"))

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from benchmark.core.errors import BadMethod, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.methods import outside, outside_build
from benchmark.methods.find import get_method, row_method
from benchmark.methods.method import Method
from benchmark.methods.weights.loading import load_network
from benchmark.runs.choose import choose_methods
from benchmark.runs.execute import execute
from benchmark.runs.key import cell_key
from benchmark.runs.plan import make_plan
from tests.methods.nets import Smooth
from tests.runs.toys import ToySet

IMAGES = torch.rand(2, 3, 12, 20, generator=torch.Generator().manual_seed(3))
NETS = "tests.methods.nets"


def network(method: Method) -> torch.nn.Module:
    return load_network(method, Task.DEBLURRING, Scale.MINI)


def save_onnx(path: Path, shape: list[int | str], outputs: int = 1, inputs: int = 1) -> Path:
    """0.5 x + 0.25 as an ONNX file."""
    names = [f"in{i}" for i in range(inputs)]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["in0", "half"], ["m"]), helper.make_node("Add", ["m", "quarter"], ["out"])],
        "net",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor("half", TensorProto.FLOAT, [], [0.5]),
            helper.make_tensor("quarter", TensorProto.FLOAT, [], [0.25]),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def test_a_factory_gives_its_network_in_eval_mode() -> None:
    method = get_method(f"{NETS}:build")
    assert (method.id, method.kind, len(method.tasks)) == (f"{NETS}.build", "outside", 3)
    found = network(method)
    assert not found.training
    with torch.no_grad():
        assert torch.equal(found(IMAGES), Smooth()(IMAGES))


def test_a_factory_may_ask_for_the_task_and_may_have_its_own() -> None:
    assert torch.equal(network(get_method(f"{NETS}:for_task"))(IMAGES), IMAGES * 0.5)
    assert get_method(f"{NETS}:of_rain").tasks == (Task.DERAINING,)


def test_half_precision_comes_back_as_single() -> None:
    assert network(get_method(f"{NETS}:half"))(IMAGES).dtype == torch.float32


@pytest.mark.parametrize(
    ("factory", "says"),
    [
        ("cropped", r"restored images of shape \(2, 3, 12, 20\) from tests.methods.nets.cropped; found shape"),
        ("not_a_number", r"finite values from tests.methods.nets.not_a_number; found \d+ that are NaN"),
        ("levels", r"floating-point images from tests.methods.nets.levels; found torch.uint8"),
        ("several", r"a tensor from tests.methods.nets.several; found a list"),
    ],
)
def test_an_output_that_is_no_restored_image_names_the_method(factory: str, says: str) -> None:
    found = network(get_method(f"{NETS}:{factory}"))
    with pytest.raises(BadMethod, match=says):
        found(IMAGES)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no_such_package.net:build", "a module 'no_such_package.net' that can be imported"),
        (f"{NETS}:biuld", "Did you mean build"),
        (f"{NETS}:NUMBER", "that can be called; found a int"),
        (f"{NETS}:wrong_tasks", "deraining, deblurring, denoising; found .*colouring"),
        (f"{NETS}:", "package.module:factory"),
        (":build", "package.module:factory"),
        ("absent.onnx", "no file 'absent.onnx'"),
        (f"../up={NETS}:build", "letters, digits"),
        (f"restormer={NETS}:build", "a method of the suite"),
    ],
)
def test_a_name_that_leads_nowhere(name: str, says: str) -> None:
    with pytest.raises(BadMethod, match=says):
        get_method(name)


def test_a_factory_that_fails_or_gives_nothing() -> None:
    with pytest.raises(BadMethod, match=r"failing to build a network; found FileNotFoundError: weights.pth"):
        network(get_method(f"{NETS}:failing"))
    with pytest.raises(BadMethod, match=r"callable from .*nothing; found NoneType"):
        network(get_method(f"{NETS}:nothing"))


EXITS = """
import argparse, sys
def at_work():
    def restore(image):
        sys.exit(3)
    return restore
def at_birth():
    argparse.ArgumentParser().parse_args(["--unknown"])
"""


@pytest.mark.parametrize("factory", ["at_work", "at_birth"])
def test_a_method_that_exits_is_named_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factory: str
) -> None:
    (tmp_path / "net_that_exits.py").write_text(EXITS)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadMethod, match=r"SystemExit: [23]"):
        network(get_method(f"net_that_exits:{factory}"))(torch.zeros(1, 3, 8, 8))


def test_a_module_that_reads_the_command_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import argparse\nargs = argparse.ArgumentParser().parse_args(['--unknown'])\ndef build(): ...\n"
    (tmp_path / "net_with_arguments.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadMethod, match=r"SystemExit: 2, while it was imported.*under `if __name__"):
        get_method("net_with_arguments:build")


def test_a_module_of_the_current_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net_of_this_folder.py").write_text("def build():\n    return lambda image: image\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert torch.equal(network(get_method("net_of_this_folder:build"))(IMAGES), IMAGES)


def test_the_key_hangs_on_weights_and_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def key(source: str) -> dict[str, Any]:
        (tmp_path / "changing_net.py").write_text(source)
        sys.modules.pop("changing_net", None)
        sys.dont_write_bytecode = True
        outside_build.built_for.cache_clear()
        return cell_key(get_method("changing_net:build"), ToySet(), Scale.MINI, 0)

    source = "import torch\ndef build():\n    net = torch.nn.Conv2d(3, 3, 1)\n    return net\n"
    first = key(source)
    assert key(source) == first  # random weights too: drawn from one seed
    other_code = key(source + "# changed\n")
    assert (other_code["weights"], other_code["code"]) != (first["weights"], first["code"])
    assert other_code["weights"] == first["weights"]
    assert key(source.replace("    return", "    net.bias.data += 1\n    return"))["weights"] != first["weights"]


def test_it_runs_like_any_method_and_a_second_run_computes_nothing(tmp_path: Path) -> None:
    chosen = choose_methods([f"mine={NETS}:build", f"{NETS}:for_task"])
    plan = make_plan(chosen[:1], [ToySet()], Scale.MINI, tmp_path)
    assert execute(plan).computed == 1
    assert plan.cells[0].path.name == "mine.json"
    assert execute(make_plan(chosen[:1], [ToySet()], Scale.MINI, tmp_path)).already_done == 1


def test_a_bad_output_fails_its_cell_and_the_rest_goes_on(tmp_path: Path) -> None:
    plan = make_plan(choose_methods([f"{NETS}:cropped", f"{NETS}:build"]), [ToySet()], Scale.MINI, tmp_path)
    summary = execute(plan)
    assert summary.computed == 1
    assert "Pad and crop" in summary.failed[f"{NETS}.cropped on toy"]


def test_a_method_of_other_tasks_has_no_cell(tmp_path: Path) -> None:
    class Blurred(ToySet):
        task = Task.DEBLURRING

    assert not make_plan([get_method(f"{NETS}:of_rain")], [Blurred()], Scale.MINI, tmp_path).cells


def test_two_methods_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="two called 'mine'"):
        choose_methods([f"mine={NETS}:build", f"mine={NETS}:random"])
    assert len(choose_methods([f"{NETS}:build", f"{NETS}:build"])) == 1


@pytest.mark.parametrize("shape", [["n", 3, "h", "w"], [1, 3, "h", "w"], [2, 3, 12, 20], [4, 3, 12, 20]])
def test_onnx_with_dynamic_and_fixed_sizes(shape: list[int | str], tmp_path: Path) -> None:
    method = get_method(str(save_onnx(tmp_path / "net.onnx", shape)))
    assert method.id == "net.onnx"
    restored = network(method)(IMAGES)
    torch.testing.assert_close(restored, IMAGES * 0.5 + 0.25)


def test_onnx_of_another_size_says_which(tmp_path: Path) -> None:
    method = get_method(str(save_onnx(tmp_path / "net.onnx", [1, 3, 16, 16])))
    with pytest.raises(BadMethod, match=r"16 x 16 pixels, to which net.onnx is fixed; found 12 x 20"):
        network(method)(IMAGES)


@pytest.mark.parametrize(("shape", "inputs"), [(["n", 1, "h", "w"], 1), (["n", 3, "h"], 1), (["n", 3, "h", "w"], 2)])
def test_onnx_that_takes_no_rgb_images(shape: list[int | str], inputs: int, tmp_path: Path) -> None:
    with pytest.raises(BadMethod, match=r"one input \(N, 3, H, W\) of net.onnx"):
        network(get_method(str(save_onnx(tmp_path / "net.onnx", shape, inputs=inputs))))


def test_a_broken_onnx_file(tmp_path: Path) -> None:
    path = save_onnx(tmp_path / "net.onnx", ["n", 3, "h", "w"])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadMethod, match="a whole ONNX file"):
        network(get_method(str(path)))


def test_without_onnxruntime_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BadMethod, match=r"pip install 'slkd-bench\[onnx\]'"):
        network(get_method(str(save_onnx(tmp_path / "absent.onnx", ["n", 3, "h", "w"]))))


def test_the_key_of_an_onnx_file_is_its_hash(tmp_path: Path) -> None:
    path = save_onnx(tmp_path / "net.onnx", ["n", 3, "h", "w"])
    before = cell_key(get_method(str(path)), ToySet(), Scale.MINI, 0)
    path.write_bytes(path.read_bytes() + b"\0")
    assert cell_key(get_method(str(path)), ToySet(), Scale.MINI, 0)["weights"] != before["weights"]


def test_a_plug_in_is_offered_and_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "somebodys-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{outside.GROUP}]\nsomebodys-net = {NETS}:of_rain\nrestormer = x:y\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert outside.plug_ins()["somebodys-net"] == f"{NETS}:of_rain"
    method = get_method("somebodys-net")
    assert (method.id, method.tasks) == ("somebodys-net", (Task.DERAINING,))
    assert get_method("restormer").kind == "teacher"  # a plug-in cannot take a name of the suite
    with pytest.raises(UnknownName, match="somebodys-net"):
        get_method("somebodys-nett")


def test_a_row_of_a_table_needs_no_installed_method() -> None:
    assert row_method("gone.net.build").kind == "outside"
    assert row_method("prenet").title == "PReNet"


def test_weights_that_are_drawn_at_random_are_told_and_those_set_in_code_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outside_build.built_for.cache_clear()
    network(get_method(f"set={NETS}:build"))
    assert caplog.text == ""
    network(get_method(f"drawn={NETS}:random"))
    assert "no checkpoint was loaded" in caplog.text
    assert "2 of its 2 weight tensors are drawn at random" in caplog.text

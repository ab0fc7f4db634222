"""Checkpoints in every form that people save, weights of several data sets, and files that ask for too much."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.core.errors import BadWeights
from benchmark.core.types import Scale, Task
from benchmark.methods.checkpoints.unwrap import read_checkpoint
from benchmark.methods.find import get_method
from benchmark.methods.weights import store
from benchmark.methods.weights.card import read_card
from benchmark.methods.weights.importing import Keep, import_weights
from benchmark.methods.weights.listing import all_weights, verify_all
from benchmark.methods.weights.loading import load_for, load_network
from tests.networks.fixtures import fixture

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def prenet() -> State:
    return dict(fixture("prenet").state())


def prefixed(prefix: str) -> Callable[[State], State]:
    return lambda state: {prefix + key: value for key, value in state.items()}


def saved(folder: Path, held: object, name: str = "net.pth", **options: Any) -> Path:
    torch.save(held, folder / name, **options)
    return folder / name


FORMS: dict[str, Callable[[State], Any]] = {
    "compiled": prefixed("_orig_mod."),
    "ddp of compiled": prefixed("module._orig_mod."),
    "compiled of ddp": prefixed("_orig_mod.module."),
    "twice parallel": prefixed("module.module."),
    "a compiled part": lambda s: {k.replace("conv0.", "conv0._orig_mod."): v for k, v in s.items()},
    "lightning": lambda s: {"state_dict": prefixed("model.")(s), "epoch": 3, "hyper_parameters": {"lr": 0.1}},
    "params_ema beside params": lambda s: {"params": {k: v * 0 for k, v in s.items()}, "params_ema": s},
    "net_g": lambda s: {"net_g": s, "net_d": {"a": torch.ones(2)}},
    "ema": lambda s: {"ema": s, "step": 4},
    "generator": lambda s: {"state_dict": prefixed("generator.")(s) | {"discriminator.a": torch.ones(2)}},
    "thop": lambda s: {**s, "total_ops": torch.zeros(1), "conv0.total_params": torch.zeros(1)},
    "scalars beside": lambda s: {**s, "epoch": 3, "name": "x", "history": [1.0, 2.0], "best": None},
    "numpy beside": lambda s: {"epoch": 3, "best_psnr": np.float64(31.2), "mean": np.ones(3), "state_dict": s},
    "a tensor beside": lambda s: {"state_dict": s, "ema_decay": torch.tensor(0.999)},
    "tensors beside, wrapped twice": lambda s: {
        "model": {"net": s, "mean": torch.ones(3)},
        "rng_state": torch.get_rng_state(),
        "step": torch.tensor(4),
    },
    "an average of little beside": lambda s: {**s, "ema": {"decay": torch.tensor(0.9)}},
    "a list of one": lambda s: [s],
    "wrapped thrice": lambda s: {"model": {"state_dict": {"net": s}}},
    "half": lambda s: {k: v.half() for k, v in s.items()},
    "double parameters": lambda s: {k: torch.nn.Parameter(v.double()) for k, v in s.items()},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("archive", [True, False])
def test_every_form_is_read(form: str, archive: bool, prenet: State, tmp_path: Path) -> None:
    file = saved(tmp_path, FORMS[form](prenet), _use_new_zipfile_serialization=archive)
    found = read_checkpoint(file)
    assert found.state.keys() == prenet.keys()
    exact = form != "half"
    assert all(torch.allclose(found.state[k], prenet[k].float(), atol=0 if exact else 1e-2) for k in prenet)
    path = import_weights(get_method("prenet"), [file], Task.DERAINING)
    assert read_card(path)["wrapper"] == found.wrappers


def test_a_wrapper_that_holds_itself_many_times_is_refused_at_once(tmp_path: Path) -> None:
    held: dict[str, Any] = {"step": torch.ones(1)}
    held["state_dict"] = [held] * 50
    with pytest.raises(BadWeights, match=r"a list of 50|no tensor|tensors by name"):
        import_weights(get_method("prenet"), [saved(tmp_path, held)], Task.DERAINING)


def test_what_was_taken_off_and_left_is_told(prenet: State, tmp_path: Path) -> None:
    held = {"net_g": {**prefixed("module.")(prenet), "total_ops": torch.zeros(1)}, "epoch": 3}
    found = read_checkpoint(saved(tmp_path, held))
    assert found.wrappers == ["net_g", "module."]
    assert sorted(found.left) == ["epoch", "total_ops"]


def _cyclic() -> dict[str, Any]:
    held: dict[str, Any] = {}
    held["state_dict"] = held
    return held


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "cyclic": (_cyclic, "wraps itself"),
    "expanded": (lambda: {"x": torch.zeros(1).half().expand(4 * 10**9)}, "far more than"),
    "many expanded": (lambda: {f"x{i}": torch.zeros(1).expand(10**8) for i in range(9)}, "far more than"),
    "sparse": (lambda: {"x": torch.eye(3).to_sparse()}, "sparse"),
    "meta": (lambda: {"x": torch.empty(3, device="meta")}, "without values|damaged"),
    "quantized": (lambda: {"x": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)}, "quantized"),
    "fp8": (lambda: {"x": torch.ones(3).to(torch.float8_e4m3fn)}, "float8"),
    "complex": (lambda: {"x": torch.ones(3, dtype=torch.complex64)}, "complex64"),
    "a tensor": (lambda: torch.ones(3), "one tensor"),
    "none": (lambda: None, "nothing"),
    "text": (lambda: "weights", "a str"),
    "a number": (lambda: 3, "an? int"),
    "a long list": (lambda: [torch.ones(1), torch.ones(1)], "a list of 2"),
    "numbers as names": (lambda: {0: torch.ones(1), 1: torch.ones(1)}, "name of a tensor"),
    "mixed names": (lambda: {"a": torch.ones(1), (1, 2): torch.ones(1)}, "name of a tensor"),
    "only numbers": (lambda: {"epoch": 3}, "no tensor"),
    "empty": (dict, "holds none"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_forms_are_one_message(kind: str, tmp_path: Path) -> None:
    make, says = BAD[kind]
    file, started = saved(tmp_path, make()), time.perf_counter()
    with pytest.raises(BadWeights, match=says) as caught:
        import_weights(get_method("prenet"), [file], Task.DERAINING)
    assert str(file) in str(caught.value)
    assert time.perf_counter() - started < 10


def test_an_archive_that_unpacks_to_far_more_is_refused(prenet: State, tmp_path: Path) -> None:
    whole = saved(tmp_path, {"x": torch.zeros(40 * 10**6)})
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(BadWeights, match="packed into"):
        read_checkpoint(tmp_path / "b.pth")


def test_the_fourth_level_of_dmphn_is_its_own_architecture(tmp_path: Path) -> None:
    state = dict(fixture("dmphn_1_2_4").state())
    state |= {k.replace("_lv3", "_lv4"): v for k, v in state.items() if "_lv3" in k}
    method = get_method("dmphn")
    path = import_weights(method, [saved(tmp_path, state)], Task.DEBLURRING)
    assert read_card(path)["architecture"] == "1-2-4-8"
    network = load_network(method, Task.DEBLURRING, Scale.PAPER)
    with torch.no_grad():
        assert network(torch.rand(1, 3, 64, 64)).shape == (1, 3, 64, 64)


def test_a_file_of_another_method_is_named(prenet: State, tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match="It is of PReNet"):
        import_weights(get_method("rcdnet"), [saved(tmp_path, prenet)], Task.DERAINING)


class Set:
    """A data set as loading sees it."""

    task = Task.DERAINING

    def __init__(self, name: str) -> None:
        self.id = name


def _doubled(state: State) -> State:
    return {key: value * 2 for key, value in state.items()}


def test_each_data_set_has_its_weights(prenet: State, tmp_path: Path) -> None:
    method = get_method("prenet")
    light, heavy = saved(tmp_path, prenet, "light.pth"), saved(tmp_path, _doubled(prenet), "heavy.pth")
    import_weights(method, [light], Task.DERAINING, keep=Keep("rain100l"))
    import_weights(method, [heavy], Task.DERAINING, keep=Keep("rain100h"))
    assert store.datasets("prenet", Task.DERAINING, Scale.PAPER) == ["rain100h", "rain100l"]
    assert store.seeds("prenet", Task.DERAINING, Scale.PAPER, "rain100l") == [0]
    assert store.seeds("prenet", Task.DERAINING, Scale.PAPER, "rain1400") == []
    key = next(iter(load_for(method, Set("rain100l"), Scale.PAPER).state_dict()))
    of = {name: load_for(method, Set(name), Scale.PAPER).state_dict()[key] for name in ("rain100l", "rain100h")}
    assert torch.allclose(of["rain100l"] * 2, of["rain100h"])
    with pytest.raises(BadWeights, match="only those for rain100h, rain100l"):
        load_for(method, Set("rain1400"), Scale.PAPER)
    import_weights(method, [heavy], Task.DERAINING)
    assert torch.equal(load_for(method, Set("rain1400"), Scale.PAPER).state_dict()[key], of["rain100h"])
    assert torch.equal(load_for(method, Set("rain100l"), Scale.PAPER).state_dict()[key], of["rain100l"])
    told = store.told("prenet", "rain100l", store.require("prenet", Task.DERAINING, Scale.PAPER, 0, "rain100l"))
    assert "rain100l" in told
    assert "light.pth" in told
    assert {(w.method, w.file.dataset) for w in all_weights(Scale.PAPER)} == {
        ("prenet", ""),
        ("prenet", "rain100h"),
        ("prenet", "rain100l"),
    }
    assert verify_all() == 0


def test_nothing_is_replaced_without_a_word(prenet: State, tmp_path: Path) -> None:
    method = get_method("prenet")
    first, second = saved(tmp_path, prenet, "a.pth"), saved(tmp_path, _doubled(prenet), "b.pth")
    path = import_weights(method, [first], Task.DERAINING)
    before = path.read_bytes()
    import_weights(method, [first], Task.DERAINING)
    with pytest.raises(BadWeights, match=r"imported from a\.pth.*--replace"):
        import_weights(method, [second], Task.DERAINING)
    assert path.read_bytes() == before
    import_weights(method, [second], Task.DERAINING, keep=Keep(replace=True))
    assert path.read_bytes() != before


def test_the_commands(prenet: State, tmp_path: Path) -> None:
    file = saved(tmp_path, {"params": prenet})
    run = CliRunner().invoke
    done = run(app, ["weights", "import", "prenet", str(file), "--for", "rain100l", "--for", "Rain100H"])
    assert done.exit_code == 0, done.output
    assert "for rain100h" in done.output
    assert "taken from params" in done.output
    listed = run(app, ["weights", "list", "--scale", "paper"], env={"COLUMNS": "200"}).output
    assert "rain100l" in listed
    assert run(app, ["weights", "verify"]).exit_code == 0


def test_weights_for_a_folder_of_ones_own_are_used_on_it(prenet: State, tmp_path: Path) -> None:
    light, heavy = saved(tmp_path, prenet, "light.pth"), saved(tmp_path, _doubled(prenet), "heavy.pth")
    for side in ("input", "target"):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        Image.new("RGB", (16, 16), (90, 80, 70)).save(tmp_path / "pairs" / side / "a.png")
    run, place = CliRunner().invoke, str(tmp_path / "pairs")
    for name, file in ((f"mine={place}", light), ("yours", heavy)):
        done = run(app, ["weights", "import", "prenet", str(file), "--for", name])
        assert done.exit_code == 0, done.output
        assert f"-d {name.partition('=')[0]}=FOLDER" in done.output
    words = ["run", "-m", "prenet", "--scale", "paper", "--protocol", "rgb", "--task", "deraining"]
    for name, file in (("mine", light), ("yours", heavy)):
        out = tmp_path / name
        done = run(app, [*words, "-d", f"{name}={place}", "--out", str(out)])
        assert done.exit_code == 0, done.output
        assert f"the weights for {name} from {file.name}" in done.output
    done = run(app, [*words, "-d", f"third={place}", "--out", str(tmp_path / "third")])
    assert "there are weights for mine, yours" in str(done.exception)
    assert "--for third`" in str(done.exception)  # and not third@rgb


def test_without_a_data_set_the_message_says_what_to_do(prenet: State, tmp_path: Path) -> None:
    import_weights(get_method("prenet"), [saved(tmp_path, prenet)], Task.DERAINING, keep=Keep("rain100l"))
    with pytest.raises(BadWeights, match=r"only those for rain100l, and no data set is named.*import.*without --for"):
        load_network(get_method("prenet"), Task.DERAINING, Scale.PAPER)
    assert "paper 1/1" in CliRunner().invoke(app, ["list", "methods"], env={"COLUMNS": "200"}).output


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("prenet.safetensors", ("prenet", "", 0)),
        ("a.b.seed3.safetensors", ("a.b", "", 3)),
        ("prenet.for-rain100l.seed2.safetensors", ("prenet", "rain100l", 2)),
        ("prenet.for-%5B%2Fx%5D.safetensors", ("prenet", "[/x]", 0)),
        ("prenet.seedx.safetensors", None),
        ("prenet.for-.safetensors", None),
        (".safetensors", None),
        ("prenet.pth", None),
    ],
)
def test_names_of_weight_files(name: str, parts: tuple[str, str, int] | None) -> None:
    assert store.parsed(name) == (None if parts is None else store.Name(*parts))
    if parts is not None:
        assert store.relative_path(parts[0], "t", "s", parts[2], parts[1]) == Path("s", "t", name)


@pytest.mark.parametrize(
    "held",
    [
        "[]",
        "3",
        "null",
        '"x"',
        "[" * 100_000,
        "{",
        b"\xff\xfe",
        {"imported_from": "x"},
        {"imported_from": [{"name": 3}]},
        {"seconds": "long"},
        {"seconds": -1},
        {"seed": 1.5},
        {"sha256": "[red]"},
        {"iterations": [1]},
        {"wrapper": "params"},
        {"title": ["[/x]"]},
    ],
    ids=lambda held: str(held)[:20],
)
def test_a_card_of_another_form_is_one_message(
    held: Any, prenet: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.core.paths.packaged_weights", lambda: tmp_path / "none")  # no others are read
    path = import_weights(get_method("prenet"), [saved(tmp_path, prenet)], Task.DERAINING)
    card = path.with_suffix(".json")
    if isinstance(held, dict):
        held = json.dumps(json.loads(card.read_text()) | held)
    card.write_bytes(held.encode() if isinstance(held, str) else held)
    with pytest.raises(BadWeights, match="card"):
        read_card(path)
    for words in (["weights", "list"], ["weights", "verify"], ["list", "methods"]):
        done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
        assert done.exception is None or isinstance(done.exception, SystemExit), words


def test_weights_that_are_not_those_of_their_card_are_not_run(prenet: State, tmp_path: Path) -> None:
    method = get_method("prenet")
    path = import_weights(method, [saved(tmp_path, prenet)], Task.DERAINING)
    other = import_weights(method, [saved(tmp_path, _doubled(prenet))], Task.DERAINING, tmp_path / "other")
    path.write_bytes(other.read_bytes())
    with pytest.raises(BadWeights, match="as its card says"):
        load_network(method, Task.DERAINING, Scale.PAPER)


def test_strange_names_in_the_folder_are_left_out(prenet: State, tmp_path: Path) -> None:
    path = import_weights(get_method("prenet"), [saved(tmp_path, prenet)], Task.DERAINING)
    root = path.parent.parent.parent
    for name in (
        "mini/NOSUCHTASK/a.safetensors",
        "nowhere/deraining/a.safetensors",
        "mini/deraining/a.seedx.safetensors",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    assert [w.method for w in all_weights(Scale.PAPER)] == ["prenet"]
    assert CliRunner().invoke(app, ["weights", "list"]).exit_code == 0

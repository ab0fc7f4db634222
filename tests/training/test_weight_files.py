"""Weight files: what is written is what is read, and damaged, unsafe or changed files are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmark.core.errors import BadOutput, BadWeights
from benchmark.methods.weights import files

STATE = {"a": torch.randn(3, 4), "count": torch.tensor(7), "alias": torch.ones(2).expand(3, 2)}


def test_round_trip_and_card(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    card = files.write_weights(path, STATE, {"method": "x"})
    assert files.read_card(path) == card
    assert card["bytes"] == path.stat().st_size
    loaded = files.load_weights(path)
    assert loaded.keys() == STATE.keys()
    assert all(torch.equal(loaded[k], STATE[k]) for k in STATE)
    assert files.has_whole_weights(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.json", "x.safetensors"]


def test_half_precision_halves_and_loads_as_float32(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    card = files.write_weights(path, STATE, {}, "float16")
    assert card["stored"] == "float16"
    loaded = files.load_weights(path)
    assert loaded["a"].dtype == torch.float32
    assert loaded["count"].dtype == torch.int64
    assert torch.equal(loaded["a"], STATE["a"].half().float())


def test_eight_bits_with_a_scale_a_row(tmp_path: Path) -> None:
    torch.manual_seed(0)
    rows = torch.randn(16, 8, 3, 3) * torch.logspace(-6, 1, 16).view(16, 1, 1, 1)
    state = {"w": rows, "small": torch.randn(4, 4), "bias": torch.randn(100), "count": torch.tensor(7)}
    path = tmp_path / "x.safetensors"
    assert files.write_weights(path, state, {}, "int8")["stored"] == "int8"
    loaded = files.load_weights(path)
    assert loaded.keys() == state.keys()
    largest = rows.flatten(1).abs().amax(1)
    error = (loaded["w"] - rows).flatten(1).abs().amax(1)
    assert (error <= largest / 127 * 0.57 + torch.finfo(torch.float16).smallest_normal).all()
    assert torch.equal(loaded["small"], state["small"].half().float())
    assert torch.equal(loaded["bias"], state["bias"].half().float())
    assert torch.equal(loaded["count"], state["count"])
    again = files.encode_weights({k: v.half() if v.is_floating_point() else v for k, v in state.items()}, "int8")
    assert again == path.read_bytes()  # what was once stored as float16 gives the same integers
    whole = files.encode_weights({"w": rows})
    assert len(files.encode_weights({"w": rows}, "int8")) < 0.35 * len(whole)


def test_the_projections_of_attention_may_keep_every_digit() -> None:
    from benchmark.methods.weights import coding

    state = {"encoder.0.attention.qkv.weight": torch.randn(9, 3, 1, 1), "output.weight": torch.randn(9, 9)}
    loaded = coding.decode(coding.encode(state, "float16 but attention"))
    assert torch.equal(loaded["encoder.0.attention.qkv.weight"], state["encoder.0.attention.qkv.weight"])
    assert torch.equal(loaded["output.weight"], state["output.weight"].half().float())
    assert not torch.equal(loaded["output.weight"], state["output.weight"])


def test_shipped_forms_load_into_networks() -> None:
    from benchmark.methods.networks import build
    from benchmark.methods.weights import coding

    network = build("res-sl", "mini")
    state = network.state_dict()
    for form in coding.FORMS:
        decoded = coding.decode(coding.encode(state, form))
        network.load_state_dict(decoded)
        assert all(decoded[k].shape == state[k].shape for k in state)


@pytest.mark.parametrize(("value", "form"), [(float("nan"), "as trained"), (1e6, "float16"), (1e6, "int8")])
def test_values_that_cannot_be_stored(tmp_path: Path, value: float, form: str) -> None:
    with pytest.raises(BadWeights, match="'w'"):
        files.write_weights(tmp_path / "x.safetensors", {"w": torch.full((9, 9), value)}, {}, form)
    assert not list(tmp_path.iterdir())


def test_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    files.write_weights(path, STATE, {})
    path.write_bytes(path.read_bytes()[:-5])
    assert not files.has_whole_weights(path)
    with pytest.raises(BadWeights, match="sha256"):
        files.load_weights(path)
    with pytest.raises(BadWeights, match="whole"):
        files.load_weights(path, check=False)


def test_a_changed_file_with_a_whole_form(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    files.write_weights(path, STATE, {})
    path.write_bytes(files.encode_weights({k: v * 2 for k, v in STATE.items()}))
    with pytest.raises(BadWeights, match="changed after training"):
        files.load_weights(path)


def test_a_checkpoint_that_would_run_code(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save({"weights": Path("a")}, path)
    with pytest.raises(BadWeights, match="could run code"):
        files.load_weights(path)
    torch.save({"w": torch.ones(2, dtype=torch.float16)}, path)
    assert files.load_weights(path)["w"].dtype == torch.float32
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(BadWeights):
        files.load_weights(path)


def test_missing_file_missing_card_and_broken_card(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(BadWeights, match="no file"):
        files.load_weights(path)
    with pytest.raises(BadWeights, match="no file"):
        files.read_card(path)
    files.write_weights(path, STATE, {})
    files.card_path(path).write_text(json.dumps({})[:-1])
    assert not files.has_whole_weights(path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadOutput):
        files.write_weights(tmp_path / "file" / "x.safetensors", STATE, {})

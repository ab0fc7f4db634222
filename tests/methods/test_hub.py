"""Weights of the Hugging Face hub by their id, through a client that asks nothing of a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.core.errors import BadWeights
from benchmark.core.types import Scale
from benchmark.methods.find import get_method
from benchmark.methods.hub import from_hub
from benchmark.methods.own import own_network
from benchmark.methods.weights.loading import load_network

huggingface_hub = pytest.importorskip("huggingface_hub")
NETS = "tests.methods.nets"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the client was asked for; it gives a checkpoint of one number."""
    calls: list[tuple[Any, ...]] = []
    file = tmp_path / "blobs" / "best.pth"

    def download(repository: str, name: str, revision: str | None = None) -> str:
        calls.append((repository, name, revision))
        if name == "absent.pth":
            raise FileNotFoundError("404 Client Error\nentry not found")
        file.parent.mkdir(exist_ok=True)
        torch.save({"state_dict": {"weight": torch.tensor(0.125)}}, file)
        return str(file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return calls


def test_an_id_becomes_a_file_and_its_weights_are_loaded(asked: list[tuple[Any, ...]]) -> None:
    network = load_network(get_method(f"mine={NETS}:Smooth@weights=hf:some-lab/net.v2:x4/best.pth"), None, Scale.MINI)
    assert asked == [("some-lab/net.v2", "x4/best.pth", None)]
    assert [float(value) for value in network.state_dict().values()] == [0.125]
    own_network({"weights": "hf:lab/net@v1.0:best.pth"}, "mine")
    assert asked[1:] == [("lab/net", "best.pth", "v1.0")]


@pytest.mark.parametrize("name", ["hf:lab:best.pth", "hf:lab/net", "hf:lab/net:", "hf:lab/net@:best.pth", "hf:a/b/c:d"])
def test_a_name_of_another_form_asks_nothing(asked: list[tuple[Any, ...]], name: str) -> None:
    with pytest.raises(BadWeights, match="hf:OWNER/NAME:FILE"):
        from_hub(name)
    assert asked == []


def test_what_the_hub_does_not_give_is_one_message(asked: list[tuple[Any, ...]]) -> None:
    with pytest.raises(BadWeights, match=r"FileNotFoundError: 404 Client Error\. Check owner"):
        from_hub("hf:lab/net:absent.pth")


def test_without_the_client_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(BadWeights, match="pip install huggingface_hub"):
        from_hub("hf:lab/net:best.pth")

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from baselines.networks.prenet import PReNet, from_authors
from benchmark.methods.networks import arguments
from tests.networks.fixtures import fixture


@pytest.fixture(scope="module")
def network() -> PReNet:
    network = PReNet(**arguments("prenet", "paper")).eval()
    network.load_state_dict(from_authors(fixture("prenet").state()), strict=True)
    return network


@torch.no_grad()
def test_any_size_and_every_stage(network: PReNet) -> None:
    image = fixture("prenet").image[..., :37, :1]
    stages = network.stages(image)
    assert len(stages) == 6
    assert all(stage.shape == image.shape for stage in stages)
    assert torch.equal(network(image), stages[-1])
    first = PReNet(stages=1).eval()
    first.load_state_dict(network.state_dict())
    torch.testing.assert_close(first(image), stages[0], rtol=0, atol=1e-6)


def test_strange_states_are_refused() -> None:
    state = fixture("prenet").state()
    state["extra"] = state.pop("conv_g.0.bias")
    with pytest.raises(ValueError, match=r"extra.*conv_g.0.bias"):
        from_authors(state)


@pytest.mark.real
@torch.no_grad()
def test_the_published_weights_remove_rain() -> None:
    real = os.environ.get("SLKD_BENCH_REAL")
    if not real:
        pytest.skip("SLKD_BENCH_REAL is not set")
    folder = Path(real)

    def read(kind: str) -> torch.Tensor:
        pixels = np.asarray(Image.open(folder / "rain100l" / kind / "norain-1.png").convert("RGB"))
        return torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None, :, 64:192, 64:192]

    network = PReNet().eval()
    weights = torch.load(folder / "weights" / "prenet" / "rain100l.pth", "cpu", weights_only=True)
    network.load_state_dict(from_authors(weights), strict=True)
    degraded, clean = read("input"), read("target")
    psnr = [-10 * (image.clamp(0, 1) - clean).square().mean().log10().item() for image in (degraded, network(degraded))]
    assert psnr[0] < 30 < psnr[1]

"""DMPHN against the authors' outputs, and its patches."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from baselines.networks.dmphn import DMPHN, from_authors, merge, split
from tests.networks.fixtures import fixture

PATCHES = {"dmphn_1_2_4": (1, 2, 4), "dmphn_1_2_4_8": (1, 2, 4, 8)}


def authors(name: str) -> DMPHN:
    network = DMPHN(PATCHES[name]).eval()
    network.load_state_dict(from_authors(fixture(name).state()), strict=True)
    return network


@pytest.mark.parametrize(("name", "rows"), [("dmphn_1_2_4", 8), ("dmphn_1_2_4_8", 16)])
@torch.inference_mode()
def test_an_odd_size_is_padded_and_cropped(name: str, rows: int) -> None:
    network, image = authors(name), fixture(name).image[..., :53, :43]
    padded = F.pad(image, (0, 48 - 43, 0, -(-53 // rows) * rows - 53), mode="reflect")
    torch.testing.assert_close(network(image), network(padded)[..., :53, :43], atol=1e-6, rtol=0)
    assert network(image[..., :1, :2]).shape == (1, 3, 1, 2)


def test_patches_are_cut_and_joined_row_by_row() -> None:
    image = torch.arange(2 * 1 * 8 * 4).reshape(2, 1, 8, 4)
    for grid in ((1, 1), (2, 1), (2, 2), (4, 2)):
        patches = split(image, grid)
        assert patches.shape == (2 * grid[0] * grid[1], 1, 8 // grid[0], 4 // grid[1])
        assert torch.equal(merge(patches, grid), image)
    assert torch.equal(split(image, (4, 2))[2:4], image[:, :, :2, 2:])


def test_levels_end_in_the_restored_image_and_train() -> None:
    network = DMPHN((1, 2, 4), width=4)
    image = torch.rand(2, 3, 20, 12)
    levels = network.levels(image)
    assert [level.shape for level in levels] == [image.shape] * 3
    assert torch.equal(levels[-1], network(image))
    torch.stack([level.square().mean() for level in levels]).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_wrong_patches_and_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="start with 1"):
        DMPHN((2, 4))
    state = fixture("dmphn_1_2_4").state()
    with pytest.raises(ValueError, match="every level"):
        from_authors({key: value for key, value in state.items() if not key.startswith("decoder_lv2")})
    with pytest.raises(ValueError, match="layer12"):
        from_authors(state | {"encoder_lv1.layer12.0.weight": torch.zeros(1)})


@pytest.fixture(scope="module")
def published() -> tuple[Path, DMPHN]:
    if "SLKD_BENCH_REAL" not in os.environ:
        pytest.skip("needs the real weights and frames in the folder named by SLKD_BENCH_REAL")
    real = Path(os.environ["SLKD_BENCH_REAL"])
    state: dict[str, torch.Tensor] = {}
    for path in sorted((real / "weights" / "dmphn_1_2_4").glob("*.pkl")):
        part = torch.load(path, map_location="cpu", weights_only=True)
        state |= {f"{path.stem}.{key}": value for key, value in part.items()}
    network = DMPHN((1, 2, 4)).eval()
    network.load_state_dict(from_authors(state), strict=True)
    return real, network


@torch.inference_mode()
def restore(network: DMPHN, path: Path) -> np.ndarray:
    image = torch.from_numpy(read(path)).permute(2, 0, 1)[None].float() / 255
    restored: torch.Tensor = network(image)[0].clamp(0, 1) * 255
    return restored.to(torch.uint8).permute(1, 2, 0).numpy()  # truncated, as the authors did


def read(path: Path) -> np.ndarray:
    return np.array(Image.open(path).convert("RGB"))


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((first.astype(float) - second.astype(float)) ** 2)))


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("frame", ["000001.png", "000013.png"])
def test_published_weights_restore_the_published_frames(published: tuple[Path, DMPHN], frame: str) -> None:
    """Half a minute a frame: the quick suite holds the network to the authors' code in test_authors.py."""
    real, network = published
    folder = real / "dmphn_1_2_4_published"
    ours, theirs = restore(network, folder / "input" / frame), read(folder / "output" / frame)
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1
    assert psnr(ours, theirs) >= 90


@pytest.mark.real
@pytest.mark.slow
def test_published_weights_restore_the_gopro_pair(published: tuple[Path, DMPHN]) -> None:
    real, network = published
    name = "GOPR0384_11_00-000001.png"
    blurred, sharp = real / "gopro" / "input" / name, read(real / "gopro" / "target" / name)
    before, after = psnr(read(blurred), sharp), psnr(restore(network, blurred), sharp)
    print(f"GoPro pair {before:.2f} -> {after:.2f} dB (RGB, uint8)")
    assert before == pytest.approx(24.05, abs=0.01)
    assert after > 30

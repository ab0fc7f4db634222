from pathlib import Path

import pytest
import torch

from benchmark.core.errors import SlkdBenchError
from benchmark.methods.networks import build
from benchmark.runs import tiling
from benchmark.runs.cells import read_cell
from benchmark.runs.execute import execute
from benchmark.runs.key import division
from benchmark.runs.options import RunOptions
from benchmark.runs.tiling import GIB, RESERVE, MemoryBound, in_tiles, peak_bytes
from tests.runs.toys import ToySet, toy_plan


def photograph(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def network(name: str, task: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return build(name, "mini", task).eval()


@torch.inference_mode()
@pytest.mark.parametrize(
    ("name", "task", "bound"),
    [
        ("prenet", "deraining", 1e-6),
        ("rcdnet", "deraining", 1e-6),
        ("vdn", "denoising", 1e-5),
        ("mt-rnn", "deblurring", 1e-5),
        ("deamnet", "denoising", 1e-3),
    ],
)
def test_tiles_of_local_networks_give_the_untiled_result(name: str, task: str, bound: float) -> None:
    built, image = network(name, task), photograph(301, 270)
    whole = built(image)
    assert (in_tiles(built, image, 128) - whole).abs().max() < bound
    assert (in_tiles(built, image, 128, 0) - whole).abs().max() > bound  # without a margin the seams would show


@torch.inference_mode()
def test_windows_stay_where_they_are_on_an_image_of_whole_windows() -> None:
    built = network("ufor-sl", "deraining")
    whole, odd = photograph(448, 256), photograph(430, 250)
    assert (in_tiles(built, whole, 128) - built(whole)).abs().max() < 1e-3
    assert (in_tiles(built, odd, 128) - built(odd)).abs().max() > 1e-3


@torch.inference_mode()
def test_tiles_change_what_depends_on_the_whole_image() -> None:
    built, image = network("dmphn", "deblurring"), photograph(301, 270)
    assert (in_tiles(built, image, 128) - built(image)).abs().max() > 1e-3


@pytest.mark.parametrize(("side", "margin"), [(100, 128), (0, 128), (128, 64), (128, -128)])
def test_tiles_that_would_move_windows_are_refused(side: int, margin: int) -> None:
    with pytest.raises(ValueError, match="multiples of 128"):
        in_tiles(torch.nn.Identity(), photograph(8, 8), side, margin)


def test_the_measured_peak_is_what_a_chain_keeps_alive() -> None:
    chain = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 1), torch.nn.ReLU(), torch.nn.ReLU())
    image = photograph(32, 16)
    # the image, then eight channels before and after a ReLU; the first layer's are gone at the second
    assert peak_bytes(chain, image) == (3 + 8 + 8) * 32 * 16 * 4


@torch.inference_mode()
def test_small_images_pass_whole_and_large_ones_divided() -> None:
    seen: list[tuple[int, ...]] = []

    class Noted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network("prenet", "deraining")

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            seen.append(tuple(image.shape[-2:]))
            result: torch.Tensor = self.inner(image)
            return result

    noted = Noted()
    image = photograph(396, 400)
    each = tiling._UNSEEN * peak_bytes(noted, image[..., :256, :256]) / 256**2
    bound = MemoryBound(noted, (RESERVE + 390**2 * each + 2 * image.nbytes) / GIB)
    seen.clear()
    small = image[..., :200, :200]
    assert torch.equal(bound(small), noted(small))
    assert bound.divided == 0
    seen.clear()
    pair = torch.cat((image, image.flip(-1)))
    torch.testing.assert_close(bound(pair), noted(pair), rtol=0, atol=1e-6)
    assert bound.divided == 2
    assert max(h * w for h, w in seen[:-1]) <= 390**2


@torch.inference_mode()
def test_a_transformer_goes_through_in_strips_and_is_marked() -> None:
    built, image = network("res-sl", "deraining"), photograph(200, 120)
    kept = (3.5 * 6 + 12) * 200 * 120 * 4
    bound = MemoryBound(built, (RESERVE + 3 * kept) / GIB)
    torch.testing.assert_close(bound(image), built(image), rtol=0, atol=1e-5)
    assert bound.bytes_each(image) * 200 * 120 > 3 * kept  # it would not have fitted whole
    assert bound.divided == 1


def test_a_bound_too_small_says_what_would_do() -> None:
    with pytest.raises(SlkdBenchError, match=r"above 0\.75 GiB"):
        MemoryBound(torch.nn.Identity(), 0.5)
    image = photograph(500, 500)
    for name, task in (("prenet", "deraining"), ("res-sl", "deraining")):
        with pytest.raises(SlkdBenchError, match="at least"), torch.inference_mode():
            MemoryBound(network(name, task), (RESERVE + 1e6) / GIB)(image)


def test_a_tiled_cell_says_so_and_is_done_for_the_same_bound_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryBound, "bytes_each", lambda self, image: 1e6)
    monkeypatch.setattr(MemoryBound, "_tile", lambda self, image: 16)
    monkeypatch.setattr(tiling, "STEP", 16)
    monkeypatch.setattr(tiling, "MARGIN", 16)
    monkeypatch.setattr(in_tiles, "__defaults__", (16,))
    plan = toy_plan(tmp_path, ToySet())
    assert execute(plan, RunOptions(memory=1.0)).computed == 1
    assert read_cell(plan.cells[0].path).key == {**plan.cells[0].key, "divided": division(1.0)}
    assert execute(plan, RunOptions(memory=1.0)).already_done == 1
    assert execute(plan).computed == 1
    assert read_cell(plan.cells[0].path).key == plan.cells[0].key
    assert execute(plan, RunOptions(memory=1.0)).already_done == 1

import pytest
import torch

from baselines.networks.shape.pyramid import Pyramid
from benchmark.methods.networks import build
from benchmark.runs.strips import restore_in_strips, rewrite, rows_within, strips


def network(name: str, scale: str = "mini", task: str = "deraining") -> Pyramid:
    torch.manual_seed(0)
    built = build(name, scale, task).eval()
    assert isinstance(built, Pyramid)
    return built


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "scale", "task", "size"),
    [
        ("res-sl", "mini", "deraining", (61, 50)),
        ("res-sl", "mini", "denoising", (61, 50)),
        ("drs-sl", "mini", "deraining", (83, 30)),
        ("res-sl", "paper", "deraining", (74, 45)),
    ],
)
def test_strips_give_the_untiled_result(name: str, scale: str, task: str, size: tuple[int, int]) -> None:
    built = network(name, scale, task)
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    whole = built(image)
    assert (whole - image).abs().mean() > 0.01
    for rows in (6, 14, 32, 512):
        torch.testing.assert_close(restore_in_strips(built, image, rows), whole, rtol=0, atol=1e-5)


@torch.no_grad()
def test_in_double_precision_and_contiguous_the_result_is_the_same_to_rounding() -> None:
    built = network("drs-sl").double()
    image = torch.rand(2, 3, 26, 33, dtype=torch.float64)
    kept = image.clone()
    torch.testing.assert_close(restore_in_strips(built, image, 2), built(image), rtol=0, atol=1e-13)
    assert torch.equal(image, kept)


@pytest.mark.parametrize("rows", [1, 2, 5, 40])
def test_rewriting_in_place_sees_the_rows_as_they_were(rows: int) -> None:
    x = torch.rand(1, 2, 23, 5)
    sums = torch.nn.functional.avg_pool2d(x, 7, 1, 3)
    rewrite(x, lambda window: torch.nn.functional.avg_pool2d(window, 7, 1, 3), 3, rows)
    torch.testing.assert_close(x, sums)


def test_strips_cover_every_row_once() -> None:
    found = list(strips(23, 10, 2))
    assert [(s.top, s.bottom) for s in found] == [(0, 10), (10, 20), (20, 23)]
    assert [(s.first, s.last) for s in found] == [(0, 12), (8, 22), (18, 23)]


def test_rows_shrink_with_the_memory_and_say_what_is_too_little() -> None:
    built = network("res-sl", "paper")
    assert rows_within(built, 3072, 4096, 7.25 * 2**30) == 64
    assert 2 <= rows_within(built, 3072, 4096, 5.2 * 2**30) < 64
    with pytest.raises(ValueError, match="give at least"):
        rows_within(built, 3072, 4096, 4 * 2**30)
    with pytest.raises(ValueError, match="even number of rows"):
        restore_in_strips(built, torch.rand(1, 3, 16, 16), 7)

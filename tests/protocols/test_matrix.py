"""One folder under every protocol."""

import math

import pytest
import torch

from benchmark.core.errors import BadImage, UnknownName
from benchmark.protocols import get_protocol, protocol_ids
from benchmark.protocols.matrix import matrix


def images(count: int = 3) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(count, 3, 30, 40, generator=generator)
    return list(zip(clean + 0.004 * torch.randn(clean.shape, generator=generator), clean, strict=True))


def test_every_protocol_and_variant_in_order() -> None:
    rows = matrix(images())
    assert [(row.protocol, row.variant) for row in rows] == [
        (id, variant) for id in protocol_ids() for variant in ("as given", "rounded", "truncated")
    ]
    assert {row.images for row in rows} == {3}


def test_rows_are_means_of_scores() -> None:
    pairs = images()
    for row in matrix(pairs):
        if row.variant != "as given":
            continue
        scores = [get_protocol(row.protocol).score(*pair) for pair in pairs]
        assert row.psnr == pytest.approx(sum(score.psnr for score in scores) / 3)
        assert row.ssim == pytest.approx(sum(score.ssim for score in scores) / 3)


def test_rounding_shows_only_where_a_protocol_does_not_round_and_truncation_everywhere() -> None:
    by = {(row.protocol, row.variant): row.psnr for row in matrix(images())}
    for id in protocol_ids():
        rounds = get_protocol(id).rounding == "uint8"
        difference = by[id, "as given"] - by[id, "rounded"]
        assert difference == pytest.approx(0, abs=1e-9) if rounds else difference > 0.1
        assert by[id, "rounded"] - by[id, "truncated"] > 0.3


def test_bytes_survive_rounding_and_truncation() -> None:
    bytes_ = torch.arange(256).float().div(255).expand(3, 20, 256)
    clean = bytes_.flip(2).contiguous()
    by = {(row.protocol, row.variant): row for row in matrix([(bytes_, clean)])}
    for id in protocol_ids():
        assert by[id, "truncated"].psnr == pytest.approx(by[id, "as given"].psnr, abs=1e-6)
        assert by[id, "rounded"].psnr == pytest.approx(by[id, "as given"].psnr, abs=1e-6)


def test_a_padded_form_is_a_variant() -> None:
    rows = matrix([(restored, clean, clean) for restored, clean in images()], ["rgb"])
    assert [row.variant for row in rows] == ["as given", "rounded", "truncated", "padded"]
    assert rows[-1].psnr == math.inf


def test_errors() -> None:
    with pytest.raises(BadImage, match="none"):
        matrix([])
    with pytest.raises(UnknownName):
        matrix(images(), ["rain13k-rgb"])
    first, second = images(2)
    with pytest.raises(BadImage, match="padded"):
        matrix([(*first, first[1]), (*second, None)])

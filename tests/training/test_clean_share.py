"""A share of the samples has the clean image on both sides, the same ones however a batch is split."""

from __future__ import annotations

import pytest
import torch

from benchmark.core.errors import TrainingStopped
from benchmark.core.types import Scale, Task
from benchmark.training.data.clean_share import WithClean
from benchmark.training.data.opening import open_data
from benchmark.training.data.source import DataSource
from benchmark.training.recipe import Recipe


class Numbered:
    """Sample n is n + 1/2 on the degraded side and n on the clean one."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        numbers = torch.arange(step * 8 + rank * 8 // world, step * 8 + (rank + 1) * 8 // world)
        clean = numbers.float()[:, None, None, None].expand(-1, 3, 2, 2).clone()
        return clean + 0.5, clean


def replaced(step: int, rank: int = 0, world: int = 1, seed: int = 0) -> list[bool]:
    degraded, clean = WithClean(Numbered(), 0.3, 8, seed).batch(step, rank, world)
    assert ((degraded == clean) | (degraded == clean + 0.5)).all()
    return [bool((d == c).all()) for d, c in zip(degraded, clean, strict=True)]


def test_about_the_share_is_replaced_and_other_samples_stay() -> None:
    hits = [hit for step in range(250) for hit in replaced(step)]
    assert 0.26 < sum(hits) / len(hits) < 0.34


def test_the_share_may_begin_later() -> None:
    late = WithClean(Numbered(), 0.3, 8, 0, start=50)
    for step in (0, 20, 49):
        degraded, clean = late.batch(step)
        assert torch.equal(degraded, clean + 0.5)
    for step in range(50, 70):
        assert torch.equal(late.batch(step)[0], WithClean(Numbered(), 0.3, 8, 0).batch(step)[0])


def test_ranks_laid_end_to_end_are_the_batch_of_one_process() -> None:
    for step in range(20):
        assert replaced(step) == [hit for rank in range(4) for hit in replaced(step, rank, 4)]
    assert [replaced(s) for s in range(9)] != [replaced(s, seed=1) for s in range(9)]


def test_a_recipe_with_a_share_gets_such_batches_and_unchanged_validation_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchmark.training.data.clean_pictures.LEAVES", 3)
    plain = open_data(Task.DEBLURRING, Scale.MINI, Recipe(5, 8, 32), DataSource(synthesis=True))
    mixed = open_data(Task.DEBLURRING, Scale.MINI, Recipe(5, 8, 32, clean_share=0.5), DataSource(synthesis=True))
    (blurred, clean), (some, still) = plain.stream.batch(0), mixed.stream.batch(0)
    sharp = [bool((s == c).all()) for s, c in zip(some, clean, strict=True)]
    assert 1 <= sum(sharp) <= 7
    for was, now, is_sharp in zip(blurred, some, sharp, strict=True):
        assert is_sharp or bool((was == now).all())
    assert torch.equal(clean, still)
    assert all(
        torch.equal(a, b)
        for old, new in zip(plain.validation, mixed.validation, strict=True)
        for a, b in zip(old, new, strict=True)
    )
    assert plain.facts == mixed.facts


def test_the_card_tells_a_share_and_is_silent_about_none() -> None:
    assert "clean_share" not in Recipe(5).as_dict()
    assert Recipe(5, clean_share=0.2).as_dict()["clean_share"] == 0.2
    assert Recipe(5).fingerprint() != Recipe(5, clean_share=0.2).fingerprint()
    with pytest.raises(TrainingStopped, match="clean share"):
        Recipe(5, clean_share=1.0)

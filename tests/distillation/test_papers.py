"""The rivals' terms against their papers' equations, written out in numpy on random values."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from baselines.distillation import dckd_dynamic, dfkd, fakd
from baselines.distillation.catalogue import FOLDER, distillers
from baselines.spec import SpecError
from tests.distillation.toy import Toy


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_fakd_sums_the_affinities_of_its_layers() -> None:
    ours, theirs = [some(2, 3, 4, 5), some(2, 6, 2, 3, seed=1)], [some(2, 7, 4, 5, seed=2), some(2, 4, 2, 3, seed=3)]
    expected = 0.0
    for pair in zip(ours, theirs, strict=True):
        affinities = []
        for features in pair:
            flat = features.numpy().reshape(2, features.shape[1], -1)
            flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
            affinities.append(np.einsum("ncp,ncq->npq", flat, flat))
        expected += np.abs(affinities[0] - affinities[1]).mean()
    assert fakd.affinity_loss(ours, theirs).item() == pytest.approx(expected)


def test_dfkds_adversary_is_the_logarithm_of_a_sum() -> None:
    student, teacher, again = some(2, 3, 8, 8), some(2, 3, 8, 8, seed=1), some(2, 3, 8, 8, seed=2)
    gap = np.abs(student.numpy() - teacher.numpy()).sum()
    expected = -math.log(1 + gap) + 0.5 * np.abs(again.numpy() - teacher.numpy()).mean()
    assert dfkd.generator_loss(student, teacher, again, 0.5).item() == pytest.approx(expected)


@pytest.mark.parametrize(("total", "expected"), [(1000, 500), (171_400, 9600), (3, 1)])
def test_dfkds_generator_moves_often_enough_to_mean_something(total: int, expected: int) -> None:
    objective = dfkd.DFKD(Toy(4, 2), Toy(3, 2))
    due = [step for step in range(total) if objective.is_due(step, total)]
    assert due[0] == 0
    assert abs(len(due) - expected) <= 1
    gaps = np.diff(due)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


def test_dckd_dynamics_contrast_has_weighted_levels_and_the_mean_of_its_negatives() -> None:
    ours = [some(2, 3, 8, 8), some(2, 4, 4, 4, seed=1), some(2, 5, 2, 2, seed=2)]
    others = [some(12, *level.shape[1:], seed=3 + k) for k, level in enumerate(ours)]
    expected = 0.0
    for weight, mine, theirs in zip((1 / 8, 1 / 4, 1), ours, others, strict=True):
        teacher, *negatives = np.split(theirs.numpy(), 6)
        apart = np.mean([np.abs(mine.numpy() - negative).mean() for negative in negatives])
        expected += weight * np.abs(mine.numpy() - teacher).mean() / (apart + 1e-6)
    assert dckd_dynamic.contrast(ours, others).item() == pytest.approx(expected)
    assert [dckd_dynamic.level_weight(k, 5) for k in range(5)] == [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1]


def test_dckd_dynamics_past_keeps_nine_tenths_every_thousand_steps() -> None:
    torch.manual_seed(0)
    objective = dckd_dynamic.DCKDDynamic(Toy(4, 2), Toy(3, 2), codes=8)
    image = torch.rand(1, 3, 16, 16)
    first = next(objective.history.parameters()).clone()
    now = next(objective.student.parameters())
    now.data += 1
    objective.before_step(998, 171_400, image, image)
    assert torch.equal(next(objective.history.parameters()), first)
    objective.before_step(999, 171_400, image, image)
    assert torch.allclose(next(objective.history.parameters()), 0.9 * first + 0.1 * now)
    assert set(objective(image, image)) == {"truth", "teacher", "contrast", "categories", "consistency"}


def test_a_distillers_declaration_is_read_and_two_of_one_id_are_refused(tmp_path: Path) -> None:
    assert list(distillers())[:2] == ["scratch", "logits"]
    assert not distillers()["scratch"].needs_teacher
    for spec in distillers().values():
        assert spec.load().__name__ in spec.target
        assert spec.file is not None
        assert spec.file.parent == FOLDER
    text = 'SPEC = DistillerSpec(id="mine", title="Mine", citation="me", target="mine:Mine")\n'
    (tmp_path / "one.py").write_text(text)
    assert list(distillers(tmp_path)) == ["mine"]
    distillers.cache_clear()
    (tmp_path / "two.py").write_text(text)
    with pytest.raises(SpecError, match="mine, as in"):
        distillers(tmp_path)
    distillers.cache_clear()
    (tmp_path / "two.py").write_text('SPEC = DistillerSpec(id="other", title="", citation="me", target="mine:Mine")\n')
    with pytest.raises(SpecError, match="title"):
        distillers(tmp_path)

"""The lightweight methods' own losses against closed forms, and each on its own mini network."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.core.types import Scale, Task
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.training.build import build_objective
from benchmark.training.objectives import mprnet, mtrnn, vdn
from benchmark.training.objectives.prenet import ssim
from benchmark.training.recipes import objective_options
from tests.training.jobs import job

LIGHT = [(m, t) for m in methods() if m.kind == "lightweight" for t in m.tasks[:1]]


def test_ssim_is_that_of_an_independent_implementation() -> None:
    from skimage.metrics import structural_similarity

    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(3, 40, 36, generator=generator)
    noisy = (clean + 0.1 * torch.randn(clean.shape, generator=generator)).clamp(0, 1)
    values = []
    for ours, theirs in zip(clean.double().numpy(), noisy.double().numpy(), strict=True):
        _, picture = structural_similarity(
            ours, theirs, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
        )
        values.append(picture[5:-5, 5:-5].mean())
    assert float(ssim(clean[None], noisy[None])) == pytest.approx(float(np.mean(values)), abs=1e-5)


def test_charbonnier_and_laplacian_of_known_images() -> None:
    zero = torch.zeros(1, 3, 8, 8)
    assert float(mprnet.charbonnier(zero, zero)) == pytest.approx(1e-3)
    assert float(mprnet.charbonnier(zero, zero + 2)) == pytest.approx(math.sqrt(4 + 1e-6))
    flat = mprnet.laplacian(torch.full((1, 3, 16, 16), 0.4))
    assert flat[..., 4:-4, 4:-4].abs().max() < 1e-6


def test_the_laplacian_halves_and_doubles_as_burt_and_adelson_do() -> None:
    image = torch.rand(1, 1, 12, 16, generator=torch.Generator().manual_seed(0)).double()
    line = np.array([0.05, 0.25, 0.4, 0.25, 0.05])

    def blurred(picture: np.ndarray) -> np.ndarray:
        padded = np.pad(picture, 2, mode="edge")
        height, width = picture.shape
        result: np.ndarray = sum(
            line[i] * line[j] * padded[i : i + height, j : j + width] for i in range(5) for j in range(5)
        )
        return result

    picture = image[0, 0].numpy()
    small = blurred(picture)[::2, ::2]
    wide = np.zeros_like(picture)
    wide[::2, ::2] = 4 * small
    assert np.allclose(mprnet.laplacian(image)[0, 0].numpy(), picture - blurred(wide))


@pytest.mark.parametrize(("task", "terms"), [("denoising", {"charbonnier"}), ("deraining", {"charbonnier", "edge"})])
def test_mprnet_has_no_edge_loss_for_denoising(task: str, terms: set[str], tmp_path: Path) -> None:
    objective, _ = build_objective(get_method("mprnet"), job(tmp_path, "mprnet", task=Task(task)))
    assert set(objective(*torch.rand(2, 1, 3, 32, 32))) == terms


@pytest.mark.parametrize(("scale", "finer"), [(Scale.PAPER, 0.0), (Scale.MINI, 0.1)])
def test_dmphns_finer_levels_count_at_scale_mini_alone(scale: Scale, finer: float) -> None:
    assert objective_options(get_method("dmphn"), Task.DEBLURRING, scale).get("finer", 0.0) == finer


def test_incremental_targets_end_at_the_clean_image_in_linear_light() -> None:
    dark, bright = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    targets = mtrnn.incremental_targets(dark, bright, 4)
    assert [round(float(t.mean()) ** 2.2, 5) for t in targets] == [0.25, 0.5, 0.75, 1.0]
    assert targets[-1] is not dark


def test_normal_divergence_against_torch() -> None:
    from torch.distributions import Normal, kl_divergence

    mean, error, log_m2 = torch.tensor([0.3, -0.1]), torch.tensor([0.01, 0.2]), torch.tensor([-9.0, -4.0])
    expected = kl_divergence(Normal(mean, (log_m2 / 2).exp()), Normal(mean + error, torch.full((2,), math.sqrt(1e-3))))
    torch.testing.assert_close(vdn.normal_divergence(error, log_m2, 1e-3), expected, rtol=1e-4, atol=1e-4)


def test_inverse_gamma_divergence_against_torch() -> None:
    from torch.distributions import Gamma, kl_divergence

    alpha, beta, xi = torch.tensor([3.0, 40.0]), torch.tensor([0.1, 2.0]), torch.tensor([0.01, 0.2])
    prior = Gamma(
        torch.full((2,), 49 / 2 - 1), 49 / 2 * xi
    )  # one over an inverse gamma is a gamma: the same divergence
    expected = kl_divergence(Gamma(alpha, beta), prior)
    ours = vdn.inverse_gamma_divergence(alpha.log(), beta.log(), xi)
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-4)


def test_likelihood_is_the_mean_over_samples() -> None:
    generator = torch.Generator().manual_seed(0)
    alpha, beta, noise, m = 6.0, 0.2, 0.15, 0.05
    torch.manual_seed(0)
    variance = 1 / torch.distributions.Gamma(alpha, beta).sample((200_000,))
    drawn = noise + m * torch.randn(200_000, generator=generator)
    sampled = (0.5 * (math.log(2 * math.pi) + variance.log() + drawn.square() / variance)).mean()
    ours = vdn.negative_likelihood(
        torch.tensor(noise), torch.tensor(2 * math.log(m)), torch.tensor(alpha).log(), torch.tensor(beta).log()
    )
    assert float(ours) == pytest.approx(float(sampled), abs=5e-3)


def test_local_variance_of_flat_noise() -> None:
    torch.testing.assert_close(vdn.local_variance(torch.full((1, 3, 9, 9), 0.2)), torch.full((1, 3, 9, 9), 0.04))


@pytest.mark.parametrize(("method", "task"), LIGHT, ids=[m.id for m, _ in LIGHT])
def test_every_lightweight_network_trains_on_its_loss(method: Method, task: str, tmp_path: Path) -> None:
    objective, teacher = build_objective(method, job(tmp_path, method.id, task=Task(task)))
    assert teacher is None
    torch.manual_seed(0)
    clean = torch.nn.functional.interpolate(torch.rand(1, 3, 6, 6), size=(32, 32), mode="bilinear")
    degraded = clean + 0.1 * torch.randn_like(clean)
    optimiser = torch.optim.Adam([p for p in objective.parameters() if p.requires_grad], lr=1e-3)
    losses = []
    for _ in range(6):
        terms = objective(degraded, clean)
        loss = objective.total(terms)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.detach().item())
    assert all(math.isfinite(value) for value in losses)
    assert losses[-1] < losses[0]
    reached = [p.grad is not None and bool(p.grad.abs().sum() > 0) for p in objective.student.parameters()]
    assert sum(reached) > len(reached) / 2


def test_the_titles_losses_are_those_of_the_methods() -> None:
    from benchmark.training.recipes import objective_target

    assert objective_target(get_method("vdn")).endswith("VariationalBound")
    assert objective_target(get_method("restormer")).endswith("Scratch")

"""What a researcher looks at before trusting a distillation: Teacher B on clean images, gradients by term, maps."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from slkd.brisque import NAMES as NATURAL
from slkd.brisque import natural_map
from slkd.distiller import SLKD
from slkd.mscn import full_precision, mscn, rms_normalised
from slkd.piqe import NAMES_BY_QUANTILE as TEXTURE
from slkd.piqe import own_thresholds, quantile_map
from slkd.readings import RECOMMENDED


@torch.no_grad()
def clean_psnr(teacher_b: nn.Module, clean: Tensor) -> Tensor:
    """PSNR in dB of Teacher B's output on clean images (N, 3, H, W) in [0, 1] against themselves: (N,), infinite if
    equal.

    It bounds what a student of L_pixel can reach: Equation 5 has no ground truth.
    """
    error = (full_precision(teacher_b(clean)).clamp(0, 1) - clean).square().mean(dim=(1, 2, 3))
    return -10 * torch.log10(error)


def gradient_norms(objective: nn.Module, terms: dict[str, Tensor], weighted: bool = False) -> dict[str, float]:
    """The norm of each term's gradient with respect to the student's parameters, 0 for a term that does not reach them.

    `terms` come from one call of the objective and can still be used afterwards; `weighted` multiplies by their
    weights.
    """
    student: nn.Module = objective.student  # type: ignore[assignment]
    weights: dict[str, float] = getattr(objective, "weights", {})
    parameters = [p for p in student.parameters() if p.requires_grad]
    norms = {}
    for name, term in terms.items():
        norm = 0.0
        if term.requires_grad:
            gradients = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
            norm = math.sqrt(sum(float(g.double().square().sum()) for g in gradients if g is not None))
        norms[name] = norm * (weights.get(name, 1.0) if weighted else 1.0)
    return norms


@torch.no_grad()
def feature_maps(network: nn.Module, image: Tensor) -> dict[str, Tensor]:
    """The features of (N, 3, H, W), one tensor (N, C, h, w) for each of `encoder 1`, ..., `decoder 1`, ..., and
    `restored`."""
    found = network.features(image)  # type: ignore[operator]
    maps = {f"encoder {k}": level for k, level in enumerate(found.encoder, 1)}
    maps |= {f"decoder {k}": level for k, level in enumerate(found.decoder, 1)}
    return maps | {"restored": found.restored}


@torch.no_grad()
def natural_maps(features: Tensor, constant: float = RECOMMENDED.mscn_constant) -> dict[str, Tensor]:
    """The MSCN coefficients and the 18 natural and colour descriptors of features (N, C, H, W) by name, each (N, C, h,
    w)."""
    coefficients = mscn(rms_normalised(features), constant)
    return {"MSCN": coefficients} | dict(zip(NATURAL, natural_map(coefficients).unbind(2), strict=True))


@torch.no_grad()
def texture_maps(features: Tensor, constant: float = RECOMMENDED.mscn_constant) -> dict[str, Tensor]:
    """The MSCN coefficients and the four edge and texture descriptors of features (N, C, H, W) by name, each (N, C, h,
    w); the thresholds are the features' own."""
    coefficients = mscn(rms_normalised(features), constant)
    maps = quantile_map(coefficients, own_thresholds(coefficients)).unbind(2)
    return {"MSCN": coefficients} | dict(zip(TEXTURE, maps, strict=True))


@torch.no_grad()
def extractor_maps(network: nn.Module, image: Tensor) -> dict[str, dict[str, Tensor]]:
    """Both extractors' maps of a network's pass over (N, 3, H, W): natural ones by encoder level, texture ones by
    decoder level."""
    found = network.features(image)  # type: ignore[operator]
    maps = {f"encoder {k}": natural_maps(level) for k, level in enumerate(found.encoder, 1)}
    return maps | {f"decoder {k}": texture_maps(level) for k, level in enumerate(found.decoder, 1)}


def report(objective: SLKD, degraded: Tensor, clean: Tensor) -> dict[str, float]:
    """The figures to log at step 0 for a batch: PSNR of Teacher B on the clean images, and each term with its gradient
    norm."""
    terms = objective(degraded, clean)
    teacher_b = objective.teacher if objective.teacher_b is None else objective.teacher_b
    figures = {"PSNR of Teacher B on clean": float(clean_psnr(teacher_b, clean).mean())}
    figures |= {f"term {name}": float(term.detach()) for name, term in terms.items()}
    return figures | {f"gradient {name}": norm for name, norm in gradient_norms(objective, terms).items()}

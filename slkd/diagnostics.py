"""What a researcher looks at before trusting a distillation: Teacher B on clean images, gradients by term, maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.diagnostics import clean_psnr as clean_psnr
from baselines.diagnostics import feature_maps as feature_maps
from baselines.diagnostics import gradient_norms as gradient_norms
from slkd.brisque import NAMES as NATURAL
from slkd.brisque import natural_map
from slkd.distiller import SLKD
from slkd.mscn import full_precision, mscn, rms_normalised
from slkd.piqe import NAMES_BY_QUANTILE as TEXTURE
from slkd.piqe import own_thresholds, quantile_map
from slkd.readings import RECOMMENDED


def as_read(features: Tensor) -> Tensor:
    """Features (N, C, H, W) as the recommended reading gives them to its extractors, in float32 or better."""
    return rms_normalised(features) if RECOMMENDED.normalise else full_precision(features)


@torch.no_grad()
def natural_maps(features: Tensor, constant: float = RECOMMENDED.mscn_constant) -> dict[str, Tensor]:
    """The MSCN coefficients and the 18 natural and colour descriptors of features (N, C, H, W) by name, each (N, C, h,
    w)."""
    coefficients = mscn(as_read(features), constant)
    return {"MSCN": coefficients} | dict(zip(NATURAL, natural_map(coefficients).unbind(2), strict=True))


@torch.no_grad()
def texture_maps(features: Tensor, constant: float = RECOMMENDED.mscn_constant) -> dict[str, Tensor]:
    """The MSCN coefficients and the four edge and texture descriptors of features (N, C, H, W) by name, each (N, C, h,
    w); the thresholds are the features' own."""
    coefficients = mscn(as_read(features), constant)
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

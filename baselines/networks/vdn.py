"""VDN: a U-Net that estimates the clean image's posterior and a small network that estimates the noise's variance.

Yue, Yong, Zhao, Zhang and Meng, "Variational Denoising Network: Toward Blind Noise Modeling and Removal", NeurIPS 2019
(arXiv 1908.11314). Figure 2 gives the two networks, D-Net (a U-Net) and S-Net (plain convolutions).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.shape.layout import fast_layout
from baselines.networks.shape.padding import pad_to_multiple
from baselines.networks.spec import NetworkSpec


def _conv(inward: int, outward: int) -> nn.Conv2d:
    return nn.Conv2d(inward, outward, 3, padding=1)


class Pair(nn.Module):
    """Two convolutions, each with a leaky ReLU of slope 0.2."""

    def __init__(self, inward: int, outward: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = _conv(inward, outward), _conv(outward, outward)

    def forward(self, features: Tensor) -> Tensor:
        """(N, inward, H, W) to (N, outward, H, W)."""
        features = F.leaky_relu(self.conv1(features), 0.2, inplace=True)
        return F.leaky_relu(self.conv2(features), 0.2, inplace=True)


class UNet(nn.Module):
    """D-Net: `depth` levels, halved by the mean of 2 x 2 pixels and doubled by a transposed convolution."""

    def __init__(self, width: int, depth: int, outward: int) -> None:
        super().__init__()
        widths = [width << level for level in range(depth)]
        self.down = nn.ModuleList(Pair(a, b) for a, b in zip([3, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in reversed(widths[:-1]))
        self.merge = nn.ModuleList(Pair(2 * w, w) for w in reversed(widths[:-1]))
        self.last = _conv(width, outward)

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, H, W), H and W multiples of 2^(depth - 1), to (N, outward, H, W)."""
        features, skips = self.down[0](image), []
        for level in self.down[1:]:
            skips.append(features)
            features = level(F.avg_pool2d(features, 2))
        for up, merge, skip in zip(self.up, self.merge, reversed(skips), strict=True):
            features = merge(torch.cat((up(features), skip), 1))
        output: Tensor = self.last(features)
        return output


class SigmaNet(nn.Sequential):
    """S-Net: five convolutions with leaky ReLUs of slope 0.2 between."""

    def __init__(self, outward: int, width: int = 64, depth: int = 5) -> None:
        layers: list[nn.Module] = [_conv(3, width)]
        for _ in range(depth - 2):
            layers += [nn.LeakyReLU(0.2), _conv(width, width)]
        super().__init__(*layers, nn.LeakyReLU(0.2), _conv(width, outward))


class VDN(nn.Module):
    """VDN: (N, 3, H, W) in [0, 1] to the same, of any size, not clamped; only the denoiser is used.

    `width` is the denoiser's at full size, `sigma_width` the variance network's (by default the same).
    Paper: nothing on sizes; the authors' code shrinks other images. Here: reflected to a multiple of 2^(depth - 1).
    """

    def __init__(self, width: int = 64, depth: int = 4, sigma_width: int | None = None) -> None:
        super().__init__()
        self.multiple = 1 << (depth - 1)
        self.denoiser = UNet(width, depth, outward=6)
        self.sigma = SigmaNet(outward=6, width=sigma_width or width)

    def _denoised(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        output: Tensor = self.denoiser(fast_layout(pad_to_multiple(image, self.multiple)))[..., :height, :width]
        return output

    def variational(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """What the variational bound needs of both networks, each (N, 6, H, W).

        The first holds the estimated noise, to be taken from the image, and the logarithm of the posterior's variance; the
        second the logarithms of the inverse gamma's alpha and beta, each by colour. They are not limited to a range.
        """
        return self._denoised(image), self.sigma(image)

    def forward(self, image: Tensor) -> Tensor:
        """The posterior's mean: the image less the estimated noise."""
        return image - self._denoised(image)[:, :3]


_NAMES = (
    (r"^(?:net\.)?DNet\.down_path\.(\d+)\.block\.", r"denoiser.down.\1."),
    (r"^(?:net\.)?DNet\.up_path\.(\d+)\.up\.", r"denoiser.up.\1."),
    (r"^(?:net\.)?DNet\.up_path\.(\d+)\.conv_block\.block\.", r"denoiser.merge.\1."),
    (r"^(?:net\.)?DNet\.last\.", r"denoiser.last."),
    (r"^(denoiser\.(?:down|merge)\.\d+)\.0\.", r"\1.conv1."),
    (r"^(denoiser\.(?:down|merge)\.\d+)\.2\.", r"\1.conv2."),
    (r"^(?:net\.)?SNet\.conv1\.", r"sigma.0."),
    (r"^(?:net\.)?SNet\.mid_layer\.(\d+)\.", r"sigma.mid.\1."),
)


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' state dict in our names. Raises ValueError when a key is none of VDN's."""
    last = 2 + 2 * sum(bool(re.search(r"SNet\.mid_layer\.\d+\.weight$", key)) for key in state)
    names = (*_NAMES, (r"^(?:net\.)?SNet\.conv_last\.", f"sigma.{last}."))
    renamed = {}
    for key, tensor in state.items():
        name = key
        for pattern, replacement in names:
            name = re.sub(pattern, replacement, name)
        name = re.sub(r"^sigma\.mid\.(\d+)\.", lambda found: f"sigma.{int(found[1]) + 2}.", name)
        if name == key:
            raise ValueError(f"expected the authors' keys of VDN; found {key}; is it another network's checkpoint?")
        renamed[name] = tensor
    return renamed


SPEC = NetworkSpec(
    id="vdn",
    title="VDN",
    network="baselines.networks.vdn:VDN",
    paper="Yue et al., NeurIPS 2019",
    year=2019,
    tasks=("denoising",),
    licence="code and checkpoints: none found (github.com/zsyOAOA/VDNet)",
    arguments={"paper": {"width": 64, "depth": 4}, "mini": {"width": 12, "depth": 4}},
    objective="benchmark.training.objectives.vdn:VariationalBound",
    recipe={
        "iterations": 300_000,
        "batch": 64,
        "lr": 2e-4,
        "schedule": "steps",
        "milestones": (0.17, 0.33, 0.5, 0.67, 0.83),
        "weight_decay": 0.0,
    },
)

"""DeamNet, adaptive consistency prior based denoising (Ren, He, Wang, Zhao, CVPR 2021), Figure 2.

An image is lifted to features, on which a few iterations alternate a non-linear operator (a U-shaped network whose
weights all iterations share) and an attention that mixes the operator's features with the image's own.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.shape.layout import fast_layout, pointwise
from baselines.networks.shape.padding import pad_to_multiple
from baselines.networks.spec import NetworkSpec

LEVELS = 4
"""Scales of the operator below the image's own; so a side is padded to a multiple of 2 ** LEVELS."""


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size (over `stride`), started as the authors start it (Xavier, normal)."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2)
    nn.init.xavier_normal_(layer.weight)
    return layer


class Blend(nn.Module):
    """The dual element-wise attention: a weight in (0, 1) a feature, by which `kept` replaces `other` (Equation 15)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        narrow = max(1, width // 16)
        self.own = conv(width, width)
        self.join = conv(2 * width, width, 1)
        self.squeeze = conv(width, narrow)
        self.excite = conv(narrow, width)

    def forward(self, kept: Tensor, other: Tensor) -> Tensor:
        """(1 - weight) * other + weight * kept, both (N, C, H, W)."""
        weight = self.excite(self.squeeze(self.joined(kept, other)).relu_()).sigmoid_()
        return torch.lerp(other, kept, weight)

    def joined(self, kept: Tensor, other: Tensor) -> Tensor:
        """The features (N, C, H, W) that the weight is made from."""
        output: Tensor = self.join(torch.cat([self.own(kept), other], 1))
        return output


class Up(nn.Module):
    """Nearest neighbours to twice the side, convolution, ReLU: (N, C, H, W) to (N, C, 2H, 2W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = conv(width, width)

    def forward(self, features: Tensor) -> Tensor:
        """The larger features."""
        output: Tensor = self.conv(F.interpolate(features, scale_factor=2.0)).relu_()
        return output


class Encoder(nn.Module):
    """Two convolutions whose result the skip carries, then one of stride 2, all with ReLU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList([conv(width, width), conv(width, width), conv(width, width, stride=2)])

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) to the skip (N, C, H, W) and the smaller features (N, C, H / 2, W / 2)."""
        first, second, down = self.convs
        skip = second(first(features).relu_()).relu_()
        return skip, down(skip).relu_()


class Decoder(nn.Module):
    """Joins the blended skip with the features from below and convolves twice."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own = conv(width, width)
        self.up = Up(width)
        self.join = conv(2 * width, width, 1)
        self.convs = nn.ModuleList([conv(width, width), conv(width, width)])

    def forward(self, skip: Tensor, below: Tensor) -> Tensor:
        """`skip` (N, C, H, W) and `below` (N, C, H / 2, W / 2) to (N, C, H, W)."""
        ours, theirs = self.join.weight.chunk(2, 1)
        features = pointwise(self.own(skip).relu_(), ours, self.join.bias).add_(pointwise(self.up(below), theirs))
        for layer in self.convs:
            features = layer(features).relu_()
        return features


class Operator(nn.Module):
    """The non-linear operator: a residual U-shaped network whose skips are blended with what comes from below."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(Encoder(width) for _ in range(LEVELS))
        self.middle = nn.Sequential(conv(width, width), nn.ReLU(), conv(width, width), nn.ReLU())
        self.ups = nn.ModuleList(Up(width) for _ in range(LEVELS))
        self.blends = nn.ModuleList(Blend(width) for _ in range(LEVELS))
        self.decoders = nn.ModuleList(Decoder(width) for _ in range(LEVELS))
        self.final = conv(width, width)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) to the same, H and W multiples of 16."""
        skips, below = [], features
        for encoder in self.encoders:
            skip, below = encoder(below)
            skips.append(skip)
        below = self.middle(below)
        for level in reversed(range(LEVELS)):
            skip = self.blends[level](skips[level], self.ups[level](below))
            below = self.decoders[level](skip, below)
        output: Tensor = self.final(below).add_(features)
        return output


class DeamNet(nn.Module):
    """DeamNet for colour (`channels` 3) or grey images (1).

    Takes and gives (N, channels, H, W) in [0, 1], any H and W. The authors' network has four layers that nothing calls
    (`unused` here): they are kept so that their checkpoints load whole and the parameters count as published.
    """

    def __init__(self, channels: int = 3, width: int = 64, iterations: int = 4) -> None:
        super().__init__()
        self.image_channels = channels
        self.extract = conv(channels, width)
        self.lift = nn.Sequential(conv(width, width), nn.ReLU(), conv(width, width))
        self.operator = Operator(width)
        self.blends = nn.ModuleList(Blend(width) for _ in range(iterations))
        self.lower = nn.Sequential(conv(width, width), nn.ReLU(), conv(width, width))
        self.reconstruct = conv(width, channels)
        kernels = (3, 5, 7)
        self.unused = nn.ModuleList([*(conv(width, width, k) for k in kernels), conv(len(kernels) * width, width, 1)])

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, channels, H, W), not clamped."""
        height, width = image.shape[-2:]
        features = self.extract(fast_layout(pad_to_multiple(image, 2**LEVELS)))
        lifted = self.lift(features).add_(features)
        current = lifted
        for blend in self.blends:
            current = blend(lifted, self.operator(current))
        output: Tensor = self.reconstruct(self.lower(current).add_(current))[..., :height, :width]
        return output


def _authors_layers(iterations: int) -> dict[str, str]:
    """The authors' name of every layer, with ours."""
    layers = {
        "transform_function.ext.conv2d": "extract",
        "transform_function.pre.0.conv2d": "lift.0",
        "transform_function.pre.2.conv2d": "lift.2",
        "inverse_transform_function.pre.0.conv2d": "lower.0",
        "inverse_transform_function.pre.2.conv2d": "lower.2",
        "inverse_transform_function.ext.conv2d": "reconstruct",
        "net2.conv_dila1.conv2d": "unused.0",
        "net2.conv_dila2.conv2d": "unused.1",
        "net2.conv_dila3.conv2d": "unused.2",
        "net2.cat1": "unused.3",
        "net2.mid.0.block.0": "operator.middle.0",
        "net2.mid.1.block.0": "operator.middle.2",
        "net2.final.conv2d": "operator.final",
    }
    blends = {f"line{n}{n}": ("weight.", f"blends.{n - 1}") for n in range(1, iterations + 1)}
    blends |= {f"net2.attention{k}": ("", f"operator.blends.{k}") for k in range(LEVELS)}
    for theirs, (inner, ours) in blends.items():
        layers[f"{theirs}.C.conv2d"] = f"{ours}.own"
        layers[f"{theirs}.cat.conv2d"] = f"{ours}.join"
        layers[f"{theirs}.{inner}conv_du.0.conv2d"] = f"{ours}.squeeze"
        layers[f"{theirs}.{inner}conv_du.2.conv2d"] = f"{ours}.excite"
    for k in range(LEVELS):
        layers |= {f"net2.e{k}.body.{n}.block.0": f"operator.encoders.{k}.convs.{n}" for n in range(3)}
        layers |= {f"net2.de{k}.body.{n}.block.0": f"operator.decoders.{k}.convs.{n}" for n in range(2)}
        layers[f"net2.attention{k}.ConvTranspose.conv2d.block.0"] = f"operator.ups.{k}.conv"
        layers[f"net2.de{k}.upsample.conv1.block.0"] = f"operator.decoders.{k}.own"
        layers[f"net2.de{k}.upsample.ConvTranspose.conv2d.block.0"] = f"operator.decoders.{k}.up.conv"
        layers[f"net2.de{k}.upsample.cat.conv2d"] = f"operator.decoders.{k}.join"
    return layers


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' weights (colour or grey) under our names. Raises ValueError naming missing and left-over keys."""
    names = {
        f"{theirs}.{kind}": f"{ours}.{kind}"
        for theirs, ours in _authors_layers(4).items()
        for kind in ("weight", "bias")
    }
    missing, left_over = sorted(set(names) - set(state)), sorted(set(state) - set(names))
    if missing or left_over:
        raise ValueError(
            f"expected the {len(names)} keys of DeamNet, found {missing[:5]} missing and {left_over[:5]} "
            "left over: give the authors' DeamNet checkpoint, without its wrapper"
        )
    return {names[key]: value for key, value in state.items()}


SPEC = NetworkSpec(
    id="deamnet",
    title="DeamNet",
    network="baselines.networks.deamnet:DeamNet",
    paper="Ren et al., CVPR 2021",
    year=2021,
    tasks=("denoising",),
    licence="code and checkpoints: MIT (github.com/chaoren88/DeamNet)",
    arguments={
        "paper": {"channels": 3, "width": 64, "iterations": 4},
        "mini": {"channels": 3, "width": 8, "iterations": 2},
    },
    objective="benchmark.training.objectives.deamnet:SquaredError",
    recipe={
        "iterations": 300_000,
        "batch": 8,
        "patch": 128,
        "lr": 1e-4,
        "schedule": "steps",
        "milestones": (0.4, 0.6, 0.8),
        "weight_decay": 0.0,
    },
    hypotheses={"one channel": {"channels": 1}},
)

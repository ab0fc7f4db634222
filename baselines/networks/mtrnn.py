"""MT-RNN, the multi-temporal recurrent network for progressive deblurring (Park, Kang, Kim, Chun, ECCV 2020).

One small U-shaped network runs a number of iterations. Each sees the degraded image, the image that the iteration
before restored and two features of its decoder.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.shape.layout import fast_layout, pointwise
from baselines.networks.shape.padding import pad_to_multiple
from baselines.networks.spec import NetworkSpec

BYTE = 255.0
"""The network works on [0, 255]."""

MEAN = (0.4488, 0.4371, 0.4040)
"""Mean colour in [0, 1] (of DIV2K) that is taken off before the network and given back after it."""

SLOPE = 0.1
"""Of the leaky ReLUs."""

STRIDE = 4
"""Of the coarsest features."""


class ResidualBlock(nn.Module):
    """Convolution, leaky ReLU, convolution and the input added; (N, C, H, W) to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """The block's output; memory of the two intermediate results is reused."""
        output: Tensor = self.conv2(F.leaky_relu_(self.conv1(features), SLOPE)).add_(features)
        return output


def blocks(width: int, number: int) -> nn.Sequential:
    """`number` residual blocks one after the other."""
    return nn.Sequential(*(ResidualBlock(width) for _ in range(number)))


def shift(sign: int) -> nn.Conv2d:
    """Adds (`sign` 1) or takes off (-1) the mean colour: a 1 x 1 convolution that is not trained."""
    layer = nn.Conv2d(3, 3, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(3)[:, :, None, None])
        layer.bias = nn.Parameter(sign * BYTE * torch.tensor(MEAN))
    return layer.requires_grad_(False)


class MTRNN(nn.Module):
    """MT-RNN, `iterations` times the same network of base `width`.

    Takes and gives (N, 3, H, W) in [0, 1], any H and W. Raises ValueError for less than one iteration.
    """

    def __init__(self, iterations: int = 6, width: int = 32) -> None:
        super().__init__()
        if iterations < 1:
            raise ValueError(f"expected one iteration or more, found {iterations}: the authors run 6")
        self.times = iterations
        half, quarter = 2 * width, 4 * width
        self.off_mean, self.back_mean = shift(-1), shift(1)
        self.first = nn.Conv2d(6, width, 3, padding=1)
        self.encoder = blocks(width, 3)
        self.down = nn.Conv2d(width, half, 3, stride=2, padding=1)
        self.recall = nn.Conv2d(2 * half, half, 1)
        self.encoder_half = blocks(half, 3)
        self.down_half = nn.Conv2d(half, quarter, 3, stride=2, padding=1)
        self.recall_quarter = nn.Conv2d(2 * quarter, quarter, 1)
        self.bottleneck = blocks(quarter, 6)
        self.up_half = nn.ConvTranspose2d(quarter, half, 4, stride=2, padding=1)
        self.join_half = nn.Conv2d(2 * half, half, 1)
        self.decoder_half = blocks(half, 3)
        self.up = nn.ConvTranspose2d(half, width, 4, stride=2, padding=1)
        self.join = nn.Conv2d(2 * width, width, 1)
        self.decoder = blocks(width, 3)
        self.last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """The image of the last iteration (N, 3, H, W), not clamped."""
        return self.iterations(image)[-1]

    def iterations(self, image: Tensor) -> list[Tensor]:
        """The image (N, 3, H, W) after every iteration, first to last.

        Paper: every iteration has a target of its own, less blurred than the one before. Here: gradients reach back
        through all iterations; the authors' release, which only restores, says nothing about it.
        """
        height, width = image.shape[-2:]
        given = shown = fast_layout(pad_to_multiple(image, STRIDE)) * BYTE
        degraded = self.off_mean(given)
        of_given, of_shown = self.first.weight.chunk(2, 1)
        constant = F.conv2d(degraded, of_given, self.first.bias, padding=1)  # the same in every iteration
        memory_half = memory_quarter = None
        images: list[Tensor] = []
        for _ in range(self.times):
            features = F.conv2d(self.off_mean(shown), of_shown, padding=1).add_(constant)
            residual, memory_half, memory_quarter = self._restore(features, memory_half, memory_quarter)
            shown = self.back_mean(residual + degraded)
            images.append((shown / BYTE)[..., :height, :width])
        return images

    def _restore(
        self, features: Tensor, memory_half: Tensor | None, memory_quarter: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One iteration: the residual image and the two features that the next one recalls (none in the first)."""
        full = self.encoder(features)
        half = F.leaky_relu_(self.down(full), SLOPE)
        half = self.encoder_half(_joined(self.recall, half, half if memory_half is None else memory_half))
        quarter = F.leaky_relu_(self.down_half(half), SLOPE)
        quarter = _joined(self.recall_quarter, quarter, quarter if memory_quarter is None else memory_quarter)
        quarter = self.bottleneck(quarter)
        half = self.decoder_half(_joined(self.join_half, F.leaky_relu_(self.up_half(quarter), SLOPE), half))
        full = self.decoder(_joined(self.join, F.leaky_relu_(self.up(half), SLOPE), full))
        return self.last(full), half, quarter


def _joined(layer: nn.Conv2d, first: Tensor, second: Tensor) -> Tensor:
    # `layer` of the two one after the other in the channels, without the copy that puts them there.
    of_first, of_second = layer.weight.chunk(2, 1)
    return pointwise(first, of_first, layer.bias).add_(pointwise(second, of_second))


def _authors_layers() -> dict[str, str]:
    """The authors' name of every layer, with ours."""
    layers = {"sub_mean": "off_mean", "add_mean": "back_mean"}
    layers |= {
        f"{theirs}.0": ours
        for theirs, ours in (
            ("conv1_1", "first"),
            ("conv2_1", "down"),
            ("conv2_c", "recall"),
            ("conv3_1", "down_half"),
            ("conv3_c", "recall_quarter"),
            ("conv5_1", "up_half"),
            ("conv5_c", "join_half"),
            ("conv6_1", "up"),
            ("conv6_c", "join"),
            ("img_prd", "last"),
        )
    }
    stages = {
        "encoder": ("conv1_2", "conv1_3", "conv1_4"),
        "encoder_half": ("conv2_2", "conv2_3", "conv2_4"),
        "bottleneck": ("conv3_2", "conv3_3", "conv3_4", "conv4_1", "conv4_2", "conv4_3"),
        "decoder_half": ("conv5_2", "conv5_3", "conv5_4"),
        "decoder": ("conv6_2", "conv6_3", "conv6_4"),
    }
    for ours, theirs in stages.items():
        for index, block in enumerate(theirs):
            layers |= {f"{block}.stem.0": f"{ours}.{index}.conv1", f"{block}.stem.2": f"{ours}.{index}.conv2"}
    return layers


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' weights under our names; their keys may begin with `net.`.

    Raises ValueError naming missing and left-over keys.
    """
    names = {
        f"{theirs}.{kind}": f"{ours}.{kind}"
        for theirs, ours in _authors_layers().items()
        for kind in ("weight", "bias")
    }
    found = {key.removeprefix("net."): value for key, value in state.items()}
    missing, left_over = sorted(set(names) - set(found)), sorted(set(found) - set(names))
    if missing or left_over:
        raise ValueError(
            f"expected the {len(names)} keys of MT-RNN, found {missing[:5]} missing and {left_over[:5]} "
            "left over: give the authors' MT-RNN checkpoint, without its wrapper"
        )
    return {names[key]: value for key, value in found.items()}


def saved_work(size: int, iterations: int, width: int) -> float:
    """The degraded image's part of the first convolution, and its mean shift: once here, in every iteration theirs.

    In multiply-accumulates of a square image of side `size`.
    """
    return (iterations - 1) * (3 * width * 9 + 3 * 3) * size**2


SPEC = NetworkSpec(
    id="mt-rnn",
    title="MT-RNN",
    network="baselines.networks.mtrnn:MTRNN",
    paper="Park et al., ECCV 2020",
    year=2020,
    tasks=("deblurring",),
    licence="code and checkpoints: none found (github.com/Dong1P/MTRNN)",
    arguments={"paper": {"iterations": 6, "width": 32}, "mini": {"iterations": 4, "width": 4}},
    objective="benchmark.training.objectives.mtrnn:Incremental",
    recipe={"iterations": 680_000, "batch": 6, "patch": 256, "lr": 1e-4, "final_lr": 1e-6, "weight_decay": 0.0},
    simplified=(
        "Paper: the targets of the iterations are means of ever fewer frames of a video. Here: mixtures of degraded and clean "
        "image, since pairs have no frames."
    ),
    hypotheses={
        "1 iterations": {"iterations": 1},
        "2 iterations": {"iterations": 2},
        "3 iterations": {"iterations": 3},
        "4 iterations": {"iterations": 4},
        "5 iterations": {"iterations": 5},
        "7 iterations": {"iterations": 7},
    },
    saved="baselines.networks.mtrnn:saved_work",
)

"""RCDNet, the rain convolutional dictionary network (Wang, Xie, Zhao, Meng, CVPR 2020).

A rain layer is a sum of rain maps, each convolved with a rain kernel. Stage by stage, a proximal gradient step on the
maps and one on the background follow each other, every step with a small residual network as its learned prior.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.shape.layout import fast_layout
from baselines.networks.spec import NetworkSpec

BYTE = 255.0
"""The network works on [0, 255]."""

KERNEL = 9
"""Side of a rain kernel."""

DAMPING = 10.0
"""What the authors divide kernels and step sizes by, to slow down their updates."""

SHARED = 1
"""Which of the stored copies of the kernels all stages share."""


class Estimates(NamedTuple):
    """All estimates of one image, in [0, 1], each (N, 3, H, W).

    `backgrounds`: before the first stage, after each of S stages, and after the last refinement: S + 2.
    `rain_layers`: after each of S stages.
    """

    backgrounds: list[Tensor]
    rain_layers: list[Tensor]


class ResidualBlock(nn.Module):
    """Convolution, norm, ReLU, convolution, norm, the input added, ReLU; (N, C, H, W) to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width)
        self.conv2, self.norm2 = nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width)

    def forward(self, features: Tensor) -> Tensor:
        """The block's output."""
        inner = self.norm1(self.conv1(features)).relu_()
        output: Tensor = self.norm2(self.conv2(inner)).add_(features).relu_()
        return output


class BackgroundNet(nn.Sequential):
    """The prior of background and auxiliary channels: residual blocks."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__(*(ResidualBlock(width) for _ in range(blocks)))


class RainNet(nn.Module):
    """The prior of the rain maps: residual blocks, then whatever is under a threshold a map is no rain."""

    def __init__(self, rain_maps: int, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(ResidualBlock(rain_maps) for _ in range(blocks)))
        self.threshold = nn.Parameter(torch.full((1, rain_maps, 1, 1), 0.5))

    def forward(self, maps: Tensor) -> Tensor:
        """Sparse non-negative maps (N, M, H, W) from maps of the same shape."""
        output: Tensor = (self.blocks(maps) - self.threshold).relu_()
        return output


class RCDNet(nn.Module):
    """RCDNet of `stages` stages with `rain_maps` maps and `channels` auxiliary channels beside the background's three.

    Takes and gives (N, 3, H, W) in [0, 1], any H and W. As in the authors' network one rain net and one step size are
    called by nothing, and of the stored copies of the kernels (a copy a stage) one serves all: they are kept, so that
    checkpoints load whole and the parameters count as published.
    Raises ValueError for less than three stages.
    """

    def __init__(self, stages: int = 17, rain_maps: int = 32, channels: int = 32, blocks: int = 4) -> None:
        super().__init__()
        if stages < 3:
            raise ValueError(f"expected three stages or more, found {stages}: the authors have 17")
        width = channels + 3
        kernels = streaks(rain_maps)
        self.first_kernels = nn.Parameter(kernels)
        self.kernels = nn.Parameter(kernels.repeat(stages - 1, 1, 1, 1, 1))
        self.auxiliary = nn.Parameter(torch.full((channels, 3, 3, 3), 1 / 9))
        self.rain_threshold = nn.Parameter(torch.ones(1))
        self.first_background_step = nn.Parameter(torch.full((1,), 5.0))
        self.rain_steps = nn.Parameter(torch.ones(stages - 1, 1))
        self.background_steps = nn.Parameter(torch.full((stages - 1, 1), 5.0))
        self.background_start = BackgroundNet(width, blocks)
        self.rain_nets = nn.ModuleList(RainNet(rain_maps, blocks) for _ in range(stages))
        self.background_nets = nn.ModuleList(BackgroundNet(width, blocks) for _ in range(stages))
        self.background_end = BackgroundNet(width, blocks)
        self.unused_rain_step = nn.Parameter(torch.ones(1))
        self.unused_rain_net = RainNet(rain_maps, blocks)

    def forward(self, image: Tensor) -> Tensor:
        """The restored image: the last of `backgrounds`."""
        return self.estimates(image).backgrounds[-1]

    def backgrounds(self, image: Tensor) -> list[Tensor]:
        """All estimates of the background (N, 3, H, W), first to last."""
        return self.estimates(image).backgrounds

    def estimates(self, image: Tensor) -> Estimates:
        """All estimates of background and rain layer, which the authors' loss supervises (Equation 18)."""
        rainy = fast_layout(image * BYTE)
        kernels = self.kernels[SHARED] / DAMPING
        auxiliary = F.conv2d(rainy, self.auxiliary, padding=1)
        joint = self.background_start(torch.cat([rainy, auxiliary], 1))
        backgrounds, rain_layers = [joint[:, :3]], []
        maps = rain = None
        for stage, (rain_net, background_net) in enumerate(zip(self.rain_nets, self.background_nets, strict=True)):
            background = joint[:, :3]
            if maps is None or rain is None:
                excess = (rainy - background - self.rain_threshold).relu_()
                maps = correlate(excess, self.first_kernels / DAMPING)
                step: Tensor = self.first_background_step
            else:
                gradient = correlate(rain - (rainy - background), kernels)
                maps = maps - self.rain_steps[stage - 1] / DAMPING * gradient
                step = self.background_steps[stage - 1]
            maps = rain_net(maps)
            rain = self.rain_layer(maps, kernels)
            moved = background - step / DAMPING * (background - (rainy - rain))
            joint = background_net(torch.cat([moved, joint[:, 3:]], 1))
            backgrounds.append(joint[:, :3])
            rain_layers.append(rain)
        backgrounds.append(self.background_end(joint)[:, :3])
        return Estimates([b / BYTE for b in backgrounds], [r / BYTE for r in rain_layers])

    def rain_layer(self, maps: Tensor, kernels: Tensor) -> Tensor:
        """The rain (N, 3, H, W) of maps (N, M, H, W) with kernels (3, M, 9, 9)."""
        return F.conv2d(maps, kernels, padding=KERNEL // 2)


def correlate(layer: Tensor, kernels: Tensor) -> Tensor:
    """How much of each kernel is in a rain layer (N, 3, H, W): maps (N, M, H, W), the adjoint of `RCDNet.rain_layer`."""
    return F.conv_transpose2d(layer, kernels, padding=KERNEL // 2)


def streaks(number: int) -> Tensor:
    """`number` grey rain kernels (3, number, 9, 9) to start from, each of norm one.

    Paper: kernels learned beforehand (`init_rain_kernel.m`). Here: Gaussian streaks, from 45 degrees left to 45 right of
    the vertical, thin and thick in turn.
    """
    axis = torch.arange(KERNEL) - (KERNEL - 1) / 2
    down, right = axis[:, None], axis[None, :]
    atoms = []
    for index in range(number):
        angle = math.pi / 2 * ((index + 0.5) / number - 0.5)
        across = right * math.cos(angle) - down * math.sin(angle)
        along = right * math.sin(angle) + down * math.cos(angle)
        atom = torch.exp(-((across / (0.7 + 0.5 * (index % 2))) ** 2) / 2 - (along / 3) ** 2 / 2)
        atoms.append(atom / (math.sqrt(3) * atom.norm()))
    return torch.stack(atoms).expand(3, -1, -1, -1).clone()


NAMES = {
    "eta1": "unused_rain_step",
    "eta2": "first_background_step",
    "eta11": "rain_steps",
    "eta12": "background_steps",
    "weight0": "first_kernels",
    "conv": "kernels",
    "w_z_f": "auxiliary",
    "tau": "rain_threshold",
    "xnet": "background_start",
    "mnet": "unused_rain_net",
    "x_stage": "background_nets",
    "m_stage": "rain_nets",
    "fxnet": "background_end",
}
"""The authors' first name in a key, with ours."""

LAYERS = {"0": "conv1", "1": "norm1", "3": "conv2", "4": "norm2"}
"""The authors' number of a layer in a residual block, with our name."""


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' weights under our names, each with memory of its own (theirs are expanded views).

    Raises ValueError naming keys that their network does not have; its others are missed by a strict load.
    """
    left_over = sorted(key for key in state if _our_name(key) is None)
    if left_over or "w_z_f" not in state:
        raise ValueError(
            f"expected the keys of RCDNet, found {left_over[:5]} left over "
            f"and w_z_f {'present' if 'w_z_f' in state else 'missing'}: "
            "give the authors' RCDNet checkpoint, without its wrapper"
        )
    return {str(_our_name(key)): value.clone(memory_format=torch.contiguous_format) for key, value in state.items()}


def _our_name(key: str) -> str | None:
    head, *rest = key.split(".")
    if head not in NAMES or (bool(rest) != head.endswith(("net", "stage"))):
        return None
    name = [NAMES[head]]
    if head.endswith("stage"):
        name.append(rest.pop(0))
    if rest == ["tau"]:
        return ".".join([*name, "threshold"])
    if not rest:
        return name[0]
    if len(rest) != 3 or rest[0][:4] not in ("resx", "resm") or not rest[0][4:].isdecimal() or rest[1] not in LAYERS:
        return None
    inside = [] if rest[0].startswith("resx") else ["blocks"]
    return ".".join([*name, *inside, str(int(rest[0][4:]) - 1), LAYERS[rest[1]], rest[2]])


SPEC = NetworkSpec(
    id="rcdnet",
    title="RCDNet",
    network="baselines.networks.rcdnet:RCDNet",
    paper="Wang et al., CVPR 2020",
    year=2020,
    tasks=("deraining",),
    licence="code and checkpoints: none found (github.com/hongwang01/RCDNet)",
    arguments={
        "paper": {"stages": 17, "rain_maps": 32, "channels": 32, "blocks": 4},
        "mini": {"stages": 4, "rain_maps": 6, "channels": 6, "blocks": 1},
    },
    objective="benchmark.training.objectives.rcdnet:AllStages",
    recipe={
        "iterations": 137_100,
        "batch": 10,
        "patch": 64,
        "lr": 1e-3,
        "schedule": "steps",
        "milestones": (0.25, 0.5, 0.75),
        "factor": 0.2,
        "weight_decay": 0.0,
    },
    simplified="Paper: rain kernels learned beforehand. Here: Gaussian streaks to start from.",
    hypotheses={"10 stages": {"stages": 10}, "14 stages": {"stages": 14}, "20 stages": {"stages": 20}},
)

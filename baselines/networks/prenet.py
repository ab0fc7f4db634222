"""PReNet: one small residual network applied again and again to the rainy image and its own last estimate.

Ren et al., "Progressive Image Deraining Networks: A Better and Simpler Baseline", CVPR 2019 (arXiv 1901.09221).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from baselines.networks.shape.layout import fast_layout
from baselines.networks.spec import NetworkSpec

BLOCKS = 5  # residual blocks of a stage


class PReNet(nn.Module):
    """PReNet with an LSTM across `stages`, on images (N, 3, H, W) in [0, 1] of any size; not clamped.

    Paper: 6 stages, 32 channels, and figure 2 leaves the skip of the image open. Here: each stage adds the rainy image
    to its output, as the authors' released network does.
    """

    def __init__(self, channels: int = 32, stages: int = 6) -> None:
        super().__init__()
        if channels < 1 or stages < 1:
            raise ValueError(
                f"PReNet expects at least one channel and one stage, found {channels} and {stages}: "
                "give e.g. channels=32, stages=6"
            )
        self.channels = channels
        self.count = stages
        self.inlet = nn.Conv2d(6, channels, 3, padding=1)
        self.gates = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)  # input, forget, output, candidate
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1),
                nn.ReLU(),
                nn.Conv2d(channels, channels, 3, padding=1),
                nn.ReLU(),
            )
            for _ in range(BLOCKS)
        )
        self.outlet = nn.Conv2d(channels, 3, 3, padding=1)

    def stages(self, image: Tensor) -> list[Tensor]:
        """The restored image (N, 3, H, W) of every stage, first to last (equation 5)."""
        image = fast_layout(image)
        restored, hidden, cell = image, None, image.new_zeros(())
        images = []
        for _ in range(self.count):
            x = self.inlet(torch.cat((image, restored), 1)).relu_()
            hidden, cell = self.remember(x, hidden, cell)
            x = hidden
            for block in self.blocks:
                x = (block(x) + x).relu_()
            restored = self.outlet(x) + image
            images.append(restored)
        return images

    def remember(self, x: Tensor, hidden: Tensor | None, cell: Tensor) -> tuple[Tensor, Tensor]:
        """The LSTM's next hidden state and cell, each (N, channels, H, W); `hidden` None stands for zeros."""
        gates = self.gate(x, hidden)
        take, keep, give = gates[:, : 3 * self.channels].sigmoid().chunk(3, 1)
        cell = torch.addcmul(keep * cell, take, gates[:, 3 * self.channels :].tanh())
        return give * cell.tanh(), cell

    def gate(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        """The four gates before their squashing, (N, 4 channels, H, W)."""
        output: Tensor = self.gates(torch.cat((x, torch.zeros_like(x) if hidden is None else hidden), 1))
        return output

    def forward(self, image: Tensor) -> Tensor:
        """The restored image of the last stage, (N, 3, H, W), not clamped."""
        return self.stages(image)[-1]


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict from the authors' (LSTM variant). Raises ValueError naming keys missing or left over."""
    names = {"conv0.0": "inlet", "conv.0": "outlet"}
    names |= {f"res_conv{k + 1}.{i}": f"blocks.{k}.{i}" for k in range(BLOCKS) for i in (0, 2)}
    gates = [f"conv_{letter}.0" for letter in "ifog"]
    expected = {f"{name}.{part}" for name in [*names, *gates] for part in ("weight", "bias")}
    missing, strange = sorted(expected - set(state)), sorted(set(state) - expected)
    if missing or strange:
        raise ValueError(
            f"expected the state dict of PReNet with its LSTM, found keys left over {strange[:5]} and missing "
            f"{missing[:5]}: pass a checkpoint of the authors' PReNet, not of PRN, PReNet-r or PReNet-GRU"
        )
    ours = {f"{name}.{part}": state[f"{key}.{part}"] for key, name in names.items() for part in ("weight", "bias")}
    return ours | {f"gates.{part}": torch.cat([state[f"{key}.{part}"] for key in gates]) for part in ("weight", "bias")}


SPEC = NetworkSpec(
    id="prenet",
    title="PReNet",
    network="baselines.networks.prenet:PReNet",
    paper="Ren et al., CVPR 2019",
    year=2019,
    tasks=("deraining",),
    licence="code and checkpoints: none found (github.com/csdwren/PReNet)",
    arguments={"paper": {"channels": 32, "stages": 6}, "mini": {"channels": 6, "stages": 4}},
    objective="benchmark.training.objectives.prenet:NegativeSSIM",
    recipe={
        "iterations": 76_200,
        "batch": 18,
        "patch": 100,
        "lr": 1e-3,
        "schedule": "steps",
        "milestones": (0.3, 0.5, 0.8),
        "factor": 0.2,
        "weight_decay": 0.0,
    },
    hypotheses={
        "1 stages": {"stages": 1},
        "2 stages": {"stages": 2},
        "3 stages": {"stages": 3},
        "4 stages": {"stages": 4},
        "5 stages": {"stages": 5},
        "7 stages": {"stages": 7},
        "8 stages": {"stages": 8},
    },
)

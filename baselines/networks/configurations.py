"""Every network's hyper-parameters at both scales, as data: Table I of the paper and the publications of the others.

`paper` is what the authors published (and Table I's students); `mini` is the same architecture, sized so that it trains in
minutes on two cores. Where the authors publish one variant a task, the task has its own entry.
Importing this module does not import torch.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Configuration:
    """How to build one named network: `target` is "module:Class"; arguments by scale, then what a task changes."""

    target: str
    scales: dict[str, Arguments]
    by_task: dict[str, dict[str, Arguments]] = field(default_factory=dict)


CONFIGURATIONS: dict[str, Configuration] = {
    "restormer": Configuration(
        "baselines.networks.restormer:Restormer",
        {
            "paper": {"width": 48, "blocks": (4, 6, 6, 8), "refinement": 4},
            "mini": {"width": 12, "blocks": (2, 2, 2, 2), "refinement": 2},
        },
        {"denoising": {"paper": {"norm_bias": False}, "mini": {"norm_bias": False}}},
    ),
    "res-sl": Configuration(
        "baselines.networks.restormer:Restormer",
        {
            "paper": {"width": 24, "blocks": (1, 2, 2, 4), "refinement": 4},
            "mini": {"width": 6, "blocks": (1, 1, 1, 1), "refinement": 1},
        },
        {"denoising": {"paper": {"norm_bias": False}, "mini": {"norm_bias": False}}},
    ),
    "uformer": Configuration(
        "baselines.networks.uformer:Uformer",
        {
            "paper": {"width": 32, "depths": (1, 2, 8, 8, 2, 8, 8, 2, 1)},
            "mini": {"width": 8, "depths": (1, 2, 1, 1, 1, 1, 1, 2, 1), "window": 4, "square": False},
        },
    ),
    "ufor-sl": Configuration(
        "baselines.networks.uformer:Uformer",
        {
            "paper": {"width": 16, "depths": (1, 2, 4, 4, 2, 4, 4, 2, 1)},
            "mini": {"width": 4, "depths": (1, 1, 1, 1, 1, 1, 1, 1, 1), "window": 4, "square": False},
        },
    ),
    "drsformer": Configuration(
        "baselines.networks.drsformer:DRSformer",
        {
            "paper": {"width": 48, "blocks": (4, 6, 6, 8), "mefc_steps": 4},
            "mini": {"width": 12, "blocks": (1, 1, 2, 2), "mefc_steps": 1},
        },
    ),
    "drs-sl": Configuration(
        "baselines.networks.drsformer:DRSformer",
        {
            "paper": {"width": 24, "blocks": (2, 2, 2, 4), "mefc_steps": 2},
            "mini": {"width": 4, "blocks": (1, 1, 1, 1), "expansion": 2.0, "mefc_steps": 1},
        },
    ),
    "mprnet": Configuration(
        "baselines.networks.mprnet:MPRNet",
        {
            "paper": {"width": 40, "unet_step": 20, "orsnet_step": 16},
            "mini": {"width": 6, "unet_step": 2, "orsnet_step": 2, "attention_blocks": 2},
        },
        {
            "deblurring": {"paper": {"width": 96, "unet_step": 48, "orsnet_step": 32}},
            "denoising": {"paper": {"width": 80, "unet_step": 48, "orsnet_step": 32}},
        },
    ),
    "prenet": Configuration(
        "baselines.networks.prenet:PReNet",
        {"paper": {"channels": 32, "stages": 6}, "mini": {"channels": 6, "stages": 4}},
    ),
    "rcdnet": Configuration(
        "baselines.networks.rcdnet:RCDNet",
        {
            "paper": {"stages": 17, "rain_maps": 32, "channels": 32, "blocks": 4},
            "mini": {"stages": 4, "rain_maps": 6, "channels": 6, "blocks": 1},
        },
    ),
    "dmphn": Configuration(
        "baselines.networks.dmphn:DMPHN",
        {"paper": {"patches": (1, 2, 4), "width": 32}, "mini": {"patches": (1, 2, 4), "width": 5}},
    ),
    "mt-rnn": Configuration(
        "baselines.networks.mtrnn:MTRNN",
        {"paper": {"iterations": 6, "width": 32}, "mini": {"iterations": 4, "width": 4}},
    ),
    "vdn": Configuration(
        "baselines.networks.vdn:VDN", {"paper": {"width": 64, "depth": 4}, "mini": {"width": 12, "depth": 4}}
    ),
    "deamnet": Configuration(
        "baselines.networks.deamnet:DeamNet",
        {"paper": {"channels": 3, "width": 64, "iterations": 4}, "mini": {"channels": 3, "width": 8, "iterations": 2}},
    ),
}


def arguments(name: str, scale: str, task: str | None = None) -> Arguments:
    """The constructor arguments of network `name` at `scale` for `task`. Raises KeyError for an unknown name or scale."""
    configuration = CONFIGURATIONS[name]
    return configuration.scales[scale] | configuration.by_task.get(task or "", {}).get(scale, {})


def build(name: str, scale: str, task: str | None = None) -> nn.Module:
    """The network `name` with fresh weights. Seed torch before the call for the same ones each time."""
    module, _, attribute = CONFIGURATIONS[name].target.partition(":")
    return getattr(importlib.import_module(module), attribute)(**arguments(name, scale, task))

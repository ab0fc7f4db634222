"""DRSformer written plainly: four masked softmaxes and products a head, and every expert by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from baselines.networks.drsformer import Block, DRSformer, MixedScaleFeedForward, SparseAttention
from speed.plain.restormer import norm, similarity, u_shape


class PlainDRSformer(DRSformer):
    """The same parameters and function as `DRSformer`, for sizes that are multiples of 8."""

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W)."""
        network: Any = self

        def first_level(level: Iterable[Block], x: Tensor) -> Tensor:
            return blocks(level, compensate(network.embed[1], x) if level is network.encoder[0] else x)

        return u_shape(network, network.embed[0], image, first_level, compensate)


def attention(module: SparseAttention, x: Tensor) -> Tensor:
    """Four attentions, each over a largest part of its row kept by a mask, mixed; then the projection."""
    scores, v = similarity(module, x)
    out = torch.zeros_like(v)
    for share, kept in zip(module.mixture, module.kept, strict=True):
        mask = torch.zeros_like(scores).scatter_(-1, scores.topk(kept, -1).indices, 1.0)
        sparse = torch.where(mask > 0, scores, torch.full_like(scores, float("-inf"))).softmax(-1)
        out = out + (sparse @ v) * share
    output: Tensor = module.project(out.reshape(x.shape))
    return output


def feed_forward(module: MixedScaleFeedForward, x: Tensor) -> Tensor:
    """The mixed-scale feed-forward part."""
    x = module.project_in(x)
    low3, high3 = torch.relu(module.first3(x)).chunk(2, 1)
    low5, high5 = torch.relu(module.first5(x)).chunk(2, 1)
    low = torch.relu(module.second3(torch.cat([low3, low5], 1)))
    high = torch.relu(module.second5(torch.cat([high3, high5], 1)))
    output: Tensor = module.project_out(torch.cat([low, high], 1))
    return output


def blocks(sequence: Iterable[Block], x: Tensor) -> Tensor:
    """Sparse transformer blocks, one after the other."""
    for block in sequence:
        x = x + attention(block.attention, norm(block.norm1, x))
        x = x + feed_forward(block.feed_forward, norm(block.norm2, x))
    return x


def compensate(module: Any, x: Tensor) -> Tensor:
    """The experts' steps: each expert's output weighted, all concatenated and merged."""
    weights = module.router(x.mean((2, 3))).reshape(len(x), len(module.steps), -1).softmax(-1)
    x = torch.relu(module.inlet(x))
    for i, step in enumerate(module.steps):
        states = [expert(x) * weights[:, i, j].view(-1, 1, 1, 1) for j, expert in enumerate(step.experts)]
        x = torch.relu(torch.relu(step.merge(torch.cat(states, 1))) + x)
    return x


def build(**arguments: Any) -> nn.Module:
    """A plain DRSformer of the same arguments as `DRSformer`."""
    return PlainDRSformer(**arguments)

"""Restormer: a U-shaped transformer whose attention runs across channels, with a gated depthwise feed-forward part.

Zamir et al., "Restormer: Efficient Transformer for High-Resolution Image Restoration", CVPR 2022 (arXiv 2111.09881)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from baselines.networks.shape.names import SHARED_NAMES, renamed
from baselines.networks.shape.norm import ChannelNorm
from baselines.networks.shape.pyramid import Pyramid, check_levels, conv1x1, depthwise
from baselines.networks.spec import NetworkSpec


class ChannelAttention(nn.Module):
    """Multi-Dconv head transposed attention: a C/heads x C/heads map per head (equation 1, figure 2a)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = conv1x1(width, 3 * width)
        self.qkv_depthwise = depthwise(3 * width, 3)
        self.project = conv1x1(width, width)

    def similarity(self, q: Tensor, k: Tensor) -> Tensor:
        """The cosines of query with key channels times the temperature: two (N, heads, c, HW) to (N, heads, c, c)."""
        least = max(1e-12, torch.finfo(q.dtype).tiny)  # half precision has no 1e-12
        return F.normalize(q, dim=-1, eps=least) @ F.normalize(k, dim=-1, eps=least).mT * self.temperature

    def attend(self, similarity: Tensor, v: Tensor) -> Tensor:
        """The attention map of a similarity (N, heads, c, c) times the value channels (N, heads, c, HW)."""
        return similarity.softmax(-1) @ v

    def forward(self, x: Tensor) -> Tensor:
        """Attended features, (N, C, H, W) to the same."""
        qkv = self.qkv_depthwise(self.qkv(x))
        q, k, v = rearrange(qkv, "n (three heads c) h w -> three n heads c (h w)", three=3, heads=self.heads)
        attended = self.attend(self.similarity(q, k), v)
        output: Tensor = self.project(rearrange(attended, "n heads c (h w) -> n (heads c) h w", h=x.shape[2]))
        return output


class GatedFeedForward(nn.Module):
    """Gated-Dconv feed-forward network: the GELU of half the hidden channels gates the rest (equation 2, figure 2b)."""

    def __init__(self, width: int, expansion: float) -> None:
        super().__init__()
        self.hidden = int(width * expansion)
        self.project_in = conv1x1(width, 2 * self.hidden)
        self.depthwise = depthwise(2 * self.hidden, 3)
        self.project_out = conv1x1(self.hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Transformed features, (N, C, H, W) to the same."""
        gate, value = self.depthwise(self.project_in(x)).chunk(2, 1)
        output: Tensor = self.project_out(F.gelu(gate) * value)
        return output


class Block(nn.Module):
    """One transformer block: attention, then feed-forward, each normalised before and with a skip around (figure 2)."""

    def __init__(self, width: int, heads: int, expansion: float, norm_bias: bool) -> None:
        super().__init__()
        self.norm1 = ChannelNorm(width, norm_bias)
        self.attention = ChannelAttention(width, heads)
        self.norm2 = ChannelNorm(width, norm_bias)
        self.feed_forward = GatedFeedForward(width, expansion)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, C, H, W) to the same."""
        x = x + self.attention(self.norm1(x))
        output: Tensor = x + self.feed_forward(self.norm2(x))
        return output


class Restormer(Pyramid):
    """Restormer on images (N, 3, H, W) in [0, 1] of any size; the restored image is not clamped.

    `blocks` and `heads` are per level, the bottleneck last; `refinement` counts the blocks after the decoder.
    `norm_bias` chooses the form of LayerNorm: released True for deraining and deblurring, False for denoising.
    """

    def __init__(  # noqa: PLR0913
        self,
        width: int = 48,
        blocks: Sequence[int] = (4, 6, 6, 8),
        refinement: int = 4,
        heads: Sequence[int] = (1, 2, 4, 8),
        expansion: float = 2.66,
        norm_bias: bool = True,
    ) -> None:
        check_levels("Restormer", width, blocks, heads)

        def level(channels: int, k: int, count: int) -> nn.Sequential:
            return nn.Sequential(*(Block(channels, heads[k], expansion, norm_bias) for _ in range(count)))

        super().__init__(
            width, blocks, level, nn.Conv2d(3, width, 3, padding=1, bias=False), level(2 * width, 0, refinement)
        )


_NAMES = (*SHARED_NAMES, (r"ffn\.dwconv\.", "feed_forward.depthwise."), (r"ffn\.", "feed_forward."))


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict from the authors' (its `params` wrapper removed). Raises ValueError for keys not Restormer's."""
    return renamed(state, _NAMES, "Restormer")


SPEC = NetworkSpec(
    id="restormer",
    title="Restormer",
    network="baselines.networks.restormer:Restormer",
    paper="Zamir et al., CVPR 2022",
    year=2022,
    kind="teacher",
    licence="code and checkpoints: Academic Public License, non-commercial use only (github.com/swz30/Restormer)",
    arguments={
        "paper": {"width": 48, "blocks": (4, 6, 6, 8), "refinement": 4},
        "mini": {"width": 12, "blocks": (2, 2, 2, 2), "refinement": 2},
    },
    by_task={"denoising": {"paper": {"norm_bias": False}, "mini": {"norm_bias": False}}},
    recipe={
        "iterations": 300_000,
        "batch": 64,
        "optimiser": "adamw",
        "lr": 3e-4,
        "final_lr": 1e-6,
        "hold": 0.306667,  # 92,000 steps
        "clip": 0.01,
        "stages": (
            (0.306667, 64, 128),
            (0.52, 40, 160),
            (0.68, 32, 192),
            (0.8, 16, 256),
            (0.92, 8, 320),
            (1.0, 8, 384),
        ),
    },
    simplified="Here: without the mixing of pairs (mixup) of the authors' options.",
    mini_recipe={"iterations": 2000, "lr": 1e-3},
    mini_recipe_by_task={
        "deblurring": {"lr": 3e-3, "clip": 0.1, "clean_share": 0.1},
        "denoising": {"lr": 3e-3, "clip": 0.1},
    },
)

"""DRSformer: Restormer's U with sparse channel attention, a mixed-scale feed-forward part and experts at both ends.

Chen et al., "Learning A Sparse Transformer Network for Effective Image Deraining", CVPR 2023 (arXiv 2303.11950).
With width 24, blocks (2, 2, 2, 4) and two steps of experts it is the SLKD paper's student DRS-SL (its Table I).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.restormer import ChannelAttention
from baselines.networks.shape.names import SHARED_NAMES, renamed
from baselines.networks.shape.norm import ChannelNorm
from baselines.networks.shape.pyramid import Pyramid, check_levels, conv1x1, depthwise
from baselines.networks.spec import NetworkSpec

KEPT = ((1, 2), (2, 3), (3, 4), (4, 5))  # fractions of a row of the attention map, by its four sparse versions


class SparseAttention(ChannelAttention):
    """Top-k sparse attention across channels: four maps that keep ever more of a row, mixed (equations 2 to 4)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads)
        self.kept = [width // heads * above // below for above, below in KEPT]
        self.mixture = nn.Parameter(torch.full((len(KEPT),), 0.2))

    def similarity(self, q: Tensor, k: Tensor) -> Tensor:
        """The cosines times the temperature, of channels whose pixels lie side by side in memory.

        Which channels a row keeps hangs on the last digits where two are nearly alike. Norms over strided memory are ten
        times less exact, and flip ten times as many of these choices.
        """
        return super().similarity(q.contiguous(), k.contiguous())

    def attend(self, similarity: Tensor, v: Tensor) -> Tensor:
        """The four maps, each times the value channels (N, heads, c, HW), in the order of the paper."""
        order = similarity.topk(self.kept[-1], -1).indices
        mixed = torch.zeros_like(v)
        for share, kept in zip(self.mixture.unbind(), self.kept, strict=True):
            barred = torch.full_like(similarity, -torch.inf).scatter(-1, order[..., :kept], 0.0)
            mixed = mixed + share * ((similarity + barred).softmax(-1) @ v)
        return mixed


class MixedScaleFeedForward(nn.Module):
    """Mixed-scale feed-forward network: 3 x 3 and 5 x 5 branches that exchange halves once (equation 5, figure 2c)."""

    def __init__(self, width: int, expansion: float) -> None:
        super().__init__()
        hidden = int(width * expansion)
        self.project_in = conv1x1(width, 2 * hidden)
        self.first3 = depthwise(2 * hidden, 3)
        self.first5 = depthwise(2 * hidden, 5)
        self.second3 = nn.Conv2d(2 * hidden, hidden, 3, padding=1, groups=hidden, bias=False)
        self.second5 = nn.Conv2d(2 * hidden, hidden, 5, padding=2, groups=hidden, bias=False)
        self.project_out = conv1x1(2 * hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Transformed features, (N, C, H, W) to the same."""
        x = self.project_in(x)
        low3, high3 = self.first3(x).relu().chunk(2, 1)
        low5, high5 = self.first5(x).relu().chunk(2, 1)
        low = self.second3(torch.cat((low3, low5), 1))
        high = self.second5(torch.cat((high3, high5), 1))
        output: Tensor = self.project_out(torch.cat((low, high), 1).relu())
        return output


class Block(nn.Module):
    """One sparse transformer block: attention, then feed-forward, each normalised before and with a skip around."""

    def __init__(self, width: int, heads: int, expansion: float) -> None:
        super().__init__()
        self.norm1 = ChannelNorm(width)
        self.attention = SparseAttention(width, heads)
        self.norm2 = ChannelNorm(width)
        self.feed_forward = MixedScaleFeedForward(width, expansion)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, C, H, W) to the same."""
        x = x + self.attention(self.norm1(x))
        output: Tensor = x + self.feed_forward(self.norm2(x))
        return output


def separable(width: int, kernel: int) -> nn.Sequential:
    """Two depthwise separable convolutions with a ReLU between."""
    return nn.Sequential(
        depthwise(width, kernel), conv1x1(width, width), nn.ReLU(), depthwise(width, kernel), conv1x1(width, width)
    )


class Dilated(nn.Conv2d):
    """A depthwise convolution of dilation 2.

    On a CPU in half precision it runs over contiguous memory: the gradient of its weights that oneDNN computes over
    channels-last memory is wrong there, up to infinite.
    """

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__(width, width, kernel, padding=2 * (kernel // 2), dilation=2, groups=width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        exact = x.dtype in (torch.float32, torch.float64) or x.device.type != "cpu"
        return super().forward(x if exact else x.contiguous())


def dilated(width: int, kernel: int) -> nn.Sequential:
    """One depthwise separable convolution of dilation 2."""
    return nn.Sequential(Dilated(width, kernel), conv1x1(width, width))


class Experts(nn.Module):
    """One step of the compensator: eight experts on the same features, weighted, merged and added to them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.experts = nn.ModuleList(
            [
                *(separable(width, kernel) for kernel in (1, 3, 5, 7)),
                *(dilated(width, kernel) for kernel in (3, 5, 7)),
                nn.AvgPool2d(3, 1, 1, count_include_pad=False),
            ]
        )
        self.merge = conv1x1(len(self.experts) * width, width)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Features (N, C, H, W) to the same, with `weights` (N, 8) of the experts."""
        opinions = [expert(x) * weights[:, i, None, None, None] for i, expert in enumerate(self.experts)]
        output: Tensor = x + self.merge(torch.cat(opinions, 1)).relu()  # not negative, as x is not
        return output


class Compensator(nn.Module):
    """Mixture of experts feature compensator: the mean features weigh the experts of every step (section 3.4)."""

    def __init__(self, width: int, steps: int) -> None:
        super().__init__()
        outputs = 8 * steps
        self.router = nn.Sequential(nn.Linear(width, 2 * outputs), nn.ReLU(), nn.Linear(2 * outputs, outputs))
        self.inlet = conv1x1(width, width)
        self.steps = nn.ModuleList(Experts(width) for _ in range(steps))

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, C, H, W) to the same; they come out not negative."""
        weights = self.router(F.adaptive_avg_pool2d(x, 1).flatten(1)).unflatten(1, (len(self.steps), -1)).softmax(-1)
        x = self.inlet(x).relu()
        for i, step in enumerate(self.steps):
            x = step(x, weights[:, i])
        return x


class DRSformer(Pyramid):
    """DRSformer on images (N, 3, H, W) in [0, 1] of any size; the restored image is not clamped.

    `blocks` and `heads` are per level, the bottleneck last; `mefc_steps` counts the steps of experts at either end.
    Paper: experts before the encoder and after the decoder. Here: always, though the authors' weights for Rain200L and
    SPA-Data do without.
    """

    def __init__(
        self,
        width: int = 48,
        blocks: Sequence[int] = (4, 6, 6, 8),
        heads: Sequence[int] = (1, 2, 4, 8),
        expansion: float = 2.66,
        mefc_steps: int = 4,
    ) -> None:
        check_levels("DRSformer", width, blocks, heads)

        def level(channels: int, k: int, count: int) -> nn.Sequential:
            return nn.Sequential(*(Block(channels, heads[k], expansion) for _ in range(count)))

        embed = nn.Sequential(nn.Conv2d(3, width, 3, padding=1, bias=False), Compensator(width, mefc_steps))
        super().__init__(width, blocks, level, embed, Compensator(2 * width, mefc_steps))


_COMPENSATOR = r"(encoder_level0|refinement)\.layers\."
_ENDS = {"encoder_level0": "embed.1", "refinement": "refinement"}
_NAMES = (
    (_COMPENSATOR + r"0\.ca_fc\.", lambda m: f"{_ENDS[m[1]]}.router."),
    (_COMPENSATOR + r"1\.preprocess\.op\.0\.", lambda m: f"{_ENDS[m[1]]}.inlet."),
    (_COMPENSATOR + r"1\._ops\.(\d+)\._ops\.(\d)\.op\.", lambda m: f"{_ENDS[m[1]]}.steps.{m[2]}.experts.{m[3]}."),
    (_COMPENSATOR + r"1\._ops\.(\d+)\._out\.0\.", lambda m: f"{_ENDS[m[1]]}.steps.{m[2]}.merge."),
    (r"patch_embed\.proj\.", "embed.0."),
    *SHARED_NAMES,
    (r"ffn\.dwconv([35])x\1\.", r"feed_forward.first\1."),
    (r"ffn\.dwconv([35])x\1_1\.", r"feed_forward.second\1."),
    (r"ffn\.", "feed_forward."),
)


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict from the authors' (its `params` wrapper removed). Raises ValueError for keys not DRSformer's."""
    ours = renamed(state, _NAMES, "DRSformer with its experts (Rain200H, DID-Data or DDN-Data)")
    mixtures: dict[str, dict[int, Tensor]] = {}
    for key in [key for key in ours if ".attention.attn" in key]:
        stem, _, number = key.partition(".attention.attn")
        mixtures.setdefault(stem, {})[int(number)] = ours.pop(key)
    if not mixtures or "embed.1.inlet.weight" not in ours:
        raise ValueError(
            "expected the state dict of a DRSformer, found no sparse attention or no experts in it: "
            "pass the authors' `params` entry of a checkpoint for Rain200H, DID-Data or DDN-Data"
        )
    for stem, parts in mixtures.items():
        ours[f"{stem}.attention.mixture"] = torch.cat([parts[i] for i in sorted(parts)])
    return ours


SPEC = NetworkSpec(
    id="drsformer",
    title="DRSformer",
    network="baselines.networks.drsformer:DRSformer",
    paper="Chen et al., CVPR 2023",
    year=2023,
    kind="teacher",
    licence="code and checkpoints: none found (github.com/cschenxiang/DRSformer)",
    arguments={
        "paper": {"width": 48, "blocks": (4, 6, 6, 8), "mefc_steps": 4},
        "mini": {"width": 12, "blocks": (1, 1, 2, 2), "mefc_steps": 1},
    },
    recipe={
        "iterations": 300_000,
        "batch": 16,
        "optimiser": "adamw",
        "lr": 3e-4,
        "final_lr": 1e-6,
        "hold": 0.306667,  # 92,000 steps
        "clip": 0.01,
    },
    mini_recipe={"iterations": 1500, "lr": 1e-3},
    mini_recipe_by_task={"deblurring": {"clean_share": 0.15, "clean_from": 0.5}, "denoising": {"iterations": 1000}},
)

"""DRSformer: Restormer's U with sparse channel attention, a mixed-scale feed-forward part and experts at both ends.

Chen et al., "Learning A Sparse Transformer Network for Effective Image Deraining", CVPR 2023 (arXiv 2303.11950).
With width 24, blocks (2, 2, 2, 4) and two steps of experts it is the SLKD paper's student DRS-SL (its Table I).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.restormer import ChannelAttention, ChannelNorm
from baselines.networks.shape.layout import only_inference
from baselines.networks.shape.pyramid import SHARED_NAMES, Pyramid, by_pixel, check_levels, published_form, rename
from baselines.networks.spec import NetworkSpec

KEPT = ((1, 2), (2, 3), (3, 4), (4, 5))  # fractions of a row of the attention map, by its four sparse versions


def depthwise(width: int, kernel: int, dilation: int = 1) -> nn.Conv2d:
    """A convolution of each channel by itself, of unchanged size."""
    padding = dilation * (kernel // 2)
    return nn.Conv2d(width, width, kernel, padding=padding, dilation=dilation, groups=width, bias=False)


class SparseAttention(ChannelAttention):
    """Top-k sparse attention across channels: four maps that keep ever more of a row, mixed (equations 2 to 4)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads)
        self.kept = [width // heads * above // below for above, below in KEPT]
        self.mixture = nn.Parameter(torch.full((len(KEPT),), 0.2))

    def map(self, similarity: Tensor) -> Tensor:
        """The mixture of the four sparse softmaxes of (N, heads, c, c), of the same shape, by one sort of each row.

        The sets of kept channels are nested, so each softmax is the row's exponentials over a running sum of them.
        """
        ranked, order = similarity.topk(self.kept[-1], -1)
        exponentials = (ranked - ranked[..., :1].detach()).exp()
        share = self.mixture / exponentials.cumsum(-1)[..., [k - 1 for k in self.kept]]
        starts = [0, *self.kept]
        weights = [
            exponentials[..., start:end] * share[..., i:].sum(-1, keepdim=True)
            for i, (start, end) in enumerate(pairwise(starts))
        ]
        return torch.zeros_like(similarity).scatter(-1, order, torch.cat(weights, -1).to(similarity.dtype))

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
        self.project_in = nn.Conv2d(width, 2 * hidden, 1, bias=False)
        self.first3 = depthwise(2 * hidden, 3)
        self.first5 = depthwise(2 * hidden, 5)
        self.second3 = nn.Conv2d(2 * hidden, hidden, 3, padding=1, groups=hidden, bias=False)
        self.second5 = nn.Conv2d(2 * hidden, hidden, 5, padding=2, groups=hidden, bias=False)
        self.project_out = nn.Conv2d(2 * hidden, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transformed features, (N, C, H, W) to the same."""
        if by_pixel(x) and not published_form(self):
            return self.by_halves(x)
        x = self.project_in(x)
        low3, high3 = self.first3(x).relu().chunk(2, 1)
        low5, high5 = self.first5(x).relu().chunk(2, 1)
        low = self.second3(torch.cat((low3, low5), 1))
        high = self.second5(torch.cat((high3, high5), 1))
        return self.project_out(torch.cat((low, high), 1).relu())

    def by_halves(self, x: Tensor) -> Tensor:
        """The same, the half for 3 x 3 and the half for 5 x 5 by themselves, each pair of channels filtered and added.

        Depthwise filters run far faster than groups of two channels, and halves of their own need no strided views.
        """
        hidden = self.second3.out_channels
        tokens = x.permute(0, 2, 3, 1)
        parts = []
        for i, second in enumerate((self.second3, self.second5)):
            half = F.linear(tokens, self.project_in.weight.chunk(2)[i].flatten(1)).permute(0, 3, 1, 2)
            branches = [
                F.conv2d(half, first.weight.chunk(2)[i], padding=first.padding, groups=hidden).relu_()
                for first in (self.first3, self.first5)
            ]
            filters = second.weight.reshape(2 * hidden, 1, *second.kernel_size)
            pairs = F.conv2d(torch.cat(branches, 1), filters, padding=second.padding, groups=2 * hidden)
            half = (pairs[:, 0::2] + pairs[:, 1::2]).relu_().permute(0, 2, 3, 1)
            parts.append(F.linear(half, self.project_out.weight.chunk(2, 1)[i].flatten(1)))
        return (parts[0] + parts[1]).permute(0, 3, 1, 2)


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
        return x + self.feed_forward(self.norm2(x))


def separable(width: int, kernel: int) -> nn.Sequential:
    """Two depthwise separable convolutions with a ReLU between."""
    return nn.Sequential(
        depthwise(width, kernel),
        nn.Conv2d(width, width, 1, bias=False),
        nn.ReLU(),
        depthwise(width, kernel),
        nn.Conv2d(width, width, 1, bias=False),
    )


def dilated(width: int, kernel: int) -> nn.Sequential:
    """One depthwise separable convolution of dilation 2."""
    return nn.Sequential(depthwise(width, kernel, 2), nn.Conv2d(width, width, 1, bias=False))


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
        self.merge = nn.Conv2d(len(self.experts) * width, width, 1, bias=False)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Features (N, C, H, W) to the same, with `weights` (N, 8) of the experts."""
        if by_pixel(x) and not published_form(self):
            return self.merged(x, weights)
        opinions = [expert(x) * weights[:, i, None, None, None] for i, expert in enumerate(self.experts)]
        return x + self.merge(torch.cat(opinions, 1)).relu()  # not negative, as x is not

    def merged(self, x: Tensor, weights: Tensor) -> Tensor:
        """The same, with each expert's last projection, its weight and its part of the merging as one matrix an image."""
        n, width, height, columns = x.shape
        out = x.new_zeros(()).expand(n, height * columns, width)
        for i, (expert, part) in enumerate(zip(self.experts, self.merge.weight.flatten(1).chunk(8, 1), strict=True)):
            if isinstance(expert, nn.Sequential):
                last: Any = expert[-1]
                opinion, matrix = expert[:-1](x), part @ last.weight.flatten(1)
            else:
                opinion, matrix = expert(x), part
            tokens = opinion.permute(0, 2, 3, 1).reshape(n, height * columns, width)
            out = torch.baddbmm(out, tokens, (weights[:, i, None, None] * matrix).mT)
        return x + out.relu().mT.reshape(x.shape)


class Compensator(nn.Module):
    """Mixture of experts feature compensator: the mean features weigh the experts of every step (section 3.4)."""

    def __init__(self, width: int, steps: int) -> None:
        super().__init__()
        outputs = 8 * steps
        self.router = nn.Sequential(nn.Linear(width, 2 * outputs), nn.ReLU(), nn.Linear(2 * outputs, outputs))
        self.inlet = nn.Conv2d(width, width, 1, bias=False)
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

    def forward(self, image: Tensor) -> Tensor:
        """The restored image, (N, 3, H, W), not clamped.

        Which channels the attention keeps hangs on roundings where two are nearly alike, and a CPU rounds a batch
        otherwise than one image. So in inference there, where a batch is no faster, images go one by one: what is made
        of an image does not depend on its neighbours.
        """
        if len(image) > 1 and image.device.type == "cpu" and only_inference(self):
            return torch.cat([super(DRSformer, self).forward(one) for one in image.split(1)])
        return super().forward(image)


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
_KNOWN = re.compile(r"(embed\.[01]|encoder\.\d|decoder\.\d|down\.\d|up\.\d|reduce\.\d|refinement|output)\.")


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict from the authors' (its `params` wrapper removed). Raises ValueError for keys not DRSformer's."""
    ours: dict[str, Tensor] = {}
    mixtures: dict[str, dict[int, Tensor]] = {}
    for key, value in state.items():
        name = rename(key, _NAMES)
        stem, found, number = name.partition(".attention.attn")
        if found:
            mixtures.setdefault(stem, {})[int(number)] = value
        else:
            ours[name] = value
    for stem, parts in mixtures.items():
        ours[f"{stem}.attention.mixture"] = torch.cat([parts[i] for i in sorted(parts)])
    strange = [name for name in ours if not _KNOWN.match(name)]
    missing = [name for name in ("embed.0.weight", "embed.1.inlet.weight", "output.weight") if name not in ours]
    if strange or missing or not mixtures:
        raise ValueError(
            f"expected the state dict of a DRSformer with its experts, found keys left over {strange[:5]} and missing "
            f"{missing}: pass the authors' `params` entry of a checkpoint for Rain200H, DID-Data or DDN-Data"
        )
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

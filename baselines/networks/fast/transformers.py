"""Fast forms of the transformers: attention across channels, sparse attention, windows, gated and mixed-scale parts."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks import drsformer, restormer, uformer
from baselines.networks.shape import norm
from baselines.networks.shape.layout import by_pixel


class ChannelNorm(norm.ChannelNorm):
    """As torch's own layer norm where channels lie side by side."""

    def forward(self, x: Tensor) -> Tensor:
        """The normalised features (N, C, H, W), of the same shape."""
        if self.bias is None or not by_pixel(x):
            return super().forward(x)
        return F.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias).permute(0, 3, 1, 2)


class ChannelAttention(restormer.ChannelAttention):
    """The map and the projection after it are one small matrix an image, applied to the values once."""

    def similarity(self, q: Tensor, k: Tensor) -> Tensor:
        """Products first, then divided by the norms: two (N, heads, c, HW) to (N, heads, c, c)."""
        if q.dtype == torch.float16:  # sums over a whole image would overflow before they are divided by the norms
            return super().similarity(q, k)
        norms = [torch.linalg.vector_norm(x, dim=-1).clamp_min(1e-12) for x in (q, k)]
        output: Tensor = q @ k.mT / (norms[0][..., :, None] * norms[1][..., None, :]) * self.temperature
        return output

    def map(self, similarity: Tensor) -> Tensor:
        """The attention map of a similarity, (N, heads, c, c) to the same."""
        return similarity.softmax(-1)

    def forward(self, x: Tensor) -> Tensor:
        """Attended features, (N, C, H, W) to the same."""
        n, width, height, columns = x.shape
        q, k, v = (
            part.reshape(n, self.heads, width // self.heads, height * columns)
            for part in self.qkv_depthwise(self.qkv(x)).chunk(3, 1)
        )
        projection = self.project.weight.view(width, self.heads, -1).transpose(0, 1) @ self.map(self.similarity(q, k))
        projection = projection.transpose(1, 2).flatten(2)
        values = v.flatten(1, 2)
        if by_pixel(x):
            output: Tensor = (values.mT @ projection.mT).mT.reshape(x.shape)
            return output
        output = (projection @ values).reshape(x.shape)
        return output


class GatedFeedForward(restormer.GatedFeedForward):
    """Halves of their own, of whole vectors of 16 channels: no strided view to gate, no ragged depthwise filters."""

    def forward(self, x: Tensor) -> Tensor:
        """Transformed features, (N, C, H, W) to the same."""
        if not by_pixel(x):
            return super().forward(x)
        spare = -self.hidden % 16
        halves = []
        for into, each in zip(self.project_in.weight.chunk(2), self.depthwise.weight.chunk(2), strict=True):
            padded = F.pad(into[:, :, 0, 0], (0, 0, 0, spare)), F.pad(each, (0, 0, 0, 0, 0, 0, 0, spare))
            half = F.linear(x.permute(0, 2, 3, 1), padded[0]).permute(0, 3, 1, 2)
            halves.append(F.conv2d(half, padded[1], padding=1, groups=self.hidden + spare))
        gated = self.gated(*halves)
        out = F.pad(self.project_out.weight[:, :, 0, 0], (0, spare))
        return F.linear(gated.permute(0, 2, 3, 1), out).permute(0, 3, 1, 2)

    def gated(self, gate: Tensor, value: Tensor) -> Tensor:
        """The value (N, C, H, W) gated, in memory of its own, which a gradient needs."""
        return F.gelu(gate) * value


class InPlaceGatedFeedForward(GatedFeedForward):
    """The same, with one large tensor less."""

    def gated(self, gate: Tensor, value: Tensor) -> Tensor:
        """The value (N, C, H, W) gated."""
        return F.gelu(gate).mul_(value)


class SparseAttention(drsformer.SparseAttention, ChannelAttention):
    """The mixture of the four sparse softmaxes by one sort of each row.

    The sets of kept channels are nested, so each softmax is the row's exponentials over a running sum of them.
    """

    def map(self, similarity: Tensor) -> Tensor:
        """The mixed map, (N, heads, c, c) to the same."""
        ranked, order = similarity.topk(self.kept[-1], -1)
        exponentials = (ranked - ranked[..., :1].detach()).exp()
        sums = exponentials.cumsum(-1)
        share = self.mixture / torch.stack([sums[..., kept - 1] for kept in self.kept], -1)
        weights = [
            exponentials[..., start:end] * share[..., i:].sum(-1, keepdim=True)
            for i, (start, end) in enumerate(pairwise([0, *self.kept]))
        ]
        return torch.zeros_like(similarity).scatter(-1, order, torch.cat(weights, -1).to(similarity.dtype))


class ExactSparseAttention(SparseAttention):
    """With the similarities of a float32 image in float64.

    Which channels a row keeps hangs on their last digits, and sums over all pixels are what rounds them most.
    """

    def similarity(self, q: Tensor, k: Tensor) -> Tensor:
        """Two (N, heads, c, HW) to (N, heads, c, c)."""
        if q.dtype != torch.float32 or q.device.type == "mps":
            return super().similarity(q, k)
        return super().similarity(q.double(), k.double()).to(q.dtype)


class MixedScaleFeedForward(drsformer.MixedScaleFeedForward):
    """The half for 3 x 3 and the half for 5 x 5 by themselves, each pair of channels filtered and added.

    Depthwise filters run far faster than groups of two channels, and halves of their own need no strided views.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Transformed features, (N, C, H, W) to the same."""
        if not by_pixel(x):
            return super().forward(x)
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


class Experts(drsformer.Experts):
    """Each expert's last projection, its weight and its part of the merging as one matrix an image."""

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Features (N, C, H, W) to the same, with `weights` (N, 8) of the experts."""
        if not by_pixel(x):
            return super().forward(x, weights)
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


class DRSformer(drsformer.DRSformer):
    """Images one by one on a CPU, where a batch is no faster.

    Which channels the attention keeps hangs on roundings where two are nearly alike, and a CPU rounds a batch otherwise than
    one image. So what is made of an image does not depend on its neighbours.
    """

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W)."""
        if len(image) == 1 or image.device.type != "cpu":
            return super().forward(image)
        return torch.cat([super(DRSformer, self).forward(one) for one in image.split(1)])


class WindowAttention(uformer.WindowAttention):
    """By torch's fused kernel, which on a CPU gives no gradient of the bias."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
        """Mixes the values of every window: three (B, heads, window^2, c) to the same."""
        return F.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))


class WindowAttentionWithGradients(WindowAttention):
    """By the fused kernel on a GPU alone."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
        """Mixes the values of every window: three (B, heads, window^2, c) to the same."""
        if query.is_cuda:
            return super().attend(query, key, value, bias)
        return uformer.WindowAttention.attend(self, query, key, value, bias)

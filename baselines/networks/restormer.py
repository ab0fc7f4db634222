"""Restormer: a U-shaped transformer whose attention runs across channels, with a gated depthwise feed-forward part.

Zamir et al., "Restormer: Efficient Transformer for High-Resolution Image Restoration", CVPR 2022 (arXiv 2111.09881).
With width 24 and blocks (1, 2, 2, 4) it is the SLKD paper's student Res-SL (its Table I).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.features import Features
from baselines.networks.padding import pad_to_multiple

STRIDE = 8  # of the bottleneck: three halvings


class ChannelNorm(nn.Module):
    """Normalises (N, C, H, W) over each pixel's channels; without `bias` the mean is left in, as the authors do."""

    def __init__(self, width: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """The normalised features, of the same shape. Paper: epsilon is not given. Here: 1e-5, the authors' value."""
        variance, mean = torch.var_mean(x, 1, correction=0, keepdim=True)
        scale = torch.rsqrt(variance + 1e-5)
        if self.bias is None:
            return x * scale * self.weight[:, None, None]
        return torch.addcmul(self.bias[:, None, None], (x - mean) * scale, self.weight[:, None, None])


class ChannelAttention(nn.Module):
    """Multi-Dconv head transposed attention: a C/heads x C/heads map per head (equation 1, figure 2a)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv2d(width, 3 * width, 1, bias=False)
        self.qkv_depthwise = nn.Conv2d(3 * width, 3 * width, 3, padding=1, groups=3 * width, bias=False)
        self.project = nn.Conv2d(width, width, 1, bias=False)

    def attention_map(self, q: Tensor, k: Tensor) -> Tensor:
        """The softmax of the cosines of query with key channels: two (N, heads, c, HW) to (N, heads, c, c)."""
        if q.dtype == torch.float16:  # sums over a whole image would overflow before they are divided by the norms
            similarity = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
        else:
            norms = [torch.linalg.vector_norm(x, dim=-1).clamp_min(1e-12) for x in (q, k)]
            similarity = q @ k.transpose(-2, -1) / (norms[0][..., :, None] * norms[1][..., None, :])
        return (similarity * self.temperature).softmax(-1)

    def forward(self, x: Tensor) -> Tensor:
        """Attended features, (N, C, H, W) to the same."""
        n, width, height, columns = x.shape
        q, k, v = (
            part.reshape(n, self.heads, width // self.heads, height * columns)
            for part in self.qkv_depthwise(self.qkv(x)).chunk(3, 1)
        )
        attention = self.attention_map(q, k)
        return self.project((attention @ v).reshape(n, width, height, columns))


class GatedFeedForward(nn.Module):
    """Gated-Dconv feed-forward network: the GELU of half the hidden channels gates the rest (equation 2, figure 2b)."""

    def __init__(self, width: int, expansion: float) -> None:
        super().__init__()
        hidden = int(width * expansion)
        self.project_in = nn.Conv2d(width, 2 * hidden, 1, bias=False)
        self.depthwise = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False)
        self.project_out = nn.Conv2d(hidden, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transformed features, (N, C, H, W) to the same."""
        gate, value = self.depthwise(self.project_in(x)).chunk(2, 1)
        return self.project_out(F.gelu(gate) * value)


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
        return x + self.feed_forward(self.norm2(x))


def halve(width: int) -> nn.Sequential:
    """(N, width, H, W) to (N, 2 width, H/2, W/2)."""
    return nn.Sequential(nn.Conv2d(width, width // 2, 3, padding=1, bias=False), nn.PixelUnshuffle(2))


def double(width: int) -> nn.Sequential:
    """(N, width, H, W) to (N, width/2, 2H, 2W)."""
    return nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1, bias=False), nn.PixelShuffle(2))


class Restormer(nn.Module):
    """Restormer on images (N, 3, H, W) in [0, 1] of any size; the restored image is not clamped.

    `blocks` and `heads` are per level, the bottleneck last; `refinement` counts the blocks after the decoder.
    `norm_bias` chooses the form of LayerNorm: released True for deraining and deblurring, False for denoising.
    """

    def __init__(
        self,
        width: int = 48,
        blocks: Sequence[int] = (4, 6, 6, 8),
        refinement: int = 4,
        heads: Sequence[int] = (1, 2, 4, 8),
        expansion: float = 2.66,
        norm_bias: bool = True,
    ) -> None:
        super().__init__()
        if len(blocks) != 4 or len(heads) != 4 or width % 2:
            raise ValueError(
                f"Restormer expects an even width and four levels of blocks and heads, found width {width}, blocks "
                f"{tuple(blocks)} and heads {tuple(heads)}: give e.g. width=48, blocks=(4, 6, 6, 8), heads=(1, 2, 4, 8)"
            )
        widths = [width * 2**k for k in range(4)]

        def level(channels: int, k: int, count: int) -> nn.Sequential:
            return nn.Sequential(*(Block(channels, heads[k], expansion, norm_bias) for _ in range(count)))

        self.encoder_widths = tuple(widths)
        self.decoder_widths = (2 * widths[0], widths[1], widths[2])
        self.embed = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.encoder = nn.ModuleList(level(widths[k], k, blocks[k]) for k in range(4))
        self.down = nn.ModuleList(halve(widths[k]) for k in range(3))
        self.up = nn.ModuleList(double(widths[k + 1]) for k in range(3))
        self.reduce = nn.ModuleList(
            nn.Conv2d(2 * widths[k], widths[k], 1, bias=False) if k else nn.Identity() for k in range(3)
        )
        self.decoder = nn.ModuleList(level(self.decoder_widths[k], k, blocks[k]) for k in range(3))
        self.refinement = level(self.decoder_widths[0], 0, refinement)
        self.output = nn.Conv2d(self.decoder_widths[0], 3, 3, padding=1, bias=False)

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """The four encoder features, stride 1 first, the bottleneck last, of the image padded to a multiple of 8."""
        x = self.embed(pad_to_multiple(image, STRIDE))
        features = []
        for k, blocks in enumerate(self.encoder):
            x = blocks(x if k == 0 else self.down[k - 1](x))
            features.append(x)
        return tuple(features)

    def decode(self, encoder: tuple[Tensor, ...], image: Tensor) -> Features:
        """Restores `image` from encoder features, its own or another network's of the same widths.

        `decoder[0]` is taken after the refinement blocks, so it is what the last convolution sees.
        """
        x = encoder[3]
        decoder: list[Tensor] = []
        for k in (2, 1, 0):
            x = self.decoder[k](self.reduce[k](torch.cat((self.up[k](x), encoder[k]), 1)))
            if k == 0:
                x = self.refinement(x)
            decoder.insert(0, x)
        restored = self.output(x)[..., : image.shape[-2], : image.shape[-1]] + image
        return Features(restored, tuple(encoder), tuple(decoder))

    def features(self, image: Tensor) -> Features:
        """The restored image with the encoder's and decoder's features, in one pass."""
        return self.decode(self.encode(image), image)

    def forward(self, image: Tensor) -> Tensor:
        """The restored image, (N, 3, H, W), not clamped."""
        return self.features(image).restored


# The authors' names, as patterns, and ours.
_RENAMES = (
    (r"patch_embed\.proj\.", "embed."),
    (r"encoder_level(\d)\.", lambda m: f"encoder.{int(m[1]) - 1}."),
    (r"latent\.", "encoder.3."),
    (r"decoder_level(\d)\.", lambda m: f"decoder.{int(m[1]) - 1}."),
    (r"down(\d)_\d\.body\.", lambda m: f"down.{int(m[1]) - 1}."),
    (r"up\d_(\d)\.body\.", lambda m: f"up.{int(m[1]) - 1}."),
    (r"reduce_chan_level(\d)\.", lambda m: f"reduce.{int(m[1]) - 1}."),
    (r"(norm[12])\.body\.", r"\1."),
    (r"attn\.qkv_dwconv\.", "attention.qkv_depthwise."),
    (r"attn\.project_out\.", "attention.project."),
    (r"attn\.", "attention."),
    (r"ffn\.dwconv\.", "feed_forward.depthwise."),
    (r"ffn\.", "feed_forward."),
)
_KNOWN = re.compile(r"(embed|encoder\.\d|decoder\.\d|down\.\d|up\.\d|reduce\.\d|refinement|output)\.")


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict from the authors' (its `params` wrapper removed). Raises ValueError for keys not Restormer's."""
    renamed = {}
    for key, value in state.items():
        ours = key
        for pattern, name in _RENAMES:
            ours = re.sub(r"(?:(?<=^)|(?<=\.))" + pattern, name, ours)
        renamed[ours] = value
    strange = [theirs for theirs, ours in zip(state, renamed, strict=True) if not _KNOWN.match(ours)]
    missing = [name for name in ("embed.weight", "output.weight") if name not in renamed]
    if strange or missing:
        raise ValueError(
            f"expected the state dict of a Restormer, found keys left over {strange[:5]} and missing {missing}: "
            "pass the authors' `params` entry of a Restormer checkpoint"
        )
    return renamed

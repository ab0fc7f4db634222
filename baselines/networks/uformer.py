"""Uformer: a U-shaped transformer of shifted windows with a convolutional feed-forward.

Wang, Cun, Bao, Zhou, Liu and Li, "Uformer: A General U-Shaped Transformer for Image Restoration", CVPR 2022
(arXiv 2106.03106). Figure 2 gives the parts: stem, four encoder levels, bottleneck, four decoder levels, head.

Maps inside a level are (N, H, W, C); seen as (N, C, H, W) they are channels-last, so convolutions need no copy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from baselines.networks.shape.features import EncoderDecoder, Features
from baselines.networks.shape.windows import assemble, join_shifted, partition, shifted_parts
from baselines.networks.spec import NetworkSpec

BLOCKED = -100.0  # added to the attention logits of two tokens that are not neighbours in the image


class WindowAttention(nn.Module):
    """Multi-head self-attention inside windows with a learned bias per relative position (Equation 3)."""

    index: Tensor

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"expected a width that {heads} heads divide; found {width}; choose other heads")
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.bias_table = nn.Parameter(nn.init.trunc_normal_(torch.empty((2 * window - 1) ** 2, heads), std=0.02))
        row, column = (axis.flatten() for axis in torch.meshgrid(*2 * [torch.arange(window)], indexing="ij"))
        down, across = row[:, None] - row, column[:, None] - column
        index = (down + window - 1) * (2 * window - 1) + across + window - 1
        self.register_buffer("index", index.flatten(), persistent=False)

    def position_bias(self) -> Tensor:
        """(1, heads, window^2, window^2)."""
        tokens = int(self.index.numel() ** 0.5)
        return self.bias_table.t()[:, self.index].view(1, self.heads, tokens, tokens)

    def forward(self, windows: Tensor, bias: Tensor) -> Tensor:
        """(B, window^2, C) to the same; `bias` is added to the logits."""
        pattern = "batch tokens (three heads c) -> three batch heads tokens c"
        query, key, value = rearrange(self.qkv(windows), pattern, three=3, heads=self.heads)
        output: Tensor = self.out(
            rearrange(self.attend(query, key, value, bias), "batch heads tokens c -> batch tokens (heads c)")
        )
        return output

    def attend(self, query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
        """Mixes the values of every window: three (B, heads, window^2, c) to the same."""
        logits = (query * query.shape[-1] ** -0.5) @ key.mT + bias
        output: Tensor = logits.softmax(-1) @ value
        return output


class LocallyEnhancedFeedForward(nn.Module):
    """Linear, 3 x 3 depthwise convolution, linear, with GELU between (LeFF, Figure 2c)."""

    def __init__(self, width: int, expansion: int = 4) -> None:
        super().__init__()
        hidden = expansion * width
        self.expand = nn.Linear(width, hidden)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.project = nn.Linear(hidden, width)

    def forward(self, image: Tensor) -> Tensor:
        """(N, H, W, C) to the same."""
        hidden = F.gelu(self.expand(image)).permute(0, 3, 1, 2)
        output: Tensor = self.project(F.gelu(self.depthwise(hidden)).permute(0, 2, 3, 1))
        return output


class LeWinBlock(nn.Module):
    """Window attention, then the locally enhanced feed-forward, each after a norm and with a residual (Equation 2).

    With a `shift` the windows straddle those of the block before. A `modulator` is a learned token map that is added to
    every window (Section 3.3): the decoder's blocks have one.
    """

    bottom_mask: Tensor
    right_mask: Tensor

    def __init__(self, width: int, heads: int, window: int, shift: int, modulated: bool) -> None:
        super().__init__()
        self.window, self.shift = window, shift
        self.modulator = nn.Parameter(torch.randn(window * window, width)) if modulated else None
        self.norm1 = nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, window)
        self.norm2 = nn.LayerNorm(width)
        self.feed_forward = LocallyEnhancedFeedForward(width)
        wrapped = torch.arange(window) >= window - shift
        apart = (wrapped[:, None] ^ wrapped).float() * BLOCKED if shift else torch.zeros(window, window)
        rows = apart.repeat_interleave(window, 0).repeat_interleave(window, 1)
        self.register_buffer("bottom_mask", rows, persistent=False)
        self.register_buffer("right_mask", apart.repeat(window, window), persistent=False)

    def _attend(self, part: Tensor, bias: Tensor) -> Tensor:
        if part.numel() == 0:
            return part
        windows = self.norm1(partition(part, self.window))
        if self.modulator is not None:
            windows = windows + self.modulator
        return assemble(self.attention(windows, bias), part.shape, self.window)

    def _attend_shifted(self, image: Tensor, bias: Tensor) -> Tensor:
        parts = []
        for strip, below in zip(shifted_parts(image, self.window, self.shift), (False, True), strict=True):
            strip_bias = bias + self.bottom_mask if below else bias
            inside, edge = strip
            parts.append([self._attend(inside, strip_bias), self._attend(edge, strip_bias + self.right_mask)])
        return join_shifted(parts, self.window, self.shift)

    def forward(self, image: Tensor) -> Tensor:
        """(N, H, W, C) to the same; H and W are multiples of the window."""
        bias = self.attention.position_bias()
        image = image + (self._attend_shifted(image, bias) if self.shift else self._attend(image, bias))
        output: Tensor = image + self.feed_forward(self.norm2(image))
        return output


class Level(nn.Sequential):
    """The blocks of one resolution: every second one has shifted windows, unless one window is the whole map."""

    def __init__(self, depth: int, width: int, heads: int, window: int, resolution: int, modulated: bool) -> None:  # noqa: PLR0913
        shift = window // 2 if resolution > window else 0
        super().__init__(*(LeWinBlock(width, heads, window, shift * (i % 2), modulated) for i in range(depth)))

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        features = features.permute(0, 2, 3, 1).contiguous()
        for block in self:
            features = block(features)
        return features.permute(0, 3, 1, 2)


class Uformer(EncoderDecoder):
    """Uformer with LeFF and window modulators: (N, 3, H, W) in [0, 1] to the same, of any size, not clamped.

    `depths` and `heads` run through encoder, bottleneck and decoder. `built_for` is the training size: a level whose
    map is then one window has no shifted block (128 and 256 pixels differ in the bottleneck).
    Raises ValueError when a level's width is no multiple of its heads, or depths and heads differ in number.

    Paper: nothing on sizes; the authors' evaluation centres an image on a square zero canvas, a multiple of 128.
    Here: the same, 128 being one window at the bottleneck; without `square` the canvas may be oblong.
    """

    def __init__(  # noqa: PLR0913
        self,
        width: int = 32,
        depths: Sequence[int] = (1, 2, 8, 8, 2, 8, 8, 2, 1),
        window: int = 8,
        heads: Sequence[int] = (1, 2, 4, 8, 16, 16, 8, 4, 2),
        built_for: int = 256,
        square: bool = True,
    ) -> None:
        super().__init__()
        levels = len(depths) // 2
        if len(depths) != len(heads) or len(depths) % 2 == 0:
            raise ValueError(
                f"expected one depth and one number of heads a level, 2 n + 1 each; found {len(depths)} depths and "
                f"{len(heads)} heads; give both the same odd length"
            )
        self.square, self.multiple = square, window << levels
        self.encoder_widths = tuple(width << k for k in range(levels + 1))
        self.decoder_widths = tuple(2 * width << k for k in range(levels))

        def level(number: int, channels: int, stride: int, modulated: bool = False) -> Level:
            return Level(depths[number], channels, heads[number], window, built_for >> stride, modulated)

        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.encoder = nn.ModuleList(level(k, width << k, k) for k in range(levels))
        self.down = nn.ModuleList(nn.Conv2d(width << k, 2 * width << k, 4, 2, 1) for k in range(levels))
        self.bottleneck = level(levels, width << levels, levels)
        deepest_first = list(reversed(range(levels)))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(width << levels if k == levels - 1 else 4 * width << k, width << k, 2, 2)
            for k in deepest_first
        )
        self.decoder = nn.ModuleList(level(2 * levels - k, 2 * width << k, k, modulated=True) for k in deepest_first)
        self.head = nn.Conv2d(2 * width, 3, 3, padding=1)
        self.apply(_initialise)

    def _canvas(self, image: Tensor) -> tuple[int, int, int, int]:
        """What to add at the left, right, top and bottom of an image so that it lies in the centre of its canvas."""
        height, width = image.shape[-2:]
        tall, wide = (-(-size // self.multiple) * self.multiple for size in (height, width))
        if self.square:
            tall = wide = max(tall, wide)
        left, top = (wide - width) // 2, (tall - height) // 2
        return left, wide - width - left, top, tall - height - top

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """The encoder's maps on the canvas, stride 1 first, and the bottleneck's."""
        features = F.leaky_relu(self.stem(F.pad(image, self._canvas(image))), 0.01)
        encoder = []
        for level, down in zip(self.encoder, self.down, strict=True):
            encoder.append(level(features))
            features = down(encoder[-1])
        return (*encoder, self.bottleneck(features))

    def decode(self, encoder: tuple[Tensor, ...], image: Tensor) -> Features:
        """The restored image and the decoder's maps from the encoder's maps of `image`."""
        *skips, features = encoder
        decoder: list[Tensor] = []
        for up, level, skip in zip(self.up, self.decoder, reversed(skips), strict=True):
            features = level(torch.cat((up(features), skip), 1))
            decoder.insert(0, features)
        left, _, top, _ = self._canvas(image)
        height, width = image.shape[-2:]
        residual = self.head(features)[..., top : top + height, left : left + width]
        return Features(image + residual, encoder, tuple(decoder))


def _initialise(module: nn.Module) -> None:
    """The authors' initial weights: linear layers normal with 0.02, cut at 2, without bias."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)


_NAMES = (
    (r"^input_proj\.proj\.0\.", "stem."),
    (r"^output_proj\.proj\.0\.", "head."),
    (r"^encoderlayer_(\d+)\.blocks\.", r"encoder.\1."),
    (r"^decoderlayer_(\d+)\.blocks\.", r"decoder.\1."),
    (r"^conv\.blocks\.", "bottleneck."),
    (r"^dowsample_(\d+)\.conv\.0\.", r"down.\1."),
    (r"^upsample_(\d+)\.deconv\.0\.", r"up.\1."),
    (r"\.modulator\.weight$", ".modulator"),
    (r"\.attn\.relative_position_bias_table$", ".attention.bias_table"),
    (r"\.attn\.qkv\.to_q\.", ".attention.qkv."),
    (r"\.attn\.proj\.", ".attention.out."),
    (r"\.mlp\.linear1\.0\.", ".feed_forward.expand."),
    (r"\.mlp\.dwconv\.0\.", ".feed_forward.depthwise."),
    (r"\.mlp\.linear2\.0\.", ".feed_forward.project."),
)


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' state dict in our names: query and key-value projections joined, the position index left out.

    Raises ValueError when one of a pair of projections is missing or a key is none of Uformer's.
    """
    renamed = {}
    for key, tensor in state.items():
        if key.endswith(".relative_position_index") or (".to_kv." in key and key.replace(".to_kv.", ".to_q.") in state):
            continue
        if ".to_q." in key or ".to_kv." in key:
            partner = key.replace(".to_q.", ".to_kv.")
            if partner == key or partner not in state:
                raise ValueError(f"expected to_q and to_kv of one block; found only {key}; give the whole state dict")
            tensor = torch.cat((tensor, state[partner]))
        name = key
        for pattern, replacement in _NAMES:
            name = re.sub(pattern, replacement, name)
        if name == key:
            raise ValueError(f"expected the authors' keys of Uformer; found {key}; is it another network's checkpoint?")
        renamed[name] = tensor
    return renamed


SPEC = NetworkSpec(
    id="uformer",
    title="Uformer",
    network="baselines.networks.uformer:Uformer",
    paper="Wang et al., CVPR 2022",
    year=2022,
    kind="teacher",
    licence="code and checkpoints: MIT (github.com/ZhendongWang6/Uformer)",
    arguments={
        "paper": {"width": 32, "depths": (1, 2, 8, 8, 2, 8, 8, 2, 1)},
        "mini": {"width": 8, "depths": (1, 2, 1, 1, 1, 1, 1, 2, 1), "window": 4, "square": False},
    },
    recipe={
        "iterations": 250_000,
        "batch": 32,
        "optimiser": "adamw",
        "lr": 2e-4,
        "final_lr": 1e-6,
        "weight_decay": 0.02,
        "warmup": 3000,
        "objective": "benchmark.training.objectives.charbonnier:Charbonnier",
    },
    simplified="Paper: 250 epochs of batches of 32 for SIDD, 3,000 of 8 patches of 256 for GoPro. Here: the former for all.",
    mini_recipe={"iterations": 2000, "lr": 1e-3},
    mini_recipe_by_task={
        "deblurring": {"lr": 3e-3, "clip": 0.1, "clean_share": 0.15},
        "denoising": {"lr": 3e-3, "clip": 0.1},
    },
)

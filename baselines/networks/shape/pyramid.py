"""The U shape that Restormer drew and DRSformer took over: three halvings, skips by concatenation, a residual image."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from baselines.networks.shape.features import Features
from baselines.networks.shape.layout import fast_layout
from baselines.networks.shape.padding import pad_to_multiple

STRIDE = 8  # of the bottleneck: three halvings


def published_form(module: nn.Module) -> bool:
    """Whether `module` must run the operations of its paper one by one: while traced, and in evaluation with gradients.

    That is what operators are counted on and what is exported. Training and inference run the faster equal form.
    """
    return torch.jit.is_tracing() or (torch.is_grad_enabled() and not module.training)


def by_pixel(x: Tensor) -> bool:
    """Whether the channels of a pixel of `x` (N, C, H, W) lie side by side in memory."""
    return x.is_contiguous(memory_format=torch.channels_last)


def halve(width: int) -> nn.Sequential:
    """(N, width, H, W) to (N, 2 width, H/2, W/2)."""
    return nn.Sequential(nn.Conv2d(width, width // 2, 3, padding=1, bias=False), nn.PixelUnshuffle(2))


def double(width: int) -> nn.Sequential:
    """(N, width, H, W) to (N, width/2, 2H, 2W)."""
    return nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1, bias=False), nn.PixelShuffle(2))


def check_levels(network: str, width: int, blocks: Sequence[int], heads: Sequence[int]) -> None:
    """Raises ValueError where `network` cannot be built of four levels of these sizes."""
    if len(blocks) != 4 or len(heads) != 4 or width % 2 or any(width * 2**k % heads[k] for k in range(4)):
        raise ValueError(
            f"{network} expects an even width and four levels of blocks and of heads, which divide a level's channels, "
            f"found width {width}, blocks {tuple(blocks)} and heads {tuple(heads)}: "
            "give e.g. width=48, blocks=(4, 6, 6, 8), heads=(1, 2, 4, 8)"
        )


class Pyramid(nn.Module):
    """The network around the blocks: `level(channels, k, count)` makes the blocks of level k = 0 (stride 1) to 3.

    `embed` takes the image to `width` channels; `refinement` follows the decoder, at 2 `width` channels and stride 1,
    where the skip is concatenated without being reduced. Zamir et al., CVPR 2022, figure 2.
    """

    def __init__(
        self,
        width: int,
        blocks: Sequence[int],
        level: Callable[[int, int, int], nn.Module],
        embed: nn.Module,
        refinement: nn.Module,
    ) -> None:
        super().__init__()
        widths = [width * 2**k for k in range(4)]
        self.encoder_widths = tuple(widths)
        self.decoder_widths = (2 * widths[0], widths[1], widths[2])
        self.embed = embed
        self.encoder = nn.ModuleList(level(widths[k], k, blocks[k]) for k in range(4))
        self.down = nn.ModuleList(halve(widths[k]) for k in range(3))
        self.up = nn.ModuleList(double(widths[k + 1]) for k in range(3))
        self.reduce = nn.ModuleList(
            nn.Conv2d(2 * widths[k], widths[k], 1, bias=False) if k else nn.Identity() for k in range(3)
        )
        self.decoder = nn.ModuleList(level(self.decoder_widths[k], k, blocks[k]) for k in range(3))
        self.refinement = refinement
        self.output = nn.Conv2d(self.decoder_widths[0], 3, 3, padding=1, bias=False)

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """The four encoder features, stride 1 first, the bottleneck last, of the image padded to a multiple of 8."""
        x = self.embed(fast_layout(pad_to_multiple(image, STRIDE)))
        features = []
        for k, blocks in enumerate(self.encoder):
            x = blocks(x if k == 0 else self.down[k - 1](x))
            features.append(x)
        return tuple(features)

    def decode(self, encoder: tuple[Tensor, ...], image: Tensor) -> Features:
        """Restores `image` from encoder features, its own or another network's of the same widths.

        `decoder[0]` is taken after the refinement, so it is what the last convolution sees.
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


# The authors' names for the parts above, as patterns, and ours.
SHARED_NAMES = (
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
)


def rename(key: str, names: Sequence[tuple[str, str | Callable[[re.Match[str]], str]]]) -> str:
    """`key` with each pattern of `names`, at the start of a part of the key, replaced in turn."""
    for pattern, name in names:
        key = re.sub(r"(?:(?<=^)|(?<=\.))" + pattern, name, key)
    return key

"""The U shape that Restormer drew and DRSformer took over: three halvings, skips by concatenation, a residual image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from baselines.networks.shape.features import EncoderDecoder, Features
from baselines.networks.shape.layout import fast_layout
from baselines.networks.shape.padding import pad_to_multiple

STRIDE = 8  # of the bottleneck: three halvings


def conv1x1(inward: int, outward: int) -> nn.Conv2d:
    """A 1 x 1 convolution without bias."""
    return nn.Conv2d(inward, outward, 1, bias=False)


def depthwise(width: int, kernel: int) -> nn.Conv2d:
    """A convolution of each channel by itself, of unchanged size, without bias."""
    return nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width, bias=False)


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


class Pyramid(EncoderDecoder):
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
        self.reduce = nn.ModuleList(conv1x1(2 * widths[k], widths[k]) if k else nn.Identity() for k in range(3))
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

"""MPRNet, plainly: every patch cut out and run by itself, batch by batch of one, in the default memory format."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def convolution(inward: int, outward: int, size: int) -> nn.Conv2d:
    """Without bias, of the same size."""
    return nn.Conv2d(inward, outward, size, padding=size // 2, bias=False)


class Attended(nn.Module):
    """A channel attention block."""

    def __init__(self, width: int, reduction: int) -> None:
        super().__init__()
        self.conv1 = convolution(width, width, 3)
        self.conv2 = convolution(width, width, 3)
        self.squeeze = convolution(width, width // reduction, 1)
        self.excite = convolution(width // reduction, width, 1)

    def forward(self, x: Tensor, slope: Tensor) -> Tensor:
        """Convolve, weigh the channels, add."""
        y = self.conv2(F.prelu(self.conv1(x), slope))
        weight = torch.sigmoid(self.excite(torch.relu(self.squeeze(F.adaptive_avg_pool2d(y, 1)))))
        y = y * weight
        output: Tensor = y + x
        return output


def run(blocks: nn.Module, x: Tensor, slope: Tensor) -> Tensor:
    """Blocks in order."""
    for block in blocks.children():
        x = block(x, slope)
    return x


def blocks(count: int, width: int, reduction: int) -> nn.ModuleList:
    """Some channel attention blocks."""
    return nn.ModuleList([Attended(width, reduction) for _ in range(count)])


def up(x: Tensor) -> Tensor:
    """Twice the size."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def down(x: Tensor) -> Tensor:
    """Half the size."""
    return F.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False)


class Encoder(nn.Module):
    """Three levels down."""

    def __init__(self, widths: list[int], reduction: int, fused: bool) -> None:
        super().__init__()
        self.levels = nn.ModuleList([blocks(2, width, reduction) for width in widths])
        self.down = nn.ModuleList([convolution(widths[i], widths[i + 1], 1) for i in range(2)])
        self.from_encoder = nn.ModuleList([convolution(width, width, 1) for width in widths if fused])
        self.from_decoder = nn.ModuleList([convolution(width, width, 1) for width in widths if fused])

    def forward(
        self, x: Tensor, slope: Tensor, encoder: list[Tensor] | None = None, decoder: list[Tensor] | None = None
    ) -> list[Tensor]:
        """The three levels."""
        out: list[Tensor] = []
        for i in range(3):
            if i > 0:
                x = self.down[i - 1](down(out[-1]))
            x = run(self.levels[i], x, slope)
            if encoder is not None and decoder is not None:
                x = x + self.from_encoder[i](encoder[i]) + self.from_decoder[i](decoder[i])
            out.append(x)
        return out


class Decoder(nn.Module):
    """Three levels up."""

    def __init__(self, widths: list[int], reduction: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList([blocks(2, width, reduction) for width in widths])
        self.skip = nn.ModuleList([Attended(width, reduction) for width in widths[:2]])
        self.up = nn.ModuleList([convolution(widths[i + 1], widths[i], 1) for i in range(2)])

    def forward(self, x: list[Tensor], slope: Tensor) -> list[Tensor]:
        """The three levels."""
        coarse = run(self.levels[2], x[2], slope)
        middle = run(self.levels[1], self.up[1](up(coarse)) + self.skip[1](x[1], slope), slope)
        fine = run(self.levels[0], self.up[0](up(middle)) + self.skip[0](x[0], slope), slope)
        return [fine, middle, coarse]


class Supervised(nn.Module):
    """The attention between stages."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.features = convolution(width, width, 1)
        self.image = convolution(width, 3, 1)
        self.gate = convolution(3, width, 1)

    def forward(self, x: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """Features for the next stage and this stage's image."""
        restored = self.image(x) + image
        return self.features(x) * torch.sigmoid(self.gate(restored)) + x, restored


class First(nn.Module):
    """Shallow features."""

    def __init__(self, width: int, reduction: int) -> None:
        super().__init__()
        self.conv = convolution(3, width, 3)
        self.block = Attended(width, reduction)

    def forward(self, x: Tensor, slope: Tensor) -> Tensor:
        """Convolve and attend."""
        output: Tensor = self.block(self.conv(x), slope)
        return output


class FullBlock(nn.Module):
    """A block of the third stage."""

    def __init__(self, width: int, reduction: int, count: int) -> None:
        super().__init__()
        self.blocks = blocks(count, width, reduction)
        self.conv = convolution(width, width, 3)

    def forward(self, x: Tensor, slope: Tensor) -> Tensor:
        """Blocks, a convolution, a residual."""
        output: Tensor = self.conv(run(self.blocks, x, slope)) + x
        return output


class Full(nn.Module):
    """The third stage."""

    def __init__(self, widths: list[int], outward: int, reduction: int, count: int) -> None:
        super().__init__()

        def ascents() -> nn.ModuleList:
            return nn.ModuleList(
                nn.ModuleList([convolution(widths[i], widths[i - 1], 1) for i in range(level, 0, -1)]).append(
                    convolution(widths[0], outward, 1)
                )
                for level in range(3)
            )

        self.blocks = nn.ModuleList([FullBlock(outward, reduction, count) for _ in range(3)])
        self.from_encoder, self.from_decoder = ascents(), ascents()

    def forward(self, x: Tensor, slope: Tensor, encoder: list[Tensor], decoder: list[Tensor]) -> Tensor:
        """Blocks and the levels of the stage before."""
        for i in range(3):
            x = self.blocks[i](x, slope)
            for path, level in ((self.from_encoder[i], encoder[i]), (self.from_decoder[i], decoder[i])):
                *steps, last = path.children()
                for step in steps:
                    level = step(up(level))
                x = x + last(level)
        return x


class PlainMPRNet(nn.Module):
    """The whole network on images whose sides are multiples of 8."""

    def __init__(self, width: int, unet_step: int, orsnet_step: int, attention_blocks: int, reduction: int) -> None:
        super().__init__()
        widths = [width, width + unet_step, width + 2 * unet_step]
        full = width + orsnet_step
        self.slope = nn.Parameter(torch.zeros(1))
        self.shallow = nn.ModuleList([First(width, reduction) for _ in range(3)])
        self.encoder = nn.ModuleList([Encoder(widths, reduction, False), Encoder(widths, reduction, True)])
        self.decoder = nn.ModuleList([Decoder(widths, reduction), Decoder(widths, reduction)])
        self.attention = nn.ModuleList([Supervised(width), Supervised(width)])
        self.merge = nn.ModuleList([convolution(2 * width, width, 3), convolution(2 * width, full, 3)])
        self.orsnet = Full(widths, full, reduction, attention_blocks)
        self.tail = convolution(full, 3, 3)

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, H, W) to the same."""
        slope = self.slope
        half_height, half_width = image.shape[2] // 2, image.shape[3] // 2
        upper, lower = image[:, :, :half_height], image[:, :, half_height:]
        quarters = [half[..., part] for half in (upper, lower) for part in (slice(half_width), slice(half_width, None))]
        shallow = [self.shallow[0](quarter, slope) for quarter in quarters]
        deep = [self.encoder[0](x, slope) for x in shallow]
        first = [[torch.cat(pair, 3) for pair in zip(deep[i], deep[i + 1], strict=True)] for i in (0, 2)]
        first_out = [self.decoder[0](x, slope) for x in first]
        attended = [self.attention[0](x[0], half) for x, half in zip(first_out, (upper, lower), strict=True)]
        torch.cat([restored for _, restored in attended], 2)  # the authors' first stage image

        second = []
        for half, (chosen, _), encoded, decoded in zip((upper, lower), attended, first, first_out, strict=True):
            x = self.merge[0](torch.cat([self.shallow[1](half, slope), chosen], 1))
            second.append(self.encoder[1](x, slope, encoded, decoded))
        joined = [torch.cat(pair, 2) for pair in zip(*second, strict=True)]
        second_out = self.decoder[1](joined, slope)
        chosen, _ = self.attention[1](second_out[0], image)

        x = self.merge[1](torch.cat([self.shallow[2](image, slope), chosen], 1))
        output: Tensor = self.tail(self.orsnet(x, slope, joined, second_out)) + image
        return output


def build(
    width: int = 40, unet_step: int = 20, orsnet_step: int = 16, attention_blocks: int = 8, reduction: int = 4
) -> nn.Module:
    """The plain form of `baselines.networks.mprnet.MPRNet` with these arguments."""
    return PlainMPRNet(width, unet_step, orsnet_step, attention_blocks, reduction)

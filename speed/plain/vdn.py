"""VDN's denoiser, plainly: the default memory format, one operation after the other."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Two(nn.Module):
    """Two convolutions."""

    def __init__(self, inward: int, outward: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inward, outward, 3, padding=1)
        self.conv2 = nn.Conv2d(outward, outward, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and activate twice."""
        x = F.leaky_relu(self.conv1(x), 0.2, inplace=True)
        return F.leaky_relu(self.conv2(x), 0.2, inplace=True)


class Denoiser(nn.Module):
    """The U-Net."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(depth)]
        self.down = nn.ModuleList([Two(widths[i - 1] if i else 3, widths[i]) for i in range(depth)])
        order = range(depth - 2, -1, -1)
        self.up = nn.ModuleList([nn.ConvTranspose2d(widths[i + 1], widths[i], 2, 2) for i in order])
        self.merge = nn.ModuleList([Two(widths[i + 1], widths[i]) for i in order])
        self.last = nn.Conv2d(width, 6, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, 6, H, W)."""
        skips = []
        for i, level in enumerate(self.down):
            x = level(x)
            if i < len(self.down) - 1:
                skips.append(x)
                x = F.avg_pool2d(x, 2)
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([up(x), skips.pop()], 1))
        output: Tensor = self.last(x)
        return output


class PlainVDN(nn.Module):
    """The network at test on images whose sides are multiples of 8."""

    def __init__(self, width: int, depth: int, sigma_width: int) -> None:
        super().__init__()
        self.denoiser = Denoiser(width, depth)
        layers: list[nn.Module] = []
        for inward, outward in ((3, sigma_width), *3 * ((sigma_width, sigma_width),), (sigma_width, 6)):
            layers += [nn.Conv2d(inward, outward, 3, padding=1), nn.LeakyReLU(0.2)]
        self.sigma = nn.Sequential(*layers[:-1])

    def forward(self, image: Tensor) -> Tensor:
        """The image less its noise."""
        output: Tensor = image - self.denoiser(image)[:, :3]
        return output


def build(width: int = 64, depth: int = 4, sigma_width: int | None = None) -> nn.Module:
    """The plain form of `baselines.networks.vdn.VDN` with these arguments."""
    return PlainVDN(width, depth, sigma_width or width)

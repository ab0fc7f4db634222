"""A tiny encoder-decoder of any width and depth that keeps the network contract."""

import torch
import torch.nn.functional as F
from torch import nn

from baselines.networks.shape.features import Features
from baselines.networks.shape.padding import pad_to_multiple


class Toy(nn.Module):
    def __init__(self, width: int = 4, levels: int = 3) -> None:
        super().__init__()
        self.encoder_widths = tuple(width * 2**k for k in range(levels))
        self.decoder_widths = self.encoder_widths[:-1]
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        pairs = list(zip(self.encoder_widths[:-1], self.encoder_widths[1:], strict=True))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairs)
        self.merge = nn.ModuleList(nn.Conv2d(2 * a, a, 3, padding=1) for a, _ in pairs)
        self.last = nn.Conv2d(width, 3, 3, padding=1)

    def encode(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = F.gelu(self.stem(pad_to_multiple(image, 2 ** len(self.down))))
        levels = [x]
        for layer in self.down:
            levels.append(F.gelu(layer(levels[-1])))
        return tuple(levels)

    def decode(self, encoder: tuple[torch.Tensor, ...], image: torch.Tensor) -> Features:
        x = encoder[-1]
        decoder: list[torch.Tensor] = []
        for k in reversed(range(len(self.up))):
            x = F.gelu(self.merge[k](torch.cat([self.up[k](x), encoder[k]], 1)))
            decoder.insert(0, x)
        height, width = image.shape[-2:]
        return Features(self.last(x)[..., :height, :width] + image, tuple(encoder), tuple(decoder))

    def features(self, image: torch.Tensor) -> Features:
        return self.decode(self.encode(image), image)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.features(image).restored

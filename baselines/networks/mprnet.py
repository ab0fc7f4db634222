"""MPRNet: two encoder-decoders on quarters and halves of the image, then a subnetwork at its full resolution.

Zamir, Arora, Khan, Hayat, Khan, Yang and Shao, "Multi-Stage Progressive Image Restoration", CVPR 2021 (arXiv 2102.02808).
Figure 2 gives the stages, Figure 3 the blocks, Figure 4 the supervised attention between two stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.shape.layout import fast_layout
from baselines.networks.shape.mprnet_names import our_name
from baselines.networks.shape.padding import pad_to_multiple
from baselines.networks.spec import NetworkSpec

STRIDE = 8  # halves of the image are halved twice


def _conv(inward: int, outward: int, size: int) -> nn.Conv2d:
    return nn.Conv2d(inward, outward, size, padding=size // 2, bias=False)


def _resize(features: Tensor, factor: float) -> Tensor:
    return F.interpolate(features, scale_factor=factor, mode="bilinear", align_corners=False)


class ChannelAttentionBlock(nn.Module):
    """Two convolutions whose channels are weighted by their own means, with a residual (CAB, Figure 3a)."""

    def __init__(self, width: int, reduction: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = _conv(width, width, 3), _conv(width, width, 3)
        self.squeeze, self.excite = _conv(width, width // reduction, 1), _conv(width // reduction, width, 1)

    def forward(self, features: Tensor, slope: Tensor) -> Tensor:
        """(N, C, H, W) to the same; `slope` is that of the network's one PReLU."""
        change = self.conv2(F.prelu(self.conv1(features), slope))
        gate = self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(change, 1)))).sigmoid()
        return torch.addcmul(features, change, gate)


class Blocks(nn.ModuleList):
    """Channel attention blocks, one after the other."""

    def __init__(self, count: int, width: int, reduction: int) -> None:
        super().__init__(ChannelAttentionBlock(width, reduction) for _ in range(count))

    def forward(self, features: Tensor, slope: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        for block in self:
            features = block(features, slope)
        return features


class Shallow(nn.Module):
    """The first features of an image or a part of it."""

    def __init__(self, width: int, reduction: int) -> None:
        super().__init__()
        self.conv = _conv(3, width, 3)
        self.block = ChannelAttentionBlock(width, reduction)

    def forward(self, image: Tensor, slope: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, C, H, W)."""
        output: Tensor = self.block(self.conv(image), slope)
        return output


class Encoder(nn.Module):
    """Three levels; in the second stage each adds the first stage's features (cross-stage fusion, Figure 3b and c)."""

    def __init__(self, widths: list[int], reduction: int, fused: bool) -> None:
        super().__init__()
        self.levels = nn.ModuleList(Blocks(2, width, reduction) for width in widths)
        self.down = nn.ModuleList(_conv(fine, coarse, 1) for fine, coarse in pairwise(widths))
        self.from_encoder = nn.ModuleList(_conv(width, width, 1) for width in widths if fused)
        self.from_decoder = nn.ModuleList(_conv(width, width, 1) for width in widths if fused)

    def forward(
        self, features: Tensor, slope: Tensor, encoder: Iterable[Tensor] = (), decoder: Iterable[Tensor] = ()
    ) -> list[Tensor]:
        """(N, C, H, W), and the levels of the stage before if fused, to three levels, the finest first."""
        added = [
            from_encoder(encoded) + from_decoder(decoded)
            for from_encoder, encoded, from_decoder, decoded in zip(
                self.from_encoder, encoder, self.from_decoder, decoder, strict=True
            )
        ]
        levels: list[Tensor] = []
        for number, level in enumerate(self.levels):
            if number:
                features = self.down[number - 1](_resize(features, 0.5))
            features = level(features, slope)
            if added:
                features = features + added[number]
            levels.append(features)
        return levels


class Decoder(nn.Module):
    """Three levels from the coarsest up, with a channel attention block in each skip."""

    def __init__(self, widths: list[int], reduction: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(Blocks(2, width, reduction) for width in widths)
        self.skip = nn.ModuleList(ChannelAttentionBlock(width, reduction) for width in widths[:-1])
        self.up = nn.ModuleList(_conv(coarse, fine, 1) for fine, coarse in pairwise(widths))

    def forward(self, encoder: list[Tensor], slope: Tensor) -> list[Tensor]:
        """The encoder's levels to as many of the same shapes, the finest first."""
        features = self.levels[-1](encoder[-1], slope)
        levels = [features]
        for level, skip, up, skipped in reversed(list(zip(self.levels, self.skip, self.up, encoder, strict=False))):
            features = level(up(_resize(features, 2)) + skip(skipped, slope), slope)
            levels.insert(0, features)
        return levels


class SupervisedAttention(nn.Module):
    """Restores the stage's image and lets it choose the features that the next stage gets (SAM, Figure 4)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.features, self.image, self.gate = _conv(width, width, 1), _conv(width, 3, 1), _conv(3, width, 1)

    def forward(self, features: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """Features and degraded image to the next stage's features and the restored image."""
        restored = self.image(features) + image
        return torch.addcmul(features, self.features(features), self.gate(restored).sigmoid()), restored


class OriginalResolutionBlock(nn.Module):
    """Channel attention blocks and a convolution with a residual around all (ORB, Figure 3d)."""

    def __init__(self, width: int, reduction: int, count: int) -> None:
        super().__init__()
        self.blocks = Blocks(count, width, reduction)
        self.conv = _conv(width, width, 3)

    def forward(self, features: Tensor, slope: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        output: Tensor = self.conv(self.blocks(features, slope)) + features
        return output


class Ascent(nn.ModuleList):
    """A level of the second stage brought to full resolution, a doubling a step, then to the third stage's width."""

    def __init__(self, widths: list[int], outward: int) -> None:
        steps = [_conv(coarse, fine, 1) for fine, coarse in pairwise(widths)]
        super().__init__([*reversed(steps), _conv(widths[0], outward, 1)])

    def forward(self, features: Tensor) -> Tensor:
        """(N, C_k, H / 2^k, W / 2^k) to (N, C, H, W)."""
        *steps, join = self
        for step in steps:
            features = step(_resize(features, 2))
        output: Tensor = join(features)
        return output


class OriginalResolutionSubnetwork(nn.Module):
    """Three blocks at full resolution, each followed by a level of the second stage's encoder and decoder (ORSNet)."""

    def __init__(self, widths: list[int], outward: int, reduction: int, attention_blocks: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(OriginalResolutionBlock(outward, reduction, attention_blocks) for _ in widths)
        self.from_encoder = nn.ModuleList(Ascent(widths[: level + 1], outward) for level in range(len(widths)))
        self.from_decoder = nn.ModuleList(Ascent(widths[: level + 1], outward) for level in range(len(widths)))

    def forward(self, features: Tensor, slope: Tensor, encoder: list[Tensor], decoder: list[Tensor]) -> Tensor:
        """(N, C, H, W) and the second stage's levels to (N, C, H, W)."""
        for block, from_encoder, encoded, from_decoder, decoded in zip(
            self.blocks, self.from_encoder, encoder, self.from_decoder, decoder, strict=True
        ):
            features = block(features, slope) + from_encoder(encoded) + from_decoder(decoded)
        return features


def _split(image: Tensor, dim: int) -> Tensor:
    """Halves along `dim` (2 rows, 3 columns) side by side in the batch: (N, C, H, W) to (2 N, C, H / 2, W)."""
    output: Tensor = image.unflatten(dim, (2, -1)).movedim(dim, 1).flatten(0, 1)
    return output


def _join(halves: Tensor, dim: int) -> Tensor:
    """The inverse of `_split`; of rows in channels-last memory without a copy."""
    halves = halves.unflatten(0, (-1, 2))
    if dim == 2:
        return halves.permute(0, 1, 3, 4, 2).flatten(1, 2).permute(0, 3, 1, 2)
    return halves.permute(0, 3, 1, 4, 2).flatten(2, 3).permute(0, 3, 1, 2)


class MPRNet(nn.Module):
    """MPRNet: (N, 3, H, W) in [0, 1] to the same, of any size, not clamped.

    `unet_step` is what a level adds to `width`, `orsnet_step` what the third stage adds; `attention_blocks` is per block of
    the third stage. The released widths are 40, 20, 16 for deraining, 96, 48, 32 for deblurring, 80, 48, 32 for denoising.
    All PReLUs share one slope. Paper: nothing on sizes. Here: reflected to a multiple of 8, as the authors' demo does.
    """

    def __init__(
        self, width: int = 40, unet_step: int = 20, orsnet_step: int = 16, attention_blocks: int = 8, reduction: int = 4
    ) -> None:
        super().__init__()
        widths = [width + level * unet_step for level in range(3)]
        full = width + orsnet_step
        self.slope = nn.Parameter(torch.full((1,), 0.25))
        self.shallow = nn.ModuleList(Shallow(width, reduction) for _ in range(3))
        self.encoder = nn.ModuleList(Encoder(widths, reduction, fused) for fused in (False, True))
        self.decoder = nn.ModuleList(Decoder(widths, reduction) for _ in range(2))
        self.attention = nn.ModuleList(SupervisedAttention(width) for _ in range(2))
        self.merge = nn.ModuleList(_conv(2 * width, outward, 3) for outward in (width, full))
        self.orsnet = OriginalResolutionSubnetwork(widths, full, reduction, attention_blocks)
        self.tail = _conv(full, 3, 3)

    def stages(self, image: Tensor) -> list[Tensor]:
        """The restored images of the three stages, first to last, each (N, 3, H, W)."""
        height, width = image.shape[-2:]
        whole, slope = fast_layout(pad_to_multiple(image, STRIDE)), self.slope
        halves = _split(whole, 2)

        encoded = self.encoder[0](self.shallow[0](_split(halves, 3), slope), slope)
        encoded = [_join(level, 3) for level in encoded]
        decoded = self.decoder[0](encoded, slope)
        attended, first = self.attention[0](decoded[0], halves)

        features = self.merge[0](torch.cat((self.shallow[1](halves, slope), attended), 1))
        encoded = self.encoder[1](features, slope, encoded, decoded)
        encoded = [_join(level, 2) for level in encoded]
        decoded = self.decoder[1](encoded, slope)
        attended, second = self.attention[1](decoded[0], whole)

        features = self.merge[1](torch.cat((self.shallow[2](whole, slope), attended), 1))
        third = self.tail(self.orsnet(features, slope, encoded, decoded)) + whole
        return [stage[..., :height, :width] for stage in (_join(first, 2), second, third)]

    def forward(self, image: Tensor) -> Tensor:
        """The restored image of the third stage."""
        return self.stages(image)[-1]


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' state dict in our names, its many entries of the shared PReLU as one.

    Raises ValueError when those entries differ or a key is none of MPRNet's.
    """
    renamed: dict[str, Tensor] = {}
    for key, tensor in state.items():
        if not key.endswith(".body.1.weight") or tensor.numel() != 1:
            renamed[our_name(key)] = tensor
        elif not torch.equal(renamed.setdefault("slope", tensor), tensor):
            raise ValueError(
                f"expected one slope of all PReLUs; found {tensor.item()} in {key} after {renamed['slope'].item()}; "
                "give a checkpoint of the published MPRNet, whose PReLU is shared"
            )
    return renamed


SPEC = NetworkSpec(
    id="mprnet",
    title="MPRNet",
    network="baselines.networks.mprnet:MPRNet",
    paper="Zamir et al., CVPR 2021",
    year=2021,
    licence="code and checkpoints: Academic Public License, non-commercial use only (github.com/swz30/MPRNet)",
    arguments={
        "paper": {"width": 40, "unet_step": 20, "orsnet_step": 16},
        "mini": {"width": 6, "unet_step": 2, "orsnet_step": 2, "attention_blocks": 2},
    },
    by_task={
        "deblurring": {"paper": {"width": 96, "unet_step": 48, "orsnet_step": 32}},
        "denoising": {"paper": {"width": 80, "unet_step": 48, "orsnet_step": 32}},
    },
    objective="benchmark.training.objectives.mprnet:CharbonnierEdge",
    objective_options={"denoising": {"edge": 0.0}},
    recipe={"iterations": 214_000, "batch": 16, "patch": 256, "lr": 2e-4, "final_lr": 1e-6, "weight_decay": 0.0},
    mini_recipe={"iterations": 1500},
)

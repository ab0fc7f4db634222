"""DMPHN, the deep multi-patch hierarchical network for deblurring (Zhang, Dai, Li, Koniusz, CVPR 2019).

A level sees the image cut into patches: 1, 2 halves, 2 x 2, 4 x 2. From the finest cut to the whole image, a level
encodes its patches, adds the features of the level before and decodes a residual for the next one; the last decodes
the image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from baselines.networks.shape.layout import fast_layout
from baselines.networks.shape.padding import pad_to_multiple
from baselines.networks.spec import NetworkSpec

GRIDS = {1: (1, 1), 2: (2, 1), 4: (2, 2), 8: (4, 2)}
"""Rows and columns that a level's number of patches stands for (Figure 2)."""

CENTRE = 0.5
"""What the network takes off an image in [0, 1] and gives back."""


class ResidualBlock(nn.Module):
    """Convolution, ReLU, convolution and the input added; (N, C, H, W) to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """The block's output; memory of the two intermediate results is reused."""
        output: Tensor = self.conv2(self.conv1(features).relu_()).add_(features)
        return output


def encoder(width: int) -> nn.Sequential:
    """One level's encoder: (N, 3, H, W) to features (N, 4 * width, H / 4, W / 4)."""
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1),
        ResidualBlock(width),
        ResidualBlock(width),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
        ResidualBlock(2 * width),
        ResidualBlock(2 * width),
        nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1),
        ResidualBlock(4 * width),
        ResidualBlock(4 * width),
    )


def decoder(width: int) -> nn.Sequential:
    """One level's decoder: features (N, 4 * width, H / 4, W / 4) to (N, 3, H, W)."""
    return nn.Sequential(
        ResidualBlock(4 * width),
        ResidualBlock(4 * width),
        nn.ConvTranspose2d(4 * width, 2 * width, 4, stride=2, padding=1),
        ResidualBlock(2 * width),
        ResidualBlock(2 * width),
        nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
        ResidualBlock(width),
        ResidualBlock(width),
        nn.Conv2d(width, 3, 3, padding=1),
    )


class DMPHN(nn.Module):
    """DMPHN with one level a number in `patches` (1-2-4 or 1-2-4-8), each with encoder and decoder of its own.

    Takes and gives (N, 3, H, W) in [0, 1], any H and W: they are padded so that the finest patches are multiples of 4.
    Raises ValueError for patches that are not an increasing choice of 1, 2, 4, 8 that starts with 1.
    """

    def __init__(self, patches: Sequence[int] = (1, 2, 4), width: int = 32) -> None:
        super().__init__()
        if not patches or patches[0] != 1 or list(patches) != sorted(set(patches) & set(GRIDS)):
            raise ValueError(f"expected patches (1, 2, 4) or (1, 2, 4, 8), found {tuple(patches)}: start with 1")
        self.grids = [GRIDS[number] for number in patches]
        self.encoders = nn.ModuleList(encoder(width) for _ in patches)
        self.decoders = nn.ModuleList(decoder(width) for _ in patches)
        self.apply(_start)

    def forward(self, image: Tensor) -> Tensor:
        """The restored image: the last of `levels`."""
        return self.levels(image)[-1]

    def levels(self, image: Tensor) -> list[Tensor]:
        """Every level's image (N, 3, H, W), finest patches first: degraded plus residual; the last is the restored.

        Paper: the loss is taken at the whole image's level alone. Here: the others are given for whoever wants them.
        """
        height, width = image.shape[-2:]
        rows, columns = self.grids[-1]
        padded = pad_to_multiple(image, (4 * rows, 4 * columns))
        centred = fast_layout(padded) - CENTRE
        outputs: list[Tensor] = []
        shown, features = centred, None
        for index in reversed(range(len(self.grids))):
            grid, next_grid = self.grids[index], self.grids[max(index - 1, 0)]
            encoded = merge(self.encoders[index](split(shown, grid)), grid)
            features = encoded if features is None else encoded.add_(features)
            decoded = merge(self.decoders[index](split(features, next_grid)), next_grid)
            shown = decoded if index == 0 else decoded + centred
            outputs.append((shown + CENTRE)[..., :height, :width])
        return outputs


def split(image: Tensor, grid: tuple[int, int]) -> Tensor:
    """The patches of `image` (N, C, H, W) as one batch (rows * columns * N, C, H / rows, W / columns), row by row."""
    rows, columns = grid
    if rows * columns == 1:
        return image
    return torch.cat([patch for row in image.chunk(rows, 2) for patch in row.chunk(columns, 3)])


def merge(patches: Tensor, grid: tuple[int, int]) -> Tensor:
    """The whole image from a batch of patches: undoes `split`."""
    rows, columns = grid
    if rows * columns == 1:
        return patches
    parts = patches.chunk(rows * columns)
    return torch.cat([torch.cat(parts[row * columns : (row + 1) * columns], 3) for row in range(rows)], 2)


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1]
        nn.init.normal_(module.weight, std=0.5 * (2 / fan_out) ** 0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


ENCODER_LAYERS = (1, 2, 3, 5, 6, 7, 9, 10, 11)
DECODER_LAYERS = (13, 14, 16, 17, 18, 20, 21, 22, 24)
"""The authors' layer numbers in the order of `encoder` and `decoder`."""


def from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' weights under our names; a key is `encoder_lvL.` or `decoder_lvL.` and the key in that level's file.

    Raises ValueError for a key that no level has and for a level that lacks one.
    """
    converted: dict[str, Tensor] = {}
    unknown: list[str] = []
    for key, value in state.items():
        name = _our_name(key)
        if name is None:
            unknown.append(key)
        else:
            converted[name] = value
    if unknown:
        raise ValueError(
            f"expected encoder_lvL.layerN and decoder_lvL.layerN keys of DMPHN, found also {unknown[:5]}: "
            "import one file per level and nothing else"
        )
    depth = 1 + max((int(name.split(".")[1]) for name in converted), default=0)
    with torch.device("meta"):
        expected = DMPHN(tuple(GRIDS)[:depth]).state_dict()
    missing = sorted(set(expected) - set(converted))
    if missing:
        raise ValueError(
            f"expected {depth} whole levels of DMPHN, found none of {missing[:5]}: "
            "import the encoder's and the decoder's file of every level"
        )
    return converted


def _our_name(key: str) -> str | None:
    head, _, rest = key.partition(".")
    half, _, level = head.partition("_lv")
    layer, _, tail = rest.partition(".")
    numbers = {"encoder": ENCODER_LAYERS, "decoder": DECODER_LAYERS}.get(half, ())
    if not level.isdecimal() or not 1 <= int(level) <= len(GRIDS):
        return None
    if layer.removeprefix("layer") not in map(str, numbers):
        return None
    index = numbers.index(int(layer.removeprefix("layer")))
    inner = {"0": "conv1.", "2": "conv2."}
    position, dot, kind = tail.rpartition(".")
    if dot and position not in inner:
        return None
    return f"{half}s.{int(level) - 1}.{index}.{inner[position] if dot else ''}{kind}"


SPEC = NetworkSpec(
    id="dmphn",
    title="DMPHN",
    network="baselines.networks.dmphn:DMPHN",
    paper="Zhang et al., CVPR 2019",
    year=2019,
    tasks=("deblurring",),
    licence="code and checkpoints: none found (github.com/HongguangZhang/DMPHN-cvpr19-master)",
    arguments={"paper": {"patches": (1, 2, 4), "width": 32}, "mini": {"patches": (1, 2, 4), "width": 5}},
    architectures={"1-2-4-8": {"patches": (1, 2, 4, 8)}},
    objective="benchmark.training.objectives.dmphn:PerLevel",
    objective_options={"mini": {"finer": 0.1}},
    recipe={
        "iterations": 1_000_000,
        "batch": 6,
        "patch": 256,
        "lr": 1e-4,
        "schedule": "steps",
        "milestones": (0.33, 0.67),
        "factor": 0.1,
        "weight_decay": 0.0,
    },
    simplified="Paper: the whole image's level alone has a target. Here: the finer levels too, weighted by .1.",
    mini_recipe_by_task={"deblurring": {"lr": 4e-3, "clip": 0.1}},
    hypotheses={"1": {"patches": (1,)}, "1-2": {"patches": (1, 2)}, "1-2-4-8": {"patches": (1, 2, 4, 8)}},
)

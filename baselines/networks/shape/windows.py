"""Cutting maps (N, H, W, C) into windows, plain or shifted, and putting them together again."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor


def partition(part: Tensor, window: int) -> Tensor:
    """Cuts (N, H, W, C) into windows: (N * windows, window^2, C)."""
    return rearrange(part, "n (down h) (across w) c -> (n down across) (h w) c", h=window, w=window)


def assemble(windows: Tensor, shape: torch.Size, window: int) -> Tensor:
    """The inverse of `partition`, for a part of the given shape."""
    sizes = {"down": shape[1] // window, "across": shape[2] // window, "h": window}
    return rearrange(windows, "(n down across) (h w) c -> n (down h) (across w) c", **sizes)


def shifted_parts(image: Tensor, window: int, shift: int) -> list[list[Tensor]]:
    """The four parts of a map under shifted windows: inside, right edge; bottom edge, corner.

    Rolling the map by `shift` puts its first rows after its last ones in one window, where a mask keeps them apart.
    Only the edge strips are joined here; the inside is a view, needs no mask, and may be empty.
    """
    top, rows, bottom = image.split((shift, image.shape[1] - window, window - shift), 1)
    parts = []
    for strip in (rows, torch.cat((bottom, top), 1)):
        left, columns, right = strip.split((shift, strip.shape[2] - window, window - shift), 2)
        parts.append([columns, torch.cat((right, left), 2)])
    return parts


def join_shifted(parts: list[list[Tensor]], window: int, shift: int) -> Tensor:
    """The inverse of `shifted_parts`."""
    keep = window - shift
    rows, edge = (torch.cat((right[:, :, keep:], columns, right[:, :, :keep]), 2) for columns, right in parts)
    return torch.cat((edge[:, keep:], rows, edge[:, :keep]), 1)

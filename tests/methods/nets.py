"""Somebody's methods, good and bad, for the tests."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Smooth(nn.Module):
    """A fixed average of neighbours, mixed with the image by a trained-looking weight."""

    def __init__(self, weight: float = 0.25) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, image: Tensor) -> Tensor:
        return torch.lerp(image, nn.functional.avg_pool2d(image, 3, 1, 1, count_include_pad=False), self.weight)


def build() -> nn.Module:
    return Smooth()


def random() -> nn.Module:
    return nn.Conv2d(3, 3, 1)


def for_task(task: str) -> Callable[[Tensor], Tensor]:
    return {"deblurring": lambda x: x * 0.5, "denoising": lambda x: x}[task]


def of_rain() -> nn.Module:
    return Smooth()


of_rain.tasks = ("deraining",)  # type: ignore[attr-defined]


def half() -> Callable[[Tensor], Tensor]:
    return lambda image: image.half()


def cropped() -> Callable[[Tensor], Tensor]:
    return lambda image: image[..., 1:]


def not_a_number() -> Callable[[Tensor], Tensor]:
    return lambda image: image / 0 * 0


def levels() -> Callable[[Tensor], Tensor]:
    return lambda image: (image * 255).to(torch.uint8)


def several() -> Callable[[Tensor], list[Tensor]]:
    return lambda image: [image]


def failing() -> nn.Module:
    raise FileNotFoundError("weights.pth")


def nothing() -> None:
    return None


def wrong_tasks() -> nn.Module:
    return Smooth()


wrong_tasks.tasks = ("colouring",)  # type: ignore[attr-defined]
NUMBER = 3

"""Distil a network of your own with SLKD, in a plain training loop: `python distil.py`.

Two U-Nets that know nothing of distillation, a wide teacher and a narrow student, learn to remove noise. Replace `UNet`
by your networks, `draw_pairs` by your data and the names in `with_features` by those of your modules.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from slkd import SLKD, with_features


class UNet(nn.Module):
    """Three levels, as one finds them everywhere: an image goes in, an image comes out."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = block(3, width)
        self.sink = block(width, 2 * width)
        self.bottom = block(2 * width, 4 * width)
        self.rise = block(6 * width, 2 * width)
        self.leave = block(3 * width, width)
        self.last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1], sides multiples of 4, to restored ones."""
        first = self.enter(image)
        second = self.sink(F.avg_pool2d(first, 2))
        deepest = self.bottom(F.avg_pool2d(second, 2))
        x = self.rise(torch.cat([F.interpolate(deepest, scale_factor=2.0), second], 1))
        x = self.leave(torch.cat([F.interpolate(x, scale_factor=2.0), first], 1))
        result: Tensor = image + self.last(x)
        return result


def block(inputs: int, outputs: int) -> nn.Module:
    """A convolution with its activation."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.GELU())


ENCODER = ["enter", "sink", "bottom"]  # stride 1 first, the bottleneck last
DECODER = ["leave", "rise"]  # stride 1 first, without the bottleneck


def draw_pairs(count: int, side: int = 48) -> tuple[Tensor, Tensor]:
    """Degraded and clean images (count, 3, side, side) in [0, 1]: coloured discs, with noise and without."""
    line = torch.arange(side) / side
    clean = torch.rand(count, 3, 1, 1).expand(-1, -1, side, side)
    for _ in range(12):
        x, y, radius = torch.rand(3, count, 1, 1, 1)
        inside = (line - x).square() + (line[:, None] - y).square() < (0.05 + 0.2 * radius).square()
        clean = torch.where(inside, torch.rand(count, 3, 1, 1), clean)
    return (clean + 0.1 * torch.randn_like(clean)).clamp(0, 1), clean


def psnr(network: nn.Module, seed: int = 1) -> float:
    """The PSNR in dB on 32 pairs that are in no training batch."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        degraded, clean = draw_pairs(32)
        error = (network(degraded).clamp(0, 1) - clean).square().mean(dim=(1, 2, 3))
    return float((-10 * torch.log10(error)).mean())


def train_teacher(teacher: nn.Module, steps: int) -> None:
    """Any training will do; a teacher is usually there already."""
    optimiser = torch.optim.Adam(teacher.parameters(), 5e-3)
    for _ in range(steps):
        degraded, clean = draw_pairs(8)
        optimiser.zero_grad()
        (teacher(degraded) - clean).abs().mean().backward()
        optimiser.step()


def distil(teacher: nn.Module, student: nn.Module, steps: int) -> None:
    """The training loop: the objective gives named terms, the rest is yours."""
    objective = SLKD(with_features(teacher, ENCODER, DECODER), with_features(student, ENCODER, DECODER))
    optimiser = torch.optim.Adam([p for p in objective.parameters() if p.requires_grad], 5e-3)
    for step in range(steps):
        degraded, clean = draw_pairs(8)
        terms = objective(degraded, clean)
        loss = objective.total(terms)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 20 == 0 or step == steps - 1:
            print(f"{step:4d}  " + "  ".join(f"{name} {term.item():.4f}" for name, term in terms.items()))


def main() -> None:
    """Train a teacher, distil it, and write the student's weights."""
    options = argparse.ArgumentParser(description="Distil a network of your own with SLKD.")
    options.add_argument("--steps", type=int, default=200)
    options.add_argument("--out", type=Path, default=Path("student.pt"))
    chosen = options.parse_args()
    torch.manual_seed(0)
    teacher, student = UNet(16), UNet(8)
    train_teacher(teacher, chosen.steps)
    distil(teacher, student, chosen.steps)
    torch.save(student.state_dict(), chosen.out)
    size = {
        name: sum(p.numel() for p in net.parameters()) for name, net in (("teacher", teacher), ("student", student))
    }
    print(f"degraded {psnr(nn.Identity()):.2f} dB")
    for name, network in (("teacher", teacher), ("student", student)):
        print(f"{name} {psnr(network):.2f} dB, {size[name]:,} parameters")


if __name__ == "__main__":
    main()

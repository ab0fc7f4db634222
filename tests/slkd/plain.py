"""Plain numpy and scipy versions of the extractors' formulas, written loop by loop from the publications."""

import numpy as np
from scipy.ndimage import correlate1d
from scipy.special import gamma


def gaussian() -> np.ndarray:
    line = np.exp(-0.5 * (np.arange(-3, 4) / (7 / 6)) ** 2)
    output: np.ndarray = line / line.sum()
    return output


def blurred(image: np.ndarray, mode: str = "mirror") -> np.ndarray:
    output: np.ndarray = correlate1d(correlate1d(image, gaussian(), 0, mode=mode), gaussian(), 1, mode=mode)
    return output


def mscn(image: np.ndarray, constant: float, floor: float = 0.0, mode: str = "mirror") -> np.ndarray:
    mean = blurred(image, mode)
    variance = np.maximum(blurred(image**2, mode) - mean**2, 0)
    output: np.ndarray = (image - mean) / (np.sqrt(variance + floor) + constant)
    return output


ALPHAS = np.arange(0.2, 10.001, 0.001)
RATIOS = gamma(2 / ALPHAS) ** 2 / (gamma(1 / ALPHAS) * gamma(3 / ALPHAS))


def ggd(x: np.ndarray) -> tuple[float, float]:
    """Shape (nearest entry of BRISQUE's table) and variance."""
    square = np.mean(x**2)
    return ALPHAS[np.argmin(np.abs(RATIOS - np.mean(np.abs(x)) ** 2 / square))], square


def aggd(x: np.ndarray) -> tuple[float, float, float, float]:
    """Shape, mean eta, left and right variance."""
    left, right = np.sqrt(np.mean(x[x < 0] ** 2)), np.sqrt(np.mean(x[x > 0] ** 2))
    g = left / right
    ratio = np.mean(np.abs(x)) ** 2 / np.mean(x**2) * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
    alpha = ALPHAS[np.argmin(np.abs(RATIOS - ratio))]
    scale = np.sqrt(gamma(1 / alpha) / gamma(3 / alpha))
    return alpha, (right - left) * scale * gamma(2 / alpha) / gamma(1 / alpha), left**2, right**2


def products(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return x[:, :-1] * x[:, 1:], x[:-1] * x[1:], x[:-1, :-1] * x[1:, 1:], x[:-1, 1:] * x[1:, :-1]


def piqe(grey: np.ndarray, exact: bool = True) -> tuple[float, list[tuple[float, bool, bool]]]:
    """The score of grey levels (H, W) in 0..255, and of each block: variance, distorted, noisy.

    `exact` takes the two centre columns out of the surround; otherwise the column after them goes instead of the second one.
    """
    x = mscn(grey, 1.0, mode="nearest")
    blocks, total, active = [], 0.0, 0
    for i in range(0, x.shape[0], 16):
        for j in range(0, x.shape[1], 16):
            block = x[i : i + 16, j : j + 16]
            variance = block.var(ddof=1)
            edges = (block[0], block[-1], block[:, 0], block[:, -1])
            distorted = any(edge[k : k + 6].std(ddof=1) < 0.1 for edge in edges for k in range(11))
            surround = np.delete(block, [7, 8] if exact else [7, 9], axis=1)
            outside = surround.std(ddof=1)
            ratio = block[:, 7:9].std(ddof=1) / outside if outside else 0.0
            sigma = np.sqrt(variance)
            noisy = sigma > 2 * abs(sigma - ratio) / max(sigma, ratio) if max(sigma, ratio) else False
            blocks.append((variance, distorted, noisy))
            if variance > 0.1:
                active += 1
                total += distorted * (1 - variance) + noisy * variance
    return 100 * (total + 1) / (active + 1), blocks

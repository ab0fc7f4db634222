"""PSNR and SSIM in their usual forms: scikit-image's, and five two-dimensional filters as in the field's toolboxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def luma(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The rounded luma of an image (H, W, 3), (H, W)."""
    output: NDArray[np.float64] = np.round(image @ np.array([65.481, 128.553, 24.966]) / 255 + 16)
    return output


def scikit_rgb(restored: NDArray[np.uint8], clean: NDArray[np.uint8]) -> tuple[float, float]:
    """scikit-image on RGB bytes (H, W, 3); it has no volumetric form, so this is the two-dimensional one."""
    ssim = structural_similarity(restored, clean, channel_axis=-1, data_range=255, **GAUSSIAN)
    return peak_signal_noise_ratio(clean, restored, data_range=255), ssim


def scikit_rgb_single(restored: NDArray[np.uint8], clean: NDArray[np.uint8]) -> tuple[float, float]:
    """The same on images made single-precision first, for which scikit-image computes in single precision."""
    one, two = restored.astype(np.float32), clean.astype(np.float32)
    ssim = structural_similarity(one, two, channel_axis=-1, data_range=255, **GAUSSIAN)
    return peak_signal_noise_ratio(two, one, data_range=255), ssim


def scikit_luma(restored: NDArray[np.uint8], clean: NDArray[np.uint8]) -> tuple[float, float]:
    """scikit-image on the rounded luma."""
    one, two = luma(restored), luma(clean)
    ssim = structural_similarity(one, two, data_range=255, **GAUSSIAN)
    return peak_signal_noise_ratio(two, one, data_range=255), ssim


def five_filters_luma(restored: NDArray[np.uint8], clean: NDArray[np.uint8]) -> tuple[float, float]:
    """The rounded luma by two functions that each take the images, as toolboxes have it."""
    return _psnr_of_luma(restored, clean), _ssim_of_luma(restored, clean)


def _psnr_of_luma(restored: NDArray[np.uint8], clean: NDArray[np.uint8]) -> float:
    return float(10 * np.log10(255**2 / np.mean((luma(restored) - luma(clean)) ** 2)))


def _ssim_of_luma(restored: NDArray[np.uint8], clean: NDArray[np.uint8]) -> float:
    """An 11 x 11 window, applied as a whole five times: by OpenCV where it is installed, else by FFT."""
    one, two = luma(restored), luma(clean)
    axis = np.exp(-(np.arange(-5.0, 6) ** 2) / 4.5)
    window = np.outer(axis, axis) / axis.sum() ** 2
    mean1, mean2 = _filtered(one, window), _filtered(two, window)
    variance1 = _filtered(one * one, window) - mean1**2
    variance2 = _filtered(two * two, window) - mean2**2
    covariance = _filtered(one * two, window) - mean1 * mean2
    c1, c2 = 2.55**2, 7.65**2
    similarity = (2 * mean1 * mean2 + c1) * (2 * covariance + c2)
    similarity /= (mean1**2 + mean2**2 + c1) * (variance1 + variance2 + c2)
    return float(similarity.mean())


def _filtered(plane: NDArray[np.float64], window: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        import cv2
    except ImportError:
        from scipy.signal import fftconvolve

        output: NDArray[np.float64] = fftconvolve(plane, window, mode="valid")
        return output
    cv2.setNumThreads(1)
    output = cv2.filter2D(plane, -1, window)[5:-5, 5:-5].astype(np.float64, copy=False)
    return output

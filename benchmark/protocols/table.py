"""The registered protocols. To add one, add an entry; the conformance tests pick it up."""

from __future__ import annotations

from benchmark.protocols.choices import Border, Channel, Rounding, Ssim
from benchmark.protocols.definition import Protocol

PROTOCOLS: tuple[Protocol, ...] = (
    Protocol(
        id="rain13k-y",
        version=1,
        title="luma of bytes, rounded; SSIM of Wang 2004",
        channel=Channel.Y_ROUNDED,
        rounding=Rounding.UINT8,
        peak=255.0,
        ssim=Ssim(data_range=255.0),
        used_by="Test2800, Test1200, Test100, Rain100L, Rain100H as scored by MPRNet, Restormer and their followers",
    ),
    Protocol(
        id="ddn-y",
        version=1,
        title="luma of real numbers, not rounded; SSIM of Wang 2004 after automatic down-sampling",
        channel=Channel.Y,
        rounding=Rounding.UINT8,
        peak=1.0,
        ssim=Ssim(data_range=1.0, downsampled=True),
        used_by="Rain1400 (DDN-Data) and DID-Data as scored by RCDNet, DRSformer and their followers",
        note="The published script reads restored images from PNG files: they are rounded to bytes, their luma is not.",
    ),
    Protocol(
        id="rgb-uint8-volumetric",
        version=1,
        title="RGB bytes; SSIM with a three-dimensional window (MATLAB's ssim of an H x W x 3 array)",
        channel=Channel.RGB,
        rounding=Rounding.UINT8,
        peak=255.0,
        ssim=Ssim(data_range=255.0, border=Border.REPLICATE, volumetric=True),
        used_by="GoPro and HIDE as scored by MPRNet, Restormer and their followers",
    ),
    Protocol(
        id="rgb-float-volumetric",
        version=1,
        title="RGB real numbers, not rounded; SSIM with a three-dimensional window",
        channel=Channel.RGB,
        rounding=Rounding.NONE,
        peak=1.0,
        ssim=Ssim(data_range=1.0, border=Border.REPLICATE, volumetric=True),
        used_by="SIDD validation blocks as scored by MPRNet, Restormer and their followers",
    ),
    Protocol(
        id="uformer-float",
        version=1,
        title="RGB real numbers, not rounded; scikit-image's default SSIM with a data range of 2",
        channel=Channel.RGB,
        rounding=Rounding.NONE,
        peak=1.0,
        ssim=Ssim(data_range=2.0, size=7, sigma=None, sample_covariance=True),
        used_by="Uformer's own GoPro and HIDE numbers",
        note="The data range of float images was not stated, so it is 2 where 1 was meant: SSIM up to 0.15 too high.",
    ),
    Protocol(
        id="rgb",
        version=1,
        title="RGB bytes; SSIM of Wang 2004, channel by channel",
        channel=Channel.RGB,
        rounding=Rounding.UINT8,
        peak=255.0,
        ssim=Ssim(data_range=255.0),
        used_by="no table of the paper; the usual choice where nothing else is said (BasicSR without test_y_channel)",
    ),
    Protocol(
        id="rgb-ssim2d",
        version=1,
        title="RGB bytes; MATLAB's ssim, channel by channel",
        channel=Channel.RGB,
        rounding=Rounding.UINT8,
        peak=255.0,
        ssim=Ssim(data_range=255.0, border=Border.REPLICATE),
        used_by="no table of the paper; shows what the third dimension of rgb-uint8-volumetric adds",
    ),
)

"""What the degradations owe to optics: light is kept by blur, rain brightens, noise grows with the signal."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from benchmark.datasets.mini import motion, rain, sensor
from benchmark.datasets.mini.leaves import dead_leaves
from benchmark.datasets.mini.light import quantise, to_display, to_linear
from benchmark.datasets.mini.photographs import embedded


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return embedded()[5].read()[40:184, 60:268].astype(np.float64) / 255


def test_the_display_curve_and_its_inverse_agree() -> None:
    values = np.arange(256) / 255
    assert np.array_equal(quantise(to_display(to_linear(values))), np.arange(256))
    assert to_linear(np.array([0.5]))[0] == pytest.approx(0.21404, abs=1e-5)  # IEC 61966-2-1


@pytest.mark.parametrize("seed", range(8))
def test_a_shake_is_near_horizontal_and_still_in_its_middle(seed: int) -> None:
    path = motion.shake_path(generator(seed))
    assert np.array_equal(path[motion.FRAMES // 2], (0, 0))
    length = np.hypot(*(path[-1] - path[0]))
    assert motion.LENGTH[0] - 0.1 <= length <= motion.LENGTH[1] + 0.1
    down, right = path[-1] - path[0]
    assert abs(np.degrees(np.arctan2(down, right))) <= motion.TILT + 1e-6
    assert np.abs(path).max() < motion.MARGIN - 2  # the interpolation kernel stays inside the margin


def test_the_point_spread_is_the_mean_of_shifted_frames(photograph: np.ndarray) -> None:
    path = motion.shake_path(generator(1))
    light = to_linear(photograph)
    frames = [motion.spread_light(light, motion.point_spread(np.array([shift]))) for shift in path]
    mean = motion.spread_light(light, motion.point_spread(path))
    assert np.abs(mean - np.mean(frames, axis=0)).max() < 1e-6


def test_a_whole_pixel_frame_is_the_picture_shifted(photograph: np.ndarray) -> None:
    frame = motion.spread_light(photograph, motion.point_spread(np.array([[1.0, -2.0]])))
    m = motion.MARGIN
    assert np.abs(frame - photograph[m - 1 : -m - 1, m + 2 : 2 - m]).max() < 1e-9


def test_shake_keeps_the_light_and_a_still_camera_keeps_the_picture(photograph: np.ndarray) -> None:
    degraded, clean = motion.shake_camera(photograph, generator(2))
    assert to_linear(degraded).mean() == pytest.approx(to_linear(clean).mean(), rel=0.02)
    assert abs(degraded.mean() - clean.mean()) > 1e-4  # the mean of display values is not what is kept
    still = motion.spread_light(photograph, motion.point_spread(np.zeros((motion.FRAMES, 2))))
    assert np.abs(still - clean).max() < 1e-12


def test_a_flat_picture_stays_flat_under_motion() -> None:
    grey = np.full((80, 80, 3), 0.4)
    for degraded, clean in (motion.shake_camera(grey, generator()), motion.move_subject(grey, grey, generator())):
        assert np.abs(degraded - 0.4).max() < 1e-6
        assert np.abs(clean - 0.4).max() < 1e-6


def test_only_the_subject_moves() -> None:
    subject, background = np.full((144, 208, 3), 0.9), np.full((144, 208, 3), 0.2)
    degraded, clean = motion.move_subject(background, subject, generator(3))
    changed = np.abs(degraded - clean)[..., 0] > 0.01
    matte = motion.soft_matte(144, 208, generator(3))[8:-8, 8:-8, 0]
    assert 0.25 < matte.mean() < 0.55
    assert changed.any()
    assert not changed[:, :8].any()  # far from the outline nothing has changed
    assert not changed[56:72, 90:102].any()
    assert changed.mean() < 0.25


@pytest.mark.parametrize("kind", range(14))
def test_streaks_only_brighten(photograph: np.ndarray, kind: int) -> None:
    degraded, clean = rain.streak_rain(photograph, kind, generator(kind))
    assert (degraded - clean).min() > -1e-9
    assert (degraded - clean).max() > 0.05


def test_denser_rain_changes_more_and_never_darkens(photograph: np.ndarray) -> None:
    change = []
    for density in ("light", "medium", "heavy"):
        degraded, clean = rain.dense_rain(photograph, density, generator(4))
        assert (degraded - clean).min() > -1e-9
        change.append(float((degraded - clean).mean()))
    assert change[0] < change[1] < change[2]


def test_a_streak_covers_a_dark_place_more_than_a_light_one() -> None:
    shower = rain.Shower(0.0, 15.0, 0.02, 0.2)
    dark = rain.fall(np.full((64, 64, 3), 0.1), shower, generator(5)) - 0.1
    light = rain.fall(np.full((64, 64, 3), 0.8), shower, generator(5)) - 0.8
    assert dark.mean() > 2 * light.mean() > 0


@pytest.mark.parametrize("lean", [-35.0, 0.0, 35.0])
def test_streaks_run_along_their_lean(lean: float) -> None:
    cover = rain.streaks(160, 160, rain.Shower(lean, 24.0, 0.004, 0.2), generator(6))
    gy, gx = np.gradient(gaussian_filter(cover, 1.5))
    tensor = np.array([[(gy * gy).sum(), (gy * gx).sum()], [(gy * gx).sum(), (gx * gx).sum()]])
    along = np.linalg.eigh(tensor)[1][:, 0]  # the direction of least change, (down, right)
    assert np.degrees(np.arctan(along[1] / along[0])) == pytest.approx(lean, abs=6)


def test_noise_variance_is_shot_times_signal_plus_read() -> None:
    camera = sensor.Camera(2.0, 1.7, 4e-3, 2e-5)
    for level in (0.05, 0.2, 0.6):
        mosaic = np.full((400, 400), level)
        noise = sensor.expose(mosaic, camera, generator(7)) - mosaic
        assert noise.var() == pytest.approx(camera.shot * level + camera.read, rel=0.03)
        assert abs(noise.mean()) < 1e-3


def test_a_flat_picture_survives_raw_and_back() -> None:
    camera = sensor.Camera(2.1, 1.6, 1e-3, 1e-6)
    for level in (0.1, 0.5, 0.8):
        flat = np.full((32, 32, 3), level)
        assert np.abs(sensor.develop(sensor.unprocess(flat, camera), camera) - level).max() < 1e-6


def test_demosaicing_is_exact_on_a_ramp_of_grey() -> None:
    y, x = np.mgrid[:32, :32]
    ramp = 0.2 + 0.01 * x + 0.005 * y
    assert np.abs(sensor.demosaic(ramp) - ramp[..., None])[3:-3, 3:-3].max() < 1e-12


def test_the_clean_side_of_a_noisy_pair_has_no_noise(photograph: np.ndarray) -> None:
    first, second = (sensor.sense(photograph, generator(8)) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    noise = first[0] - first[1]
    assert 0.005 < noise.std() < 0.2
    flat = np.full((72, 72, 3), 0.3)
    assert sensor.sense(flat, generator(9))[1].std(axis=(0, 1)).max() < 1e-9


def test_dead_leaves_have_edges_and_the_spectrum_of_photographs() -> None:
    picture = dead_leaves(generator(10)).astype(float).mean(axis=2)
    assert picture.std() > 15
    power = np.abs(np.fft.rfft(picture - picture.mean(), axis=1)) ** 2
    mean = power.mean(axis=0)
    slope = np.polyfit(np.log(np.arange(2, 100)), np.log(mean[2:100]), 1)[0]
    assert -3.2 < slope < -0.8  # photographs: about -2

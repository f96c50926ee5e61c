"""Intrinsics against OpenCV, and what they refuse."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import LENSES, REPEATABLE, camera, in_front

from lfm_ros import Intrinsics
from lfm_ros.core.camera import LEVEL_UP, pitched_up
from lfm_ros.core.errors import InputError

pytestmark = pytest.mark.parity

STRICT = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-14)
STRONG = {
    "barrel": ("plumb_bob", (-0.38, 0.16, 0.001, -0.001, -0.03)),
    "pincushion": ("plumb_bob", (0.2, 0.1, 0.0, 0.0, 0.0)),
    "depth_camera": ("rational_polynomial", (0.45, -2.4, 6e-4, -3e-4, 1.4, 0.33, -2.2, 1.33)),
    "ideal_fisheye": ("equidistant", (0.0, 0.0, 0.0, 0.0)),
}


def image_grid(margin: float = 0.0) -> np.ndarray:
    axes = np.linspace(-margin, 1280 + margin, 33), np.linspace(-margin, 720 + margin, 19)
    return np.stack(np.meshgrid(*axes), -1)


def opencv_project(points: np.ndarray, lens: Intrinsics) -> np.ndarray:
    flat, still = points.reshape(-1, 1, 3), np.zeros(3)
    matrix, distortion = np.array(lens.matrix), np.array(lens.distortion)
    if lens.model == "equidistant":
        return cv2.fisheye.projectPoints(flat, still, still, matrix, distortion)[0][:, 0]
    return cv2.projectPoints(flat, still, still, matrix, distortion)[0][:, 0]


def opencv_rays(pixels: np.ndarray, lens: Intrinsics) -> np.ndarray:
    flat = pixels.reshape(-1, 1, 2)
    matrix, distortion = np.array(lens.matrix), np.array(lens.distortion)
    if lens.model == "equidistant":
        return cv2.fisheye.undistortPoints(flat, matrix, distortion, criteria=STRICT)[:, 0]
    if hasattr(cv2, "undistortPointsIter"):  # OpenCV 4
        still = np.eye(3)
        return cv2.undistortPointsIter(flat, matrix, distortion, still, still, STRICT)[:, 0]
    return cv2.undistortPoints(flat, matrix, distortion, criteria=STRICT)[:, 0]


@pytest.mark.parametrize("lens", LENSES)
def test_projects_as_opencv_does(lens):
    points = in_front(20, 25, 0)
    ours = camera(lens).project(points).reshape(-1, 2)
    np.testing.assert_allclose(ours, opencv_project(points, camera(lens)), atol=1e-6)


@pytest.mark.parametrize("lens", LENSES)
def test_undistorts_as_opencv_does(lens):
    pixels = image_grid()
    found = camera(lens).rays(pixels)
    assert found.shape == pixels.shape
    scale = camera(lens).matrix[0, 0]
    ours = found.reshape(-1, 2) * scale
    np.testing.assert_allclose(ours, opencv_rays(pixels, camera(lens)) * scale, atol=1e-6)


@pytest.mark.parametrize("lens", LENSES)
def test_a_lens_bends_what_it_should(lens):
    moved = np.abs(camera(lens).rays(image_grid()) - camera("none").rays(image_grid())).max()
    assert (moved > 0.02) == (lens != "none")


@pytest.mark.parametrize("lens", [*LENSES.values(), *STRONG.values()], ids=[*LENSES, *STRONG])
@pytest.mark.parametrize("focal", [450.0, 600.0, 910.0])
def test_every_ray_meets_its_pixel_or_is_nan(lens, focal):
    model, distortion = lens
    wide = Intrinsics([[focal, 0, 655], [0, focal, 342], [0, 0, 1]], (1280, 720), distortion, model)
    pixels = image_grid(margin=200)
    rays = wide.rays(pixels)
    seen = np.isfinite(rays).all(-1)
    back = wide.project(np.concatenate([rays, np.ones((*rays.shape[:-1], 1))], -1))
    np.testing.assert_allclose(back[seen], pixels[seen], atol=1e-6)
    # Whatever the lens, the middle of the image is inside its range.
    assert seen[np.linalg.norm(pixels - (655, 342), axis=-1) < 0.55 * focal].all()
    # A ray that arrives further from the middle came from further off the axis: no second branch.
    along_x = wide.rays(np.stack([np.linspace(655, 4000, 80), np.full(80, 342.0)], -1))[:, 0]
    along_x = along_x[np.isfinite(along_x)]
    assert len(along_x) > 4
    assert (np.diff(along_x) > 0).all()


def test_what_lies_beyond_the_range_of_a_lens_has_no_ray():
    barrel = Intrinsics(camera().matrix, (1280, 720), (-0.38, 0.04), "plumb_bob")
    beyond = barrel.rays([[5e3, 5e3], [1e9, 0.0], [1e300, 1e300], [655.5, 342.25]])
    assert np.isnan(beyond[:3]).all()
    np.testing.assert_array_equal(beyond[3], 0)


@REPEATABLE
@given(
    st.sampled_from(sorted(LENSES)),
    st.tuples(st.floats(-1, 1), st.floats(-0.6, 0.6)),
    st.floats(0.1, 100),
)
def test_points_on_a_ray_share_a_pixel(lens, place, depth):
    point = np.array([*place, 1.0])
    pixel = camera(lens).project(point)
    np.testing.assert_allclose(camera(lens).project(depth * point), pixel, atol=1e-8)
    np.testing.assert_allclose(camera(lens).rays(pixel), place, atol=1e-9)


@pytest.mark.parametrize(("degrees", "up"), [(0, LEVEL_UP), (90, (0, 0, -1)), (-90, (0, 0, 1))])
def test_up_of_a_camera_that_looks_level_straight_down_or_up(degrees, up):
    np.testing.assert_allclose(pitched_up(degrees), up, atol=1e-15)


def test_what_is_below_the_horizon_is_in_the_middle_of_a_camera_that_looks_there():
    """A place on the floor, as far below the eye as the pitch says."""
    degrees, height = 30.0, 1.5
    ahead = height / np.sin(np.radians(degrees))
    assert np.dot(pitched_up(degrees), (0, 0, ahead)) == pytest.approx(-height)


def test_an_assumed_field_of_view_spans_the_image():
    assumed = Intrinsics.from_field_of_view(np.radians(70), (640, 480))
    left, right = assumed.rays([[0, 240], [640, 240]])
    assert np.degrees(np.arctan(right[0]) - np.arctan(left[0])) == pytest.approx(70)
    np.testing.assert_allclose(assumed.rays([320, 240]), 0, atol=1e-15)
    for wrong in (0, -1, np.pi, 70, np.nan):
        with pytest.raises(InputError, match="between 0 and pi"):
            Intrinsics.from_field_of_view(wrong, (640, 480))


def camera_info(**changes: object) -> SimpleNamespace:
    whole = {
        "k": [900.0, 0, 640, 0, 901, 360, 0, 0, 1],
        "d": [-0.1, 0.01, 0.0, 0.0, 0.0],
        "width": 1280,
        "height": 720,
        "distortion_model": "plumb_bob",
    }
    return SimpleNamespace(**{**whole, **changes})


def test_reads_camera_info():
    read = Intrinsics.from_camera_info(camera_info())
    np.testing.assert_array_equal(read.matrix, [[900, 0, 640], [0, 901, 360], [0, 0, 1]])
    assert read.size == (1280, 720)
    assert read.model == "plumb_bob"
    assert read.distortion[:2] == (-0.1, 0.01)


def test_binned_and_cut_images_see_the_same_rays():
    """REP 104: K is for the whole image; the window is cut first, then pixels are joined."""
    full = Intrinsics.from_camera_info(camera_info())
    window = SimpleNamespace(x_offset=100, y_offset=40, width=0, height=0)
    small = Intrinsics.from_camera_info(camera_info(roi=window, binning_x=2, binning_y=4))
    pixel = np.array([700.0, 300.0])
    np.testing.assert_allclose(
        small.rays((pixel - (100, 40)) / (2, 4)), full.rays(pixel), atol=1e-12
    )
    assert small.size == (640, 180)
    window = SimpleNamespace(x_offset=100, y_offset=40, width=800, height=600)
    cut = Intrinsics.from_camera_info(camera_info(roi=window, binning_x=2, binning_y=4))
    assert cut.size == (400, 150)
    # Drivers that know of no binning publish zeros.
    plain = Intrinsics.from_camera_info(camera_info(binning_x=0, binning_y=0))
    np.testing.assert_array_equal(plain.matrix, full.matrix)


def test_a_rectified_image_sees_the_same_rays_through_another_camera():
    lens = camera("plumb_bob")
    new, _ = cv2.getOptimalNewCameraMatrix(lens.matrix, np.array(lens.distortion), lens.size, 0.0)
    p = np.ravel(np.c_[new, [-70.0, 0, 0]])  # the right camera of a pair
    info = camera_info(k=np.ravel(lens.matrix), d=lens.distortion, p=p)
    read = Intrinsics.from_camera_info(info, rectified=True)
    rectified = image_grid().reshape(-1, 2)
    rays = read.rays(rectified)
    raw = opencv_project(np.concatenate([rays, np.ones((len(rays), 1))], -1), lens)
    np.testing.assert_allclose(Intrinsics.from_camera_info(info).rays(raw), rays, atol=1e-9)
    binned = camera_info(k=info.k, p=p, binning_x=2, binning_y=2)
    small = Intrinsics.from_camera_info(binned, rectified=True)
    np.testing.assert_allclose(small.rays(rectified / 2), rays, atol=1e-12)
    with pytest.raises(InputError, match=r"CameraInfo\.p is all zeros"):
        Intrinsics.from_camera_info(camera_info(p=[0.0] * 12), rectified=True)


def test_an_uncalibrated_driver_is_named():
    with pytest.raises(InputError, match=r"all zeros.*camera_calibration"):
        Intrinsics.from_camera_info(camera_info(k=[0.0] * 9))


GOOD = [[900.0, 0, 640], [0, 900, 360], [0, 0, 1]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"matrix": np.eye(4)}, r"\(4, 4\).*3x3"),
        ({"matrix": "K"}, "numbers"),
        ({"matrix": [[1, 2], [3]]}, "numbers"),
        ({"matrix": np.full((3, 3), np.nan)}, "finite"),
        ({"matrix": np.transpose(GOOD)}, "transposed"),
        ({"matrix": np.diag([-900.0, 900, 1])}, "-900.*above 0"),
        ({"matrix": np.diag([900.0, 0, 1])}, "0 pixels.*above 0"),
        ({"model": "thin_prism"}, "thin_prism.*equidistant"),
        ({"model": "fisheye"}, "fisheye.*OpenCV's fisheye is equidistant"),
        ({"distortion": [["a"]]}, "distortion cannot be read as numbers"),
        ({"size": "1280x720"}, "'1280x720'; give width and height"),
        ({"size": 1280}, "1280; give width and height"),
        ({"distortion": [0.1] * 6}, "at most 5"),
        ({"distortion": [np.inf]}, "finite"),
        ({"distortion": [0.1] * 5, "model": "equidistant"}, "at most 4"),
    ],
)
def test_refuses_and_says_why(changes, message):
    with pytest.raises(InputError, match=message):
        Intrinsics(**{"matrix": GOOD, "size": (1280, 720), **changes})


def test_coefficients_may_be_a_matrix_as_opencv_has_them():
    row = Intrinsics(GOOD, (1280, 720), np.array([[0.1, 0.2, 0, 0, 0.3]]))
    assert row.distortion == (0.1, 0.2, 0.0, 0.0, 0.3)
    assert Intrinsics(GOOD, (1280, 720), np.array([[0.1], [0.2]])).distortion == (0.1, 0.2)


def test_coefficients_of_zero_behind_the_last_are_no_error():
    assert Intrinsics(GOOD, (1280, 720), [0.1, 0, 0, 0, 0, 0, 0, 0]).distortion[0] == 0.1


def test_cameras_can_be_compared_and_kept_in_sets():
    first, second = Intrinsics(GOOD, (1280, 720)), Intrinsics(GOOD, (1280, 720))
    assert first == first
    assert len({first, second, first}) == 2


def test_a_camera_cannot_be_changed_afterwards():
    kept = Intrinsics(GOOD, (1280, 720))
    with pytest.raises(ValueError, match="read-only"):
        kept.matrix[0, 0] = 1

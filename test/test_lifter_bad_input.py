"""Whatever goes in: never NaN, never an error without a sentence that helps."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from synthetic import LENSES, MANY, bush, camera, chain, in_front

from lfm_ros import Intrinsics, Lifted, Lifter, pixel_doubts, size_doubts
from lfm_ros.core.errors import InputError, SkeletonError
from lfm_ros.skeletons import as_yaml

UP = np.array([0.05, -0.95, -0.3])
FLOATS = ("points", "canonical", "rotation", "translation", "scale", "sigma", "reprojection_px")


@pytest.fixture(scope="module")
def lifter():
    with Lifter.from_pretrained() as made:
        yield made


def assert_sound(out: Lifted) -> None:
    """Numbers everywhere, proper rotations, zeros where nothing was lifted."""
    for name in FLOATS:
        assert np.isfinite(getattr(out, name)).all(), name
    np.testing.assert_allclose(np.linalg.det(out.rotation.astype(float)), 1, atol=1e-4)
    for name in ("points", "canonical", "translation", "scale", "sigma"):
        assert not getattr(out, name)[~out.valid].any(), name
    assert not out.observed[~out.valid].any()
    assert (out.observed[out.valid].sum(-1) >= 4).all()
    assert (out.scale[out.valid] >= 0).all()


values = st.one_of(
    st.floats(-200, 1500, width=32),
    st.sampled_from([0.0, 640.0, 360.0, 1e4, -1e6, 1e9, -1e9, 1e30, 1e300, 1e-300, 5e-324]),
    st.sampled_from([np.nan, np.inf, -np.inf]),
)
shares = st.one_of(
    st.floats(0, 1), st.sampled_from([0.0, 0.0, 1.0, np.nan, np.inf, 1e-45, 1e-310, 1.0005])
)
cameras = st.one_of(
    st.none(),
    st.sampled_from(sorted(LENSES)).map(camera),
    st.floats(0.2, 3.1).map(lambda fov: Intrinsics.from_field_of_view(fov, (1280, 720))),
)
ups = st.one_of(st.none(), st.sampled_from([UP, np.array([0.0, 0, 1]), np.array([0.0, 0, -1])]))


@pytest.mark.parity
@MANY
@given(
    arrays(np.float64, (3, 7, 2), elements=values),
    st.one_of(st.none(), arrays(np.float64, (3, 7), elements=shares)),
    cameras,
    st.sampled_from([None, chain(7), bush(7, nominal_size=2.0)]),
    ups,
    st.sampled_from([None, 1.0, 1e-6, 1e6]),
)
def test_any_numbers_give_sound_results(lifter, pixels, confidence, lens, rig, up, known_size):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "known size of|all .* keypoints lie within")
        assert_sound(lifter.lift(pixels, confidence, lens, rig, up=up, known_size=known_size))


@pytest.mark.parity
@MANY
@given(
    st.integers(0, 10_000),
    st.sampled_from(sorted(LENSES)),
    st.lists(st.integers(0, 6), max_size=12),
    st.floats(1e-12, 1e3),
)
def test_points_on_top_of_each_other_give_sound_results(lifter, seed, lens, doubles, spread):
    """Doubled, nearly doubled, in a line or tiny: all are taken or refused, none blows up."""
    pixels = spread * np.random.default_rng(seed).standard_normal((2, 7, 2)) + (700, 300)
    for i, j in pairwise(doubles):
        pixels[0, i] = pixels[0, j]
    pixels[1, :, 1] = 0.5 * pixels[1, :, 0]
    for known in (camera(lens), None):
        out = lifter.lift(pixels, None, known, bush(7, nominal_size=2.0), up=UP)
        assert_sound(out)
        different = len(np.unique(np.round(pixels[0], 6), axis=0))
        if spread < 50 or known is None:  # else the lens may not see some of them
            assert out.valid[0] == (different >= 4)


@pytest.mark.parametrize("lens", ["none", "plumb_bob", "equidistant"])
def test_far_outliers_are_left_out_or_kept_but_harm_nobody(lifter, lens):
    pixels = np.repeat(camera(lens).project(in_front(1, 12, 0)), 4, 0)
    pixels[1, 0], pixels[2, 0], pixels[3, 0] = (1e9, -1e9), (4e4, 300), (-5e3, -5e3)
    out = lifter.lift(pixels, None, camera(lens), bush(12, nominal_size=4.0))
    assert_sound(out)
    assert out.valid.all()
    assert (out.points[..., 2] > 0).all(), "nothing that a camera sees is behind it"
    alone = lifter.lift(pixels[:1], None, camera(lens), bush(12, nominal_size=4.0))
    np.testing.assert_allclose(out.points[0], alone.points[0], atol=1e-3)


def test_what_the_lens_cannot_see_is_not_called_observed(lifter):
    barrel = Intrinsics(camera().matrix, (1280, 720), (-0.38, 0.04), "plumb_bob")
    pixels = camera().project(in_front(2, 12, 1))
    pixels[0, 3], pixels[0, 7] = (5e3, 5e3), (-9e3, 0)
    pixels[1, 3:] = (5e3, 5e3)
    out = lifter.lift(pixels, None, barrel, bush(12))
    np.testing.assert_array_equal(np.flatnonzero(~out.observed[0]), [3, 7])
    np.testing.assert_array_equal(out.valid, [True, False])
    confidence = np.ones((1, 12))
    confidence[0, [3, 7]] = 0
    expected = lifter.lift(pixels[:1], confidence, barrel, bush(12))
    np.testing.assert_allclose(out.points[0], expected.points[0], atol=1e-4)


GOOD = camera().project(in_front(3, 7, 2))
INPUT = [
    ({"keypoints": np.zeros((3, 7))}, r"\(3, 7\).*\(B, K, 2\)"),
    ({"keypoints": np.zeros((3, 7, 3))}, r"\(3, 7, 3\).*\(B, K, 2\).*a score.*confidence="),
    ({"keypoints": np.zeros((1, 3, 7, 2))}, r"\(1, 3, 7, 2\)"),
    ({"keypoints": 7.0}, r"\(\)"),
    ({"keypoints": "nose"}, "keypoints cannot be read as numbers"),
    ({"keypoints": [[[1, 2]], [[1, 2], [3, 4]]]}, "keypoints cannot be read as.*padded with NaN"),
    ({"keypoints": None}, "keypoints"),
    ({"keypoints": GOOD.astype(complex)}, "keypoints cannot be read as numbers"),
    ({"confidence": np.ones((3, 6))}, r"\(3, 6\).*\(3, 7\)"),
    ({"confidence": np.ones(7)}, r"\(1, 7\).*\(3, 7\)"),
    ({"confidence": np.full((3, 7), 87.0)}, "between 0 and 87.*divide"),
    ({"confidence": -np.ones((3, 7))}, "between -1"),
    ({"confidence": [["high"] * 7] * 3}, "confidence cannot be read as numbers"),
    ({"camera": [camera()] * 2}, "2 cameras.*3 instances"),
    ({"camera": []}, "0 cameras.*3 instances"),
    ({"camera": np.eye(3)}, "ndarray.*Intrinsics"),
    ({"camera": [np.eye(3)] * 3}, "ndarray.*Intrinsics"),
    ({"camera": 900.0}, "float.*Intrinsics"),
    ({"camera": [camera(), None, camera()]}, "NoneType.*Intrinsics"),
    ({"skeleton": bush(8)}, "7 columns.*8 keypoints"),
    ({"skeleton": bush(6)}, "7 columns.*6 keypoints"),
    ({"skeleton": "coco17"}, "7 columns.*'coco17'.*17"),
    ({"skeleton": [bush(7)] * 2}, "2 skeletons.*3 instances"),
    ({"skeleton": [bush(7), bush(7), bush(8, "eight")]}, "7 columns.*eight"),
    ({"skeleton": [bush(7), bush(7), bush(5)]}, "instance 2.*behind the 5"),
    ({"skeleton": 7}, "int.*Skeleton"),
    ({"skeleton": [1, 2, 3]}, "int.*Skeleton"),
    ({"skeleton": {"keypoints": []}}, "dict.*Skeleton"),
    ({"skeleton": b"coco17"}, "bytes.*Skeleton"),
    ({"skeleton": [(0, 1), (1, 2)]}, r"tuple.*Skeleton\(names, edges\)"),
    ({"camera": (900.0, 900.0, 640.0)}, r"float.*Intrinsics\(matrix, size"),
    ({"ground": 1.2}, r"\(\).*\(0, -1, 0, h\) of a level camera"),
    ({"up": [0, 0, 0]}, "length zero"),
    ({"up": [np.nan, 0, 1]}, "not finite"),
    ({"up": [0, -1]}, r"\(2,\).*\(3,\) or \(3, 3\)"),
    ({"up": np.ones((2, 3))}, r"\(2, 3\)"),
    ({"up": "down"}, "up cannot be read as numbers"),
    ({"known_size": 0.0}, "value 0.*above 0"),
    ({"known_size": -1.7}, "value -1.7.*above 0"),
    ({"known_size": np.inf}, "inf.*above 0"),
    ({"known_size": 1e30}, r"1e\+30.*at most"),
    ({"known_size": [1.0, 2.0]}, r"\(2,\).*\(3,\)"),
    ({"known_size": "large"}, "known_size cannot be read as numbers"),
    ({"known_size": {("hip", "knee", "foot"): 0.4}}, "two keypoints at its ends"),
    ({"known_size": {5: 0.4, ("hip", "knee"): 0.4}}, "two keypoints at its ends"),
    ({"known_size": {"ab": 0.4}}, "two keypoints at its ends"),
]


@pytest.mark.parametrize(("changes", "message"), INPUT, ids=[m for _, m in INPUT])
def test_wrong_input_is_refused_with_what_was_found_and_expected(lifter, changes, message):
    arguments = {"keypoints": GOOD, "confidence": None, "camera": camera(), "skeleton": None}
    with pytest.raises(InputError, match=message):
        lifter.lift(**{**arguments, **changes})


@pytest.mark.parametrize("nobody", [[], np.zeros((0, 17, 2)), np.zeros(0)])
def test_a_frame_in_which_nobody_is_found_is_a_frame(lifter, nobody):
    for scores in (None, []):
        out = lifter.lift(nobody, scores, camera(), "coco17")
        assert out.points.shape == (0, 17, 3)
    assert lifter.lift([]).points.shape == (0, 0, 3)


@pytest.mark.parametrize("kind", ["requires_grad", "float16", "lists"])
def test_tensors_and_lists_are_arrays(lifter, kind):
    torch = pytest.importorskip("torch")
    whole = GOOD.round()  # which half precision holds, too
    tensor = torch.tensor(whole, requires_grad=kind == "requires_grad")
    found = {"requires_grad": tensor, "float16": tensor.half(), "lists": tensor.tolist()}[kind]
    out = lifter.lift(found, torch.ones(3, 7), camera(), bush(7))
    np.testing.assert_array_equal(out.points, lifter.lift(whole, None, camera(), bush(7)).points)


def test_a_skeleton_may_be_a_path(lifter, tmp_path):
    path = tmp_path / "seven.yaml"
    path.write_text(as_yaml(bush(7)))
    given = lifter.lift(GOOD, None, camera(), path)
    np.testing.assert_array_equal(given.points, lifter.lift(GOOD, None, camera(), bush(7)).points)


def test_a_bone_in_millimetres_is_warned_of_once(lifter, monkeypatch):
    monkeypatch.setattr(size_doubts, "_told", set())
    rig = bush(7, nominal_size=3.0, name="millimetres")
    bone = rig.names[0], rig.names[1]
    with pytest.warns(UserWarning, match="a bone of millimetres: 440 m, where.*3 m") as told:
        lifter.lift(GOOD, None, camera(), rig, known_size={bone: 440})
    assert [warning.filename for warning in told] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lifter.lift(GOOD, None, camera(), rig, known_size={bone: 440})
        lifter.lift(GOOD, None, camera(), bush(7, nominal_size=3.0), known_size={bone: 0.44})


@pytest.mark.parametrize("skeleton", ["coco", "", "../coco17", ["coco17", "unheard_of", None]])
def test_unknown_skeletons_are_refused(lifter, skeleton):
    with pytest.raises(SkeletonError, match=r"not known.*coco17"):
        lifter.lift(GOOD, None, camera(), skeleton)


def test_a_detector_may_round_above_one(lifter):
    assert lifter.lift(GOOD, np.full((3, 7), 1.0004), camera(), bush(7)).valid.all()


def test_shares_of_the_image_in_place_of_pixels_are_warned_of_once(lifter, monkeypatch):
    monkeypatch.setattr(pixel_doubts, "_told", False)
    lens = camera()
    pixels = lens.project(in_front(3, 12, seed=0))
    width, height = lens.size
    shares = pixels / [width, height]
    missing = np.ones(pixels.shape[:2])
    missing[:, 0] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lifter.lift(pixels, camera=lens)
        lifter.lift(pixels, missing, camera=lens)
        lifter.lift(shares)  # without a camera only the shape matters
        lifter.lift(np.zeros_like(pixels), camera=lens)  # as detectors say that nobody is there
        lifter.lift(shares[:0], camera=lens)
    with pytest.warns(UserWarning, match=f"corner of an image of {width}x{height}.*0..1") as told:
        out = lifter.lift(shares, missing, camera=lens)
    assert out.valid.all()
    assert [warning.filename for warning in told] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lifter.lift(shares, camera=lens)

"""What must not change the lifter's result, and what must change it in a known way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from synthetic import FEW, bush, camera, chain, in_front, square_camera

from lfm_ros import Intrinsics, Lifted, Lifter, Skeleton

pytestmark = pytest.mark.parity

seeds = st.integers(0, 10_000)
UP = np.array([0.05, -0.95, -0.3])
# float32 in the network; a change of order in its sums is seen in the sixth digit.
CLOSE = {"rtol": 2e-3, "atol": 1e-3}
KEYPOINTWISE = ("points", "canonical", "sigma", "observed")
PLAIN = ("rotation", "translation", "scale", "reprojection_px", "valid")


@pytest.fixture(scope="module")
def lifter():
    with Lifter.from_pretrained() as made:
        yield made


def scene(seed: int, count: int = 3, keypoints: int = 11) -> tuple[np.ndarray, np.ndarray]:
    """Truth (count, keypoints, 3) and confidence with a few keypoints missing."""
    confidence = np.random.default_rng(seed).uniform(0.2, 1, (count, keypoints))
    confidence[confidence < 0.35] = 0
    confidence[:, :4] = 0.9
    return in_front(count, keypoints, seed), confidence


def assert_alike(found: Lifted, expected: Lifted, names: tuple[str, ...]) -> None:
    for name in names:
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), **CLOSE, err_msg=name
        )


@FEW
@given(seeds, st.booleans(), st.booleans())
def test_permuting_keypoints_permutes_the_result(lifter, seed, known_camera, with_edges):
    points, confidence = scene(seed)
    pixels, lens = camera().project(points), camera() if known_camera else None
    order = np.random.default_rng(seed).permutation(11)
    place = np.argsort(order)
    rig = bush(11, nominal_size=4.0)
    edges = [(int(place[a]), int(place[b])) for a, b in rig.edges]
    shuffled = Skeleton([rig.names[i] for i in order], edges, nominal_size=4.0)
    rigs = (rig, shuffled) if with_edges else (None, None)
    expected = lifter.lift(pixels, confidence, lens, rigs[0], up=UP)
    found = lifter.lift(pixels[:, order], confidence[:, order], lens, rigs[1], up=UP)
    assert_alike(found, expected, PLAIN)
    for name in KEYPOINTWISE:
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name)[:, order], **CLOSE, err_msg=name
        )


@FEW
@given(seeds)
def test_the_order_of_edges_and_of_their_ends_does_not_matter(lifter, seed):
    points, confidence = scene(seed)
    pixels, rig = camera().project(points), bush(11)
    random = np.random.default_rng(seed)
    edges = [e if random.random() < 0.5 else e[::-1] for e in random.permutation(rig.edges)]
    other = Skeleton(rig.names, edges)
    expected = lifter.lift(pixels, confidence, camera(), rig)
    found = lifter.lift(pixels, confidence, camera(), other)
    assert_alike(found, expected, (*PLAIN, *KEYPOINTWISE))


def test_edges_matter(lifter):
    points, confidence = scene(0)
    pixels = camera().project(points)
    tree = lifter.lift(pixels, confidence, camera(), bush(11))
    row = lifter.lift(pixels, confidence, camera(), chain(11))
    assert np.abs(tree.canonical - row.canonical).max() > 0.01


@FEW
@given(seeds)
def test_permuting_instances_permutes_the_result(lifter, seed):
    points, confidence = scene(seed, count=5)
    pixels, order = camera().project(points), np.random.default_rng(seed).permutation(5)
    expected = lifter.lift(pixels, confidence, camera(), bush(11), up=UP)
    found = lifter.lift(pixels[order], confidence[order], camera(), bush(11), up=UP)
    np.testing.assert_allclose(found.points, expected.points[order], **CLOSE)
    np.testing.assert_allclose(found.rotation, expected.rotation[order], **CLOSE)


GARBAGE = [np.nan, np.inf, -np.inf, 0.0, -1e9, 1e300, 640.0]


@FEW
@given(seeds, st.sampled_from(GARBAGE), st.booleans(), st.booleans())
def test_what_is_missing_may_hold_anything(lifter, seed, garbage, known_camera, as_nan):
    points, confidence = scene(seed)
    pixels, lens = (
        camera("plumb_bob").project(points),
        camera("plumb_bob") if known_camera else None,
    )
    expected = lifter.lift(pixels, confidence, lens, bush(11), up=UP)
    dirty = np.where(confidence[..., None] > 0, pixels, garbage)
    told = np.where(confidence > 0, confidence, np.nan) if as_nan else confidence
    found = lifter.lift(dirty, told, lens, bush(11), up=UP)
    for name in (*PLAIN, *KEYPOINTWISE):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


@FEW
@given(seeds, st.integers(1, 30), st.sampled_from(GARBAGE), st.booleans())
def test_padding_changes_nothing(lifter, seed, extra, garbage, known_camera):
    points, confidence = scene(seed)
    pixels, lens = camera().project(points), camera() if known_camera else None
    expected = lifter.lift(pixels, confidence, lens, bush(11), up=UP)
    wider = np.concatenate([pixels, np.full((3, extra, 2), garbage)], 1)
    told = np.concatenate([confidence, np.zeros((3, extra))], 1)
    found = lifter.lift(wider, told, lens, [bush(11)] * 3, up=UP)
    assert_alike(found, expected, PLAIN)
    for name in KEYPOINTWISE:
        value = getattr(found, name)
        np.testing.assert_allclose(value[:, :11], getattr(expected, name), **CLOSE, err_msg=name)
        assert not value[:, 11:].any(), name


@FEW
@given(seeds, st.floats(-np.pi, np.pi), st.booleans())
def test_rolling_the_camera_rolls_the_result(lifter, seed, angle, known_camera):
    """A pure roll about the optical axis, gravity turning along."""
    points, confidence = scene(seed)
    lens = square_camera() if known_camera else None
    roll = Rotation.from_rotvec([0, 0, angle]).as_matrix()
    straight = lifter.lift(square_camera().project(points), confidence, lens, bush(11), up=UP)
    rolled = lifter.lift(
        square_camera().project(points @ roll.T), confidence, lens, bush(11), up=roll @ UP
    )
    np.testing.assert_allclose(rolled.points, straight.points @ roll.T, **CLOSE)
    np.testing.assert_allclose(rolled.translation, straight.translation @ roll.T, **CLOSE)
    np.testing.assert_allclose(rolled.rotation, roll @ straight.rotation, **CLOSE)
    assert_alike(rolled, straight, ("canonical", "sigma", "scale", "reprojection_px"))


@FEW
@given(seeds, st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_turning_the_camera_turns_the_result(lifter, seed, pan, tilt):
    """With the camera known, all that a turn of it can change is the place in the image."""
    points, confidence = scene(seed)
    turn = Rotation.from_rotvec([tilt, pan, 0]).as_matrix()
    before = lifter.lift(camera().project(points), confidence, camera(), bush(11), up=UP)
    after = lifter.lift(
        camera().project(points @ turn.T), confidence, camera(), bush(11), up=turn @ UP
    )
    np.testing.assert_allclose(after.points, before.points @ turn.T, **CLOSE)
    assert_alike(after, before, ("canonical", "scale"))


@FEW
@given(seeds, st.floats(0.05, 20), st.tuples(st.floats(-3e3, 3e3), st.floats(-3e3, 3e3)))
def test_without_a_camera_pixels_may_be_scaled_and_shifted(lifter, seed, scale, shift):
    points, confidence = scene(seed)
    pixels = camera().project(points)
    expected = lifter.lift(pixels, confidence, None, bush(11), up=UP)
    found = lifter.lift(scale * pixels + shift, confidence, None, bush(11), up=UP)
    kept = [n for n in PLAIN if n != "reprojection_px"]
    assert_alike(found, expected, (*kept, *KEYPOINTWISE))
    np.testing.assert_allclose(found.reprojection_px, scale * expected.reprojection_px, rtol=5e-3)


@FEW
@given(seeds, st.floats(0.05, 20), st.tuples(st.floats(-3e3, 3e3), st.floats(-3e3, 3e3)))
def test_with_a_camera_pixels_and_matrix_scale_and_shift_together(lifter, seed, scale, shift):
    """Another resolution, or another window, of the same image."""
    points, confidence = scene(seed)
    lens = camera("plumb_bob")
    matrix = np.array(lens.matrix)
    matrix[:2] *= scale
    matrix[:2, 2] += shift
    other = Intrinsics(matrix, lens.size, lens.distortion, lens.model)
    pixels = lens.project(points)
    expected = lifter.lift(pixels, confidence, lens, bush(11), up=UP)
    found = lifter.lift(scale * pixels + shift, confidence, other, bush(11), up=UP)
    kept = [n for n in PLAIN if n != "reprojection_px"]
    assert_alike(found, expected, (*kept, *KEYPOINTWISE))


def test_with_a_camera_the_place_in_the_image_matters(lifter):
    points, confidence = scene(1)
    pixels = camera().project(points)
    expected = lifter.lift(pixels, confidence, camera(), bush(11), up=UP)
    moved = lifter.lift(pixels + (200, 0), confidence, camera(), bush(11), up=UP)
    assert (moved.points[..., 0].mean(-1) > expected.points[..., 0].mean(-1) + 0.1).all()


@FEW
@given(seeds, st.floats(0.1, 10))
def test_the_length_of_up_does_not_matter(lifter, seed, length):
    points, confidence = scene(seed)
    pixels = camera().project(points)
    expected = lifter.lift(pixels, confidence, camera(), bush(11), up=UP)
    found = lifter.lift(pixels, confidence, camera(), bush(11), up=[length * UP] * 3)
    assert_alike(found, expected, (*PLAIN, *KEYPOINTWISE))


@FEW
@given(seeds)
def test_undistorting_first_is_the_same(lifter, seed):
    points, confidence = scene(seed)
    plain = lifter.lift(camera().project(points), confidence, camera(), bush(11), up=UP)
    for lens in ("plumb_bob", "rational_polynomial", "equidistant"):
        bent = camera(lens)
        found = lifter.lift(bent.project(points), confidence, bent, bush(11), up=UP)
        assert_alike(found, plain, (*PLAIN, *KEYPOINTWISE))


@FEW
@given(seeds)
def test_float32_and_lists_are_taken_as_well(lifter, seed):
    points, confidence = scene(seed)
    pixels = camera().project(points).astype(np.float32)
    expected = lifter.lift(pixels, confidence, camera(), bush(11))
    found = lifter.lift(pixels.tolist(), confidence.tolist(), camera(), bush(11))
    assert_alike(found, expected, (*PLAIN, *KEYPOINTWISE))
    whole = np.round(pixels).astype(int)
    assert lifter.lift(whole, confidence, camera(), bush(11)).valid.all()

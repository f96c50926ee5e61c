"""Which cue gives an instance its metres, and what the lifter says of its own errors."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import bush, camera, chain, in_front

from lfm_ros import Lifter
from lfm_ros.core.errors import InputError
from lfm_ros.skeletons import load_skeleton

UP = np.array([0.0, -1.0, 0.0])
RIG = chain(9, "nine", nominal_size=3.0)


@pytest.fixture(scope="module")
def lifter():
    with Lifter.from_pretrained() as made:
        yield made


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return camera().project(in_front(4, 9, 0))


def wall(metres: float, kind: str = "f4") -> np.ndarray:
    """A depth image of a wall across the view."""
    return np.full((72, 128), metres * (1 if kind == "f4" else 1000)).astype(kind)


def floor(metres: float) -> np.ndarray:
    """The ground so far below a level camera."""
    return np.append(UP, metres)


@pytest.mark.parametrize("kind", ["f4", "u2"])
def test_depth_says_how_far_away_and_so_how_large(lifter, pixels, kind):
    near, far = (lifter.lift(pixels, None, camera(), RIG, depth=wall(z, kind)) for z in (3.0, 6.0))
    for out, metres in ((near, 3.0), (far, 6.0)):
        assert out.scale_source == ["depth"] * 4
        np.testing.assert_allclose(np.median(out.points[..., 2], -1), metres, rtol=0.1)
    np.testing.assert_allclose(far.points, 2 * near.points, rtol=1e-3)
    np.testing.assert_allclose(far.reprojection_px, near.reprojection_px, rtol=1e-3)


def test_floats_of_millimetres_are_told_by_the_usual_size(lifter, pixels):
    metres = lifter.lift(pixels, None, camera(), RIG, depth=wall(3.0))
    millimetres = lifter.lift(pixels, None, camera(), RIG, depth=1000 * wall(3.0))
    np.testing.assert_allclose(millimetres.points, metres.points, rtol=1e-4)
    # A tower far away is not a toy, where something says how large it is.
    tower = replace(RIG, nominal_size=600.0)
    out = lifter.lift(pixels, None, camera(), tower, depth=wall(700.0))
    np.testing.assert_allclose(np.median(out.points[..., 2], -1), 700.0, rtol=0.1)


def test_keypoints_lie_behind_the_surface_by_what_the_skeleton_says(lifter, pixels):
    thick = replace(RIG, surface_depth=0.3)
    bare = lifter.lift(pixels, None, camera(), RIG, depth=wall(3.0))
    out = lifter.lift(pixels, None, camera(), thick, depth=wall(2.7))
    np.testing.assert_allclose(out.points, bare.points, rtol=0.02, atol=0.02)


def test_what_stands_is_put_on_the_ground(lifter):
    pixels = camera().project(in_front(6, 9, 1) + (0, 1.0, 0))
    out = lifter.lift(pixels, None, camera(), chain(9), up=UP, ground=floor(2.5))
    assert out.scale_source == ["ground"] * 6
    np.testing.assert_allclose(out.points[..., 1].max(-1), 2.5, atol=0.25)
    rows = np.stack([floor(metres) for metres in (2.5, 5, 2.5, 5, 2.5, 5)])
    each = lifter.lift(pixels, None, camera(), chain(9), up=UP, ground=rows)
    np.testing.assert_allclose(each.scale[::2], out.scale[::2], rtol=1e-4)
    np.testing.assert_allclose(each.scale[1::2], 2 * out.scale[1::2], rtol=0.05)
    hanging = lifter.lift(pixels, None, camera(), chain(9), up=UP, ground=floor(2.5), nominal=False)
    assert hanging.unit == ["m"] * 6
    lamp = replace(chain(9), contacts=())
    assert lifter.lift(pixels, None, camera(), lamp, ground=floor(2.5)).unit == ["radius"] * 6


def test_the_cue_that_is_trusted_most_decides(lifter, pixels):
    below = pixels + (0, 250)
    cues = {"depth": wall(3.0), "known_size": 2.0, "ground": floor(1.5)}
    wanted = ["depth", "known", "ground", "nominal"]
    for name, source in zip([None, *cues], wanted, strict=True):
        cues.pop(name, None)
        out = lifter.lift(below, None, camera(), RIG, up=UP, **cues)
        assert set(out.scale_source) == {source}, cues


def test_a_cue_without_a_say_leaves_it_to_the_next(lifter, pixels):
    holes = np.zeros((72, 128), np.uint16)
    sizes = [2.0, np.nan, 2.0, np.nan]
    sky = floor(1.5) * (-1, -1, -1, 1)  # a ceiling: nothing that stands can be below it
    out = lifter.lift(pixels, None, camera(), RIG, depth=holes, known_size=sizes, ground=sky)
    assert out.scale_source == ["known", "nominal", "known", "nominal"]


def test_a_size_far_from_the_usual_is_warned_of_once(lifter, pixels):
    rig = replace(RIG, name="nine_of_this_test")
    with pytest.warns(UserWarning, match="0.9 m, where 3 m is usual.*a height") as told:
        lifter.lift(pixels, None, camera(), [RIG, rig, rig, rig], known_size=[3.0, 3.5, 0.9, 0.8])
    assert [Path(one.filename) for one in told] == [Path(__file__)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lifter.lift(pixels, None, camera(), rig, known_size=0.9)
        elephants = replace(rig, name="some_animals", size_spread=0.4)
        lifter.lift(pixels, None, camera(), elephants, known_size=0.9)


def test_bones_are_as_long_as_they_are_said_to_be(lifter, pixels):
    bones = {("point_0", "point_1"): 0.5, ("point_4", "point_5"): 0.7}
    out = lifter.lift(pixels, None, camera(), replace(RIG, nominal_size=None), known_size=bones)
    measured = [np.linalg.norm(out.points[:, a] - out.points[:, a + 1], axis=-1) for a in (0, 4)]
    used = np.array([source == "known" for source in out.scale_source])
    assert used.any()
    assert (np.sum(measured, 0)[used] <= 1.2 + 1e-4).all()
    assert (np.sum(measured, 0)[used] > 1.0).all()
    # Of several rigs, those that have the bones are told.
    mixed = [RIG, bush(9, nominal_size=3.0), RIG, None]
    told = lifter.lift(pixels, None, camera(), mixed, known_size=bones).scale_source
    assert told[1] == "nominal"
    assert told[3] == "none"


def test_the_better_the_cue_the_smaller_the_error(lifter, pixels):
    rig = load_skeleton("coco17")
    people = camera().project(in_front(5, 17, 2))
    cues = [{}, {"known_size": rig.nominal_size}, {"depth": wall(4.0)}]
    out = [lifter.lift(people, None, camera(), rig, **cue) for cue in cues]
    errors = [np.median(one.scale_sigma / one.scale) for one in out]
    assert errors[0] > errors[1] > errors[2] > 0
    for one in out:
        np.testing.assert_allclose(one.translation_cov, one.translation_cov.swapaxes(1, 2))
        assert (np.linalg.eigvalsh(one.translation_cov) > 0).all()
        # What is not known is above all the distance.
        ray = one.translation / np.linalg.norm(one.translation, axis=-1, keepdims=True)
        along = np.einsum("bi,bij,bj->b", ray, one.translation_cov, ray)
        assert (along > np.trace(one.translation_cov, axis1=1, axis2=2) / 3).all()
    unknown = lifter.lift(people, None, camera(), rig, nominal=False)
    assert not unknown.scale_sigma.any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depth": wall(3.0), "camera": None}, "without a camera"),
        ({"ground": floor(1.0), "camera": None}, "without a camera"),
        ({"depth": np.ones((72, 128), np.uint8)}, "uint8.*aligned"),
        ({"depth": np.ones(72)}, r"\(72,\)"),
        ({"depth": np.ones((128, 72))}, "72 x 128.*1280 x 720"),
        ({"ground": [0, -1, 0]}, r"\(3,\).*\(4,\) or \(4, 4\)"),
        ({"ground": [0, 0, 0, 1.5]}, "length zero"),
        ({"ground": [0, -1, 0, np.nan]}, "not finite"),
        ({"ground": "down"}, "ground cannot be read as numbers"),
        ({"known_size": {("point_0", "nose"): 1.0}}, "nose.*names of its keypoints"),
        ({"known_size": {("point_0", "point_1"): -1.0}}, "value -1.*above 0"),
        ({"known_size": {("point_0", "point_1"): "long"}}, "known_size cannot be read"),
    ],
)
def test_cues_that_do_not_fit_are_refused(lifter, pixels, changes, message):
    arguments = {"camera": camera(), "skeleton": RIG, **changes}
    with pytest.raises(InputError, match=message):
        lifter.lift(pixels, None, **arguments)

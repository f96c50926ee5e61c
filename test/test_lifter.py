"""What the lifter returns, with the model that ships."""

from __future__ import annotations

import re
import threading

import numpy as np
import pytest
from synthetic import LENSES, bush, camera, chain, in_front, square_camera

from lfm_ros import Lifted, Lifter, Tracker
from lfm_ros.core.alignment import procrustes
from lfm_ros.core.errors import EngineError
from lfm_ros.core.placement import size
from lfm_ros.scene.scene import Scene
from lfm_ros.skeletons import load_skeleton

UP = np.array([0.05, -0.95, -0.3])


@pytest.fixture(scope="module")
def lifter():
    with Lifter.from_pretrained() as made:
        yield made


def seen(count: int, keypoints: int, seed: int, lens: str = "none") -> np.ndarray:
    return camera(lens).project(in_front(count, keypoints, seed))


def people() -> np.ndarray:
    """Points (B, K, 3) of the scene's people: points at random are nobody's shape."""
    scene, found = Scene(noise=False), []
    for frame in map(scene.frame, np.linspace(1.0, 20.0, 12)):
        for index, truth, valid in zip(frame.skeleton, frame.truth, frame.truth_valid, strict=True):
            rig = scene.skeletons[index]
            if rig.name == "scene_person" and valid[: len(rig)].all():
                found.append(truth[: len(rig)])
    return np.array(found)


def test_shapes_and_types_are_as_documented(lifter):
    out = lifter.lift(seen(5, 17, 0), None, camera(), "coco17", up=UP)
    shapes = {
        "points": (5, 17, 3),
        "canonical": (5, 17, 3),
        "rotation": (5, 3, 3),
        "translation": (5, 3),
        "scale": (5,),
        "scale_sigma": (5,),
        "translation_cov": (5, 3, 3),
        "sigma": (5, 17),
        "reprojection_px": (5,),
    }
    for name, shape in shapes.items():
        value = getattr(out, name)
        assert value.shape == shape, name
        assert value.dtype == np.float32, name
        assert value.flags.c_contiguous, name
        assert np.isfinite(value).all(), name
    assert out.observed.dtype == bool
    assert out.observed.all()
    assert out.valid.dtype == bool
    assert out.valid.all()
    assert (out.sigma > 0).all()
    assert set(out.seconds) == {"normalize", "engine", "align", "place"}
    assert all(value > 0 for value in out.seconds.values())


def test_one_instance_needs_no_batch(lifter):
    pixels = seen(1, 17, 1)
    alone = lifter.lift(pixels[0], np.ones(17), camera(), "coco17")
    np.testing.assert_array_equal(
        alone.points, lifter.lift(pixels, None, camera(), "coco17").points
    )


@pytest.mark.parametrize("lens", [None, *LENSES])
@pytest.mark.parametrize("up", [None, UP])
def test_points_are_the_turned_canonical_structure_and_a_residual(lifter, lens, up):
    pixels = camera(lens or "none").project(people())
    out = lifter.lift(pixels, None, lens and camera(lens), "scene_person", up=up)
    np.testing.assert_allclose(np.linalg.det(out.rotation.astype(float)), 1, atol=1e-5)
    turned = out.canonical @ out.rotation.swapaxes(1, 2)
    rebuilt = out.scale[:, None, None] * turned + out.translation[:, None]
    np.testing.assert_allclose(rebuilt + out.residual, out.points, atol=1e-5)
    extent = np.linalg.norm(out.points - out.points.mean(1, keepdims=True), axis=-1).max(-1)
    assert (np.linalg.norm(out.residual, axis=-1).max(-1) < 0.5 * extent).all()


@pytest.mark.parametrize("lens", ["none", "equidistant"])
def test_the_pose_explains_the_picture_better_than_the_one_nearest_in_space(lifter, lens):
    pixels = seen(30, 17, 2, lens)
    out = lifter.lift(pixels, None, camera(lens), "coco17", up=UP)
    canonical, points = out.canonical.astype(float), out.points.astype(float)
    posed = points - out.residual
    nearest = procrustes(canonical, points).apply(canonical)

    def off_px(shape: np.ndarray) -> np.ndarray:
        squared = np.square(camera(lens).project(shape) - pixels).sum(-1)
        return np.sqrt(squared.mean(-1))

    better = off_px(posed) / off_px(nearest)
    assert (better < 1.001).all()
    assert (better < 0.97).sum() > 5
    if lens == "none":  # else a pixel off the middle of the image is not one in the middle
        np.testing.assert_allclose(out.reprojection_px, off_px(posed), rtol=0.15)


@pytest.mark.parametrize("lens", LENSES)
def test_observed_keypoints_stay_on_their_pixels(lifter, lens):
    assert "uvd" in lifter.model.outputs, "a canonical model only comes near its pixels"
    pixels = seen(20, 17, 3, lens)
    confidence = np.random.default_rng(3).uniform(0.2, 1, (20, 17))
    confidence[confidence < 0.4] = 0
    out = lifter.lift(pixels, confidence, camera(lens), "coco17", up=UP)
    assert (out.points[..., 2][out.valid] > 0).all()
    back = camera(lens).project(out.points.astype(np.float64))
    off = np.linalg.norm(back - pixels, axis=-1)[out.observed]
    assert off.max() < 0.05
    np.testing.assert_array_equal(out.observed, confidence > 0)


def test_a_known_size_is_kept(lifter):
    rig = chain(9, nominal_size=3.0)
    known = np.array([1.5, np.nan, 40.0, 0.002])
    out = lifter.lift(seen(4, 9, 4), None, camera(), rig, known_size=known)
    sizes = size(out.points, rig, out.sigma, out.observed)
    np.testing.assert_allclose(sizes, [1.5, 3.0, 40.0, 0.002], rtol=1e-4)
    assert (size(out.points, rig) < sizes).all()
    assert out.scale_source == ["known", "nominal", "known", "known"]
    assert out.unit == ["m"] * 4
    # Twice as large means twice as far away.
    double = lifter.lift(seen(4, 9, 4), None, camera(), rig, known_size=2 * known)
    np.testing.assert_allclose(double.points[0], 2 * out.points[0], rtol=1e-5)
    np.testing.assert_allclose(double.sigma[0], 2 * out.sigma[0], rtol=1e-5)
    np.testing.assert_allclose(double.reprojection_px, out.reprojection_px, rtol=1e-5)


def test_one_known_size_serves_all(lifter):
    out = lifter.lift(seen(3, 9, 5), None, None, chain(9), known_size=2.0)
    np.testing.assert_allclose(size(out.points, chain(9), out.sigma), 2.0, rtol=1e-5)
    assert out.unit == ["m"] * 3


@pytest.mark.parametrize("lens", [None, "none"])
def test_without_any_cue_the_radius_is_one(lifter, lens):
    sized = chain(9, nominal_size=3.0)
    for rig, nominal in ((chain(9), True), (sized, False), (None, True)):
        out = lifter.lift(seen(3, 9, 6), None, lens and camera(lens), rig, nominal=nominal)
        assert out.scale_source == ["none"] * 3
        assert out.unit == ["radius"] * 3
        offset = out.points - out.points.mean(1, keepdims=True)
        np.testing.assert_allclose(np.linalg.norm(offset, axis=-1).max(-1), 1, rtol=1e-5)


def test_without_a_camera_points_lie_around_their_centroid(lifter):
    out = lifter.lift(seen(4, 17, 7), None, None, "coco17")
    np.testing.assert_allclose(out.points.mean(1), 0, atol=1e-5)
    rig = load_skeleton("coco17")
    np.testing.assert_allclose(size(out.points, rig, out.sigma), rig.nominal_size, rtol=1e-5)


def test_keypoints_that_were_not_seen_are_filled_in_and_marked(lifter):
    pixels, confidence = seen(6, 17, 8), np.ones((6, 17))
    confidence[:, [3, 9, 12]] = 0
    pixels[:, 9] = np.nan
    out = lifter.lift(pixels, confidence, camera(), "coco17")
    np.testing.assert_array_equal(out.observed, confidence > 0)
    assert np.isfinite(out.points).all()
    middle = out.points.mean(1)
    away = np.linalg.norm(out.points[:, [3, 9, 12]] - middle[:, None], axis=-1)
    assert (away > 1e-3).all(), "each hangs on an edge, so the network knows which it is"
    assert out.known.all()
    blind = lifter.lift(pixels, confidence, camera(), None)
    np.testing.assert_array_equal(blind.known, confidence > 0)
    # Without edges nothing tells which keypoint is which: it is put in the middle, not invented.
    centre = blind.points[:, np.flatnonzero(confidence[0])].mean(1)
    for missing in (3, 9, 12):
        np.testing.assert_allclose(blind.points[:, missing], centre, atol=1e-4)


def test_rows_that_cannot_be_lifted_are_zero_and_harm_no_other(lifter):
    pixels = seen(6, 17, 9)
    confidence = np.ones((6, 17))
    confidence[1] = 0
    confidence[3, 3:] = 0
    pixels[4] = pixels[4, :1]
    pixels[5, 3:] = pixels[5, :1]
    out = lifter.lift(pixels, confidence, camera(), "coco17", known_size=np.full(6, 9.0))
    np.testing.assert_array_equal(out.valid, [True, False, True, False, False, False])
    for row in (1, 3, 4, 5):
        for name in ("points", "canonical", "translation", "scale", "sigma", "reprojection_px"):
            assert not getattr(out, name)[row].any(), name
        assert not out.scale_sigma[row].any()
        assert not out.translation_cov[row].any()
        assert not out.observed[row].any()
        assert out.scale_source[row] == "none"
        np.testing.assert_array_equal(out.rotation[row], np.eye(3))
    kept = lifter.lift(pixels[[0, 2]], None, camera(), "coco17", known_size=9.0)
    np.testing.assert_allclose(out.points[[0, 2]], kept.points, atol=1e-5)
    assert [out.scale_source[i] for i in (0, 2)] == ["known", "known"]


def test_four_keypoints_are_enough_and_three_are_not(lifter):
    pixels, confidence = seen(1, 17, 10), np.zeros((1, 17))
    confidence[0, :3] = 1
    assert not lifter.lift(pixels, confidence, camera(), "coco17").valid[0]
    confidence[0, 3] = 1e-6
    assert lifter.lift(pixels, confidence, camera(), "coco17").valid[0]


@pytest.mark.parametrize("shape", [(0, 17, 2), (3, 0, 2), (2, 3, 2), (0, 0, 2)])
def test_nothing_in_nothing_out(lifter, shape):
    out = lifter.lift(np.zeros(shape), None, camera())
    assert out.points.shape == (*shape[:2], 3)
    assert not out.valid.any()
    assert len(out.unit) == len(out.scale_source) == shape[0]


def mixed() -> tuple[np.ndarray, np.ndarray, list]:
    rigs = [chain(5, "five"), load_skeleton("coco17"), None, bush(9), chain(17), chain(5, "five")]
    pixels, confidence = np.full((6, 17, 2), np.nan), np.zeros((6, 17))
    for i, rig in enumerate(rigs):
        count = 17 if rig is None else len(rig)
        pixels[i, :count] = seen(1, count, 20 + i)[0]
        confidence[i, :count] = np.random.default_rng(i).uniform(0.3, 1, count)
    return pixels, confidence, rigs


def row_of(out: Lifted, row: int, count: int) -> dict[str, object]:
    parts = {**vars(out), **vars(out.pose)}
    whole = {n: v[row] for n, v in parts.items() if isinstance(v, (np.ndarray, list))}
    keypointwise = ("points", "canonical", "sigma", "observed", "known")
    return {n: v[:count] if n in keypointwise else v for n, v in whole.items()}


def test_what_was_lifted_is_told_in_a_line(lifter):
    pixels, confidence, rigs = mixed()
    confidence[2] = 0.0
    out = lifter.lift(pixels, confidence, square_camera(), rigs)
    assert re.fullmatch(r"Lifted\(5 of 6 instances, 17 keypoints, scale: [a-z, ]+\)", repr(out))
    tracked = Tracker().update(out, 0)
    assert re.fullmatch(r"Tracked\(ids \[[-\d, ]+\], 5 of 6 instances.*\)", repr(tracked))


def test_some_instances_are_what_they_were_among_all(lifter):
    pixels, confidence, rigs = mixed()
    confidence[2] = 0.0
    out = lifter.lift(pixels, confidence, square_camera(), rigs)
    some = out.only(np.array([4, 2, 0]))
    for whole, part in ((vars(out), vars(some)), (vars(out.pose), vars(some.pose))):
        for name, value in part.items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(value, whole[name][[4, 2, 0]], err_msg=name)
    assert some.unit == [out.unit[i] for i in (4, 2, 0)]
    assert some.valid.tolist() == [True, False, True]
    np.testing.assert_array_equal(some.pose.rotation[1], np.eye(3))
    assert (len(out), len(some), len(out.only([])), len(out.only(1))) == (6, 3, 0, 1)
    np.testing.assert_array_equal(out.only(out.valid).points, out.points[[0, 1, 3, 4, 5]])


@pytest.mark.parametrize("lens", [None, "plumb_bob"])
def test_a_mixed_batch_is_its_instances_one_by_one(lifter, lens):
    pixels, confidence, rigs = mixed()
    sizes = np.array([np.nan, 3.0, 2.0, np.nan, 1.0, np.nan])
    lenses = lens and [camera(name) for name in ("none", "plumb_bob", "equidistant") * 2]
    ups = np.random.default_rng(1).normal(0, 0.2, (6, 3)) + UP
    out = lifter.lift(pixels, confidence, lenses, rigs, up=ups, known_size=sizes)
    for i, rig in enumerate(rigs):
        count = 17 if rig is None else len(rig)
        alone = lifter.lift(
            pixels[i, :count],
            confidence[i, :count],
            lenses and lenses[i],
            rig,
            up=ups[i],
            known_size=sizes[i],
        )
        expected = row_of(alone, 0, count)
        for name, value in row_of(out, i, count).items():
            if isinstance(value, str):
                assert value == expected[name], name
            else:
                np.testing.assert_allclose(
                    value, expected[name], rtol=2e-4, atol=2e-4, err_msg=name
                )
        assert not out.points[i, count:].any()
        assert not out.sigma[i, count:].any()
        assert not out.observed[i, count:].any()


def test_names_and_skeletons_may_be_mixed(lifter):
    pixels = seen(2, 17, 11)
    out = lifter.lift(pixels, None, camera(), ["coco17", load_skeleton("coco17")])
    np.testing.assert_array_equal(out.points, lifter.lift(pixels, None, camera(), "coco17").points)


def test_a_thousand_instances(lifter):
    pixels = seen(1000, 17, 12)
    out = lifter.lift(pixels, None, camera(), "coco17", up=UP)
    assert out.valid.all()
    some = lifter.lift(pixels[::250], None, camera(), "coco17", up=UP)
    np.testing.assert_allclose(out.points[::250], some.points, atol=2e-4)


def test_any_thread_gets_the_same(lifter):
    batches = [(seen(3, 17, 30 + i), camera()) for i in range(4)]
    expected = [lifter.lift(pixels, None, lens, "coco17").points for pixels, lens in batches]
    found: list[list[np.ndarray]] = [[] for _ in batches]
    start = threading.Barrier(len(batches))

    def work(i: int) -> None:
        start.wait()
        for _ in range(10):
            found[i].append(lifter.lift(batches[i][0], None, batches[i][1], "coco17").points)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for ours, theirs in zip(found, expected, strict=True):
        assert len(ours) == 10
        for points in ours:
            np.testing.assert_array_equal(points, theirs)


def test_one_call_leaves_nothing_for_the_next(lifter):
    first = lifter.lift(seen(2, 17, 13), None, camera(), "coco17")
    kept = first.points.copy()
    lifter.lift(seen(5, 9, 14), None, None, chain(9))
    np.testing.assert_array_equal(first.points, kept)
    again = lifter.lift(seen(2, 17, 13), None, camera(), "coco17")
    np.testing.assert_array_equal(again.points, kept)


def test_the_callers_arrays_are_left_alone(lifter):
    pixels, confidence = seen(3, 17, 15), np.ones((3, 17))
    pixels[0, 0] = np.nan
    before = pixels.copy(), confidence.copy()
    lifter.lift(pixels, confidence, square_camera(), "coco17", up=UP, known_size=np.ones(3))
    np.testing.assert_array_equal(pixels, before[0])
    np.testing.assert_array_equal(confidence, before[1])


def test_a_closed_lifter_says_so():
    with Lifter.from_pretrained() as made:
        assert made.reason
        assert made.engine.name == "onnxruntime"
    with pytest.raises(EngineError, match="closed"):
        made.lift(seen(1, 17, 16), None, camera(), "coco17")
    made.close()


def test_a_network_without_depth_is_posed_from_the_image(lifter):
    """As the paper's model must be; here one whose canonical shape is the truth."""

    class Oracle:
        name = "oracle"

        def __init__(self, shapes):
            self.shapes = shapes

        def infer(self, inputs):
            return {
                "canonical": self.shapes,
                "log_sigma": np.full(self.shapes.shape[:2], -6, np.float32),
            }

        def close(self):
            pass

    truth = in_front(6, 12, 40)
    centred = truth - truth.mean(1, keepdims=True)
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((3, 3)))[0]
    turn *= np.linalg.det(turn)
    rig = bush(12)
    oracle = Lifter(lifter.model, Oracle((2.5 * centred @ turn.T).astype(np.float32)))
    out = oracle.lift(camera().project(truth), None, camera(), rig, known_size=size(truth, rig))
    np.testing.assert_allclose(out.points, truth, atol=5e-3)
    np.testing.assert_allclose(np.linalg.det(out.rotation), 1, atol=1e-5)
    assert (out.reprojection_px < 0.5).all()

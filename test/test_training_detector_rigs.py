"""Bodies of motion capture with the keypoints of detectors."""

from __future__ import annotations

import numpy as np
import pytest

from lfm_ros import Skeleton
from lfm_ros.skeletons import load_skeleton
from training.data.detector_rigs import DETECTORS, with_detector_rigs
from training.data.poses import PoseSet
from training.data.sampler import PoseSampler, SamplerConfig

# Who stands here looks along z, with y up and the left side at +x. Metres.
_LEFT = {"hip": 0.09, "knee": 0.1, "ankle": 0.1, "shoulder": 0.18, "elbow": 0.45, "wrist": 0.7}
_HEIGHT = {"hip": 0.93, "knee": 0.5, "ankle": 0.08, "shoulder": 1.43, "elbow": 1.43, "wrist": 1.43}
_DAZ = {
    "hip": "Thigh",
    "knee": "Shin",
    "ankle": "Foot",
    "toe": "Foot_end",
    "shoulder": "Shldr",
    "elbow": "ForeArm",
    "wrist": "Hand",
}
_KINECT = {
    "hip": "Hip",
    "knee": "Knee",
    "ankle": "Ankle",
    "toe": "Foot",
    "shoulder": "Shoulder",
    "elbow": "Elbow",
    "wrist": "Wrist",
}


def _limbs() -> dict[str, tuple[float, float, float]]:
    made = {name: (x, _HEIGHT[name], 0.0) for name, x in _LEFT.items()}
    return made | {"toe": (0.1, 0.02, 0.14)}


def _with_eyes() -> PoseSet:
    places = {}
    for name, (x, y, z) in _limbs().items():
        places[f"l{_DAZ[name]}"], places[f"r{_DAZ[name]}"] = (x, y, z), (-x, y, z)
    trunk = {"hip": 0.98, "abdomen": 1.1, "chest": 1.3, "neck": 1.5, "head": 1.58}
    places |= {name: (0.0, y, 0.0) for name, y in trunk.items()}
    places |= {"leftEye": (0.0315, 1.66, 0.09), "rightEye": (-0.0315, 1.66, 0.09)}
    return _set("human/with_eyes", places)


def _without_eyes() -> PoseSet:
    places = {}
    for name, (x, y, z) in _limbs().items():
        places[f"{_KINECT[name]}Left"], places[f"{_KINECT[name]}Right"] = (x, y, z), (-x, y, z)
    trunk = {"HipCenter": 0.98, "Spine": 1.1, "ShoulderCenter": 1.45, "Head": 1.66}
    return _set("human/without_eyes", places | {name: (0.0, y, 0.0) for name, y in trunk.items()})


def _set(name: str, places: dict[str, tuple[float, float, float]], count: int = 400) -> PoseSet:
    xyz = np.tile(np.array(list(places.values()), np.float32), (count, 1, 1))
    up = np.array([0, 1, 0], np.float32)
    valid = np.ones(xyz.shape[:2], bool)
    return PoseSet(
        name, xyz, valid, np.zeros(count, np.int64), up, Skeleton(list(places), []), "CC0"
    )


@pytest.mark.parametrize("poses", [_with_eyes(), _without_eyes()], ids=lambda s: s.name)
class TestBodies:
    def _points(self, poses: PoseSet, detector: str) -> dict[str, np.ndarray]:
        made = with_detector_rigs({poses.name: poses})[f"{poses.name}+{detector}"]
        return dict(zip(made.skeleton.names, np.median(made.xyz, 0), strict=True))

    def test_every_detector_has_its_own_rig(self, poses: PoseSet) -> None:
        made = with_detector_rigs({poses.name: poses})
        assert set(made) == {poses.name, *(f"{poses.name}+{d}" for d in DETECTORS)}
        for detector in DETECTORS:
            rig = made[f"{poses.name}+{detector}"]
            assert rig.skeleton == load_skeleton(detector)
            assert rig.xyz.shape == (400, len(rig.skeleton), 3)
            assert np.isfinite(rig.xyz).all()
            assert rig.group == "human"
            assert rig.family == poses.name

    def test_limbs_are_those_of_the_recording(self, poses: PoseSet) -> None:
        points = self._points(poses, "coco17")
        for name, place in _limbs().items():
            if name != "toe":
                np.testing.assert_allclose(points[f"left_{name}"], place, atol=1e-6)
                mirrored = np.array(place) * [-1, 1, 1]
                np.testing.assert_allclose(points[f"right_{name}"], mirrored, atol=1e-6)

    def test_the_head_looks_ahead_and_has_its_left_on_the_left(self, poses: PoseSet) -> None:
        points = self._points(poses, "halpe26")
        ears = 0.5 * (points["left_ear"] + points["right_ear"])
        eyes = 0.5 * (points["left_eye"] + points["right_eye"])
        assert points["nose"][2] > eyes[2] > ears[2]
        assert points["head"][1] > eyes[1] > points["nose"][1] > points["neck"][1]
        assert points["left_ear"][0] > points["left_eye"][0] > 0 > points["right_eye"][0]
        assert 0.045 < np.linalg.norm(points["nose"] - points["left_eye"]) < 0.075
        assert 0.12 < np.linalg.norm(points["left_ear"] - points["right_ear"]) < 0.2
        assert 1.72 < points["head"][1] < 1.85

    def test_feet_point_ahead_with_big_toes_inside(self, poses: PoseSet) -> None:
        points = self._points(poses, "openpose25")
        for side, sign in (("left", 1), ("right", -1)):
            big, small = points[f"{side}_big_toe"], points[f"{side}_small_toe"]
            heel, ankle = points[f"{side}_heel"], points[f"{side}_ankle"]
            assert 0 < sign * big[0] < sign * small[0]
            assert big[2] > ankle[2] > heel[2]
            assert heel[1] < ankle[1]


def test_a_pose_that_lacks_a_joint_is_left_out() -> None:
    poses = _without_eyes()
    poses.valid[7, poses.skeleton.names.index("KneeLeft")] = False
    made = with_detector_rigs({poses.name: poses})
    assert len(made[f"{poses.name}+coco17"]) == 399
    assert len(made[poses.name]) == 400


def test_other_sets_stay_alone() -> None:
    hand = _set("hand/some", {f"joint_{i}": (0.1 * i, 0.0, 0.0) for i in range(5)})
    assert list(with_detector_rigs({hand.name: hand})) == [hand.name]


def test_people_on_their_own_rig_are_drawn_more_often_than_on_each_detectors() -> None:
    poses = _with_eyes()
    sampler = PoseSampler(with_detector_rigs({poses.name: poses}), SamplerConfig(), 0, "cpu")
    share = {s.name: w for s, w in zip(sampler.sets, sampler.weights, strict=True)}
    own = share.pop(poses.name)
    np.testing.assert_allclose(list(share.values()), SamplerConfig().detector_rigs * own)

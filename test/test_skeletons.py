"""The rigs in ``config/skeletons``: order, sides, sizes and root frames of the well-known ones."""

from __future__ import annotations

import re

import numpy as np
import pytest
import reference_poses as poses
import yaml

from lfm_ros.core.errors import SkeletonError
from lfm_ros.core.pairs import guess_pairs
from lfm_ros.core.root_frame import root_frames
from lfm_ros.core.skeleton import RootFrame, Skeleton
from lfm_ros.resources import config_dir
from lfm_ros.skeletons import as_yaml, load_skeleton, registered

PEOPLE = ("coco17", "halpe26", "openpose18", "openpose25", "mediapipe33", "coco_wholebody133")
REFERENCE = {name: poses.person() for name in PEOPLE} | {
    "hand21": poses.hand(),
    "hand21_right": poses.hand(),
    "hand21_left": {name: place * [1, -1, 1] for name, place in poses.hand().items()},
    "face68": poses.face(),
    "ap10k17": poses.dog(),
    "car12": poses.car(),
    "car24": poses.car(),
}
ROBOTS = ("panda", "solo12", "ur5")
# Index and name by the documents of the detectors, where a mistake in the order would show.
ORDER = {
    "coco17": {0: "nose", 5: "left_shoulder", 10: "right_wrist", 16: "right_ankle"},
    "halpe26": {17: "head", 18: "neck", 19: "hip", 20: "left_big_toe", 25: "right_heel"},
    "openpose18": {1: "neck", 4: "right_wrist", 8: "right_hip", 14: "right_eye", 17: "left_ear"},
    "openpose25": {4: "right_wrist", 8: "mid_hip", 15: "right_eye", 19: "left_big_toe"},
    "mediapipe33": {1: "left_eye_inner", 9: "mouth_left", 15: "left_wrist", 32: "right_foot_index"},
    "hand21": {4: "thumb_tip", 5: "index_finger_mcp", 20: "pinky_tip"},
    "coco_wholebody133": {17: "left_big_toe", 22: "right_heel", 23: "jaw_0", 91: "left_hand_root"}
    | {112: "right_hand_root", 132: "right_pinky_finger4"},
    "face68": {8: "jaw_8", 30: "nose_bridge_3", 36: "right_eye_0", 48: "outer_lip_0"},
    "ap10k17": {2: "nose", 4: "root_of_tail", 7: "left_front_paw", 16: "right_back_paw"},
    "car12": {0: "left_front_wheel", 6: "upper_left_rearwindow", 11: "right_back_trunk"},
    "car24": {0: "front_up_right", 8: "rear_wheel_left", 23: "mirror_edge_right"},
}


def placed(name: str) -> np.ndarray:
    """The rig's reference pose, (K, 3) metres."""
    return np.array([REFERENCE[name][keypoint] for keypoint in load_skeleton(name).names])


@pytest.mark.parametrize("name", ORDER)
def test_keypoints_are_in_the_order_of_their_detector(name):
    names = load_skeleton(name).names
    assert {index: names[index] for index in ORDER[name]} == ORDER[name]
    digits = re.search(r"\d+$", name).group()
    assert len(names) == int(digits)


@pytest.mark.parametrize("name", registered())
def test_every_keypoint_hangs_on_the_rest(name):
    """A keypoint that was not seen is filled in from those that it is joined to."""
    rig = load_skeleton(name)
    reach = np.linalg.matrix_power(np.eye(len(rig)) + rig.adjacency.astype(float), len(rig))
    apart = [rig.names[i] for i in np.flatnonzero(reach[0] == 0)]
    assert not apart


@pytest.mark.parametrize("name", registered())
def test_left_is_left(name):
    """No pair is the wrong way round, and a rig looks the same in a mirror."""
    rig = load_skeleton(name)
    guessed = {frozenset(pair): pair for pair in guess_pairs(rig.names)}
    for pair in rig.pairs:
        assert guessed.get(frozenset(pair), pair) == pair
    other = np.arange(len(rig))
    for left, right in rig.pairs:
        other[left], other[right] = right, left
    crossed = {frozenset((int(other[a]), int(other[b]))) for a, b in rig.edges}
    assert crossed == set(map(frozenset, rig.edges))


@pytest.mark.parametrize("name", REFERENCE)
def test_the_left_side_is_at_positive_y(name):
    points, rig = placed(name), load_skeleton(name)
    if name.startswith("hand21"):
        assert rig.pairs == ()
        return
    assert rig.pairs
    sides = rig.sides
    assert (points[sides > 0, 1] > 0).all()
    np.testing.assert_allclose(points[sides == 0, 1], 0, atol=1e-9)
    left, right = np.transpose(rig.pairs)
    np.testing.assert_allclose(points[left], points[right] * [1, -1, 1], atol=1e-9)


@pytest.mark.parametrize("name", REFERENCE)
def test_nominal_size_is_the_length_of_the_edges(name):
    points, rig = placed(name), load_skeleton(name)
    first, second = np.transpose(rig.edges)
    length = np.linalg.norm(points[first] - points[second], axis=-1).sum()
    assert rig.nominal_size == pytest.approx(length, rel=0.01)


@pytest.mark.parametrize("name", REFERENCE)
def test_root_frame_of_a_rig_that_stands_upright(name):
    points, rig = placed(name), load_skeleton(name)
    origin, rotation = root_frames(points[None], rig.root, np.zeros((1, 3, 3)))
    cosines = np.diagonal(rotation[0])
    assert np.rad2deg(np.arccos(np.clip(cosines, -1, 1))).max() < 8
    np.testing.assert_allclose(origin[0], points[list(rig.root.origin)].mean(0), atol=1e-12)


@pytest.mark.parametrize("name", REFERENCE)
def test_root_frame_follows_the_body(name):
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    rig, points = load_skeleton(name), placed(name)
    both = np.stack([points, points @ turn.T + [1, 2, 3]])
    _, (still, turned) = root_frames(both, rig.root, np.zeros((2, 3, 3)))
    np.testing.assert_allclose(turned, turn @ still, atol=1e-9)


def test_a_person_s_body_frame_is_that_of_rep_155():
    for name in PEOPLE:
        origin, rotation = root_frames(
            placed(name)[None], load_skeleton(name).root, np.eye(3)[None]
        )
        np.testing.assert_allclose(rotation[0], np.eye(3), atol=1e-9)
        np.testing.assert_allclose(origin[0], (0, 0, 0.53 * poses.H), atol=1e-9)
        assert {"l_shoulder", "r_wrist", "l_hip", "r_ankle"} <= set(
            load_skeleton(name).rep155_names
        )


def test_rep155_names_are_the_keypoints_own_where_there_are_no_others():
    rig = load_skeleton("coco17")
    assert rig.rep155_names[:6] == (
        "nose",
        "left_eye",
        "right_eye",
        "left_ear",
        "right_ear",
        "l_shoulder",
    )
    assert Skeleton(["a", "b"]).rep155_names == ("a", "b")
    with pytest.raises(SkeletonError, match="two keypoints end up with one name"):
        Skeleton(["a", "b"], rep155=["b", ""])
    with pytest.raises(SkeletonError, match="1 names for 2 keypoints"):
        Skeleton(["a", "b"], rep155=["c"])


@pytest.mark.parametrize("name", ROBOTS)
def test_robots_name_where_they_come_from(name):
    head = (config_dir() / "skeletons" / f"{name}.yaml").read_text().split("keypoints:")[0]
    assert "urdf" in head
    assert "BSD" in head or "Apache-2.0" in head


@pytest.mark.parametrize("name", registered())
def test_a_file_that_is_written_reads_the_same(name, tmp_path):
    rig = load_skeleton(name)
    path = tmp_path / f"{name}.yaml"
    path.write_text(as_yaml(rig))
    assert load_skeleton(str(path)) == rig


def test_names_that_people_use():
    assert load_skeleton("coco-wholebody133") == load_skeleton("coco_wholebody133")
    assert load_skeleton("car").name == "car12"
    assert load_skeleton("body25").name == "openpose25"


def test_a_name_that_is_nearly_one_is_answered_with_it(tmp_path, monkeypatch):
    for name, meant in (("COCO17", "coco17"), ("coco_17", "coco17"), ("hand", "hand21")):
        with pytest.raises(SkeletonError, match=f"{name}' is not known .did you mean '{meant}'"):
            load_skeleton(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "forklift.yaml").write_text("keypoints: [a, b, c, d]")
    with pytest.raises(SkeletonError, match=r"did you mean 'forklift\.yaml'\?"):
        load_skeleton("forklift")


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ({"x": [["a"], ["b"]], "z": [["a"], ["b"]]}, "either z or x"),
        ({}, "either z or x"),
        ({"x": [["a"], []]}, "both of its ends"),
        ({"x": [["a"], ["b"]], "w": 1}, r"\['w'\]"),
    ],
)
def test_a_root_has_one_main_axis(root, message, tmp_path):
    whole = {"origin": ["a"], "y": [["c"], ["d"]], **root}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"keypoints": ["a", "b", "c", "d"], "root": whole}))
    with pytest.raises(SkeletonError, match=message) as caught:
        load_skeleton(str(path))
    assert "mine" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00\x80keypoints", "cannot be read"),
        (b"keypoints: abc", "keypoints is of type str; write a list of names"),
        (b"keypoints: [a, b]\ncontacts: [a, b]", "contacts is of type list; write a mapping"),
        (b"keypoints: [a, b]\nrep155: [a, b]", "rep155 is of type list; write a mapping"),
        (b"keypoints: [a, b]\nroot: [a]", "root is of type list; write a mapping"),
        (b"keypoints: [a, b]\nedges: {a: b}", "edges is of type dict; write a list"),
    ],
)
def test_a_file_of_another_form_is_one_sentence(content, message, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(SkeletonError, match=message) as caught:
        load_skeleton(str(path))
    assert "mine.yaml" in str(caught.value)


def test_a_root_by_its_x_axis():
    long = np.array([[-1, 0, 0.2], [1, 0, 0.4], [0, 0.3, 0], [0, -0.3, 0]])
    root = RootFrame((0, 1), (), (), (3,), (2,), (0,), (1,))
    _, rotation = root_frames(long[None], root, np.zeros((1, 3, 3)))
    np.testing.assert_allclose(rotation[0][:, 1], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(rotation[0][:, 0], [1, 0, 0.1] / np.sqrt(1.01), atol=1e-12)
    assert np.linalg.det(rotation[0]) == pytest.approx(1)

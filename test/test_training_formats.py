"""Public sets in JSON: small files in the layout of each, and what training reads of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from formats_fixtures import converted, only, write_json

from lfm_ros.core.errors import InputError
from training.data.formats import FORMATS
from training.data.prepare import prepare


def points(count: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 3)) * scale


def edge_names(skeleton) -> set[frozenset[str]]:
    return {frozenset((skeleton.names[a], skeleton.names[b])) for a, b in skeleton.edges}


def reached_from_the_first(skeleton) -> int:
    seen = {0}
    for _ in skeleton.names:
        seen |= {b for e in skeleton.edges for a, b in (e, e[::-1]) if a in seen}
    return len(seen)


# --- H3WB


def h3wb_sample(xyz: np.ndarray, **more) -> dict:
    joints = {str(j): dict(zip("xyz", map(float, p), strict=True)) for j, p in enumerate(xyz)}
    return {"keypoints_3d": joints, "bbox": {"x_min": 1}, **more}


def test_h3wb_gives_133_points_in_metres_and_one_sequence_a_subject(tmp_path):
    source, truth = tmp_path / "h3wb", points(133, scale=500)
    path = "S{}/Images/Directions 1.54138969/frame_0001.jpg"
    samples = {
        str(i): h3wb_sample(truth + i, image_path=path.format(1 + 4 * (i > 1))) for i in range(3)
    }
    write_json(source / "RGBto3D_train.json", samples)
    write_json(source / "2Dto3D_train.json", {"0": h3wb_sample(truth)})
    poses, row = only("h3wb", source)
    assert poses.name == "human/h3wb133"
    np.testing.assert_allclose(poses.xyz[1], (truth + 1) / 1000, atol=1e-6)
    assert poses.sequence.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(poses.up, [0, -1, 0])
    names = poses.skeleton.names
    assert (names[0], names[9], names[17], names[22]) == (
        "nose", "left_wrist", "left_big_toe", "right_heel",
    )  # fmt: skip
    assert (names[23], names[53], names[91], names[112], names[132]) == (
        "jaw_0", "nose_bridge_3", "left_hand_wrist", "right_hand_wrist",
        "right_hand_pinky_tip",
    )  # fmt: skip
    assert reached_from_the_first(poses.skeleton) == 133
    assert row["use"] == "eval"
    assert "evaluation only" in row["license"]


def test_h3wb_without_image_paths_keeps_the_four_cameras_of_a_pose_together(tmp_path):
    samples = {str(i): h3wb_sample(points(133, i)) for i in range(8)}
    write_json(tmp_path / "h3wb/2Dto3D_train.json", samples)
    assert only("h3wb", tmp_path / "h3wb")[0].sequence.tolist() == [0] * 4 + [1] * 4


# --- Panoptic Studio


def test_panoptic_bodies_lose_their_unseen_joints(tmp_path):
    truth = points(19, scale=50)
    values = np.concatenate([truth, np.full((19, 1), 0.7)], 1)
    values[8] = [0, 0, 0, -1]
    frame = {"version": 0.7, "bodies": [{"id": 0, "joints19": values.ravel().tolist()}]}
    folder = tmp_path / "panoptic/171204_pose1/hdPose3d_stage1_coco19"
    write_json(folder / "body3DScene_00000400.json", frame)
    write_json(folder / "body3DScene_00000401.json", {"version": 0.7, "bodies": []})
    poses, row = only("panoptic", tmp_path / "panoptic")
    assert poses.name == "human/panoptic19"
    assert len(poses) == 1
    assert np.flatnonzero(~poses.valid[0]).tolist() == [8]
    np.testing.assert_allclose(poses.xyz[0, :8], truth[:8] / 100, atol=1e-6)
    np.testing.assert_array_equal(poses.up, [0, -1, 0])
    assert poses.skeleton.names[8] == "left_ankle"
    assert poses.skeleton.names[9] == "right_shoulder"
    assert poses.skeleton.names[15:] == ("left_eye", "left_ear", "right_eye", "right_ear")
    assert "non-commercial" in row["license"]


def test_panoptic_hands_and_faces_of_nobody_are_left_out(tmp_path):
    hand, face = points(21, 1, 10), points(70, 2, 10)
    said = {"landmarks": hand.ravel().tolist(), "averageScore": [0.6] * 21, "validity": [1] * 21}
    left = {**said, "validity": [1] * 20 + [0]}
    people = [{"id": 3, "left_hand": left, "right_hand": said}, {"id": -1, "left_hand": said}]
    home = tmp_path / "panoptic/dance"
    write_json(home / "hdHand3d/handRecon3D_hd00000400.json", {"people": people})
    scores = [0.6] * 69 + [0.01]
    person = {"id": 0, "face70": {"landmarks": face.ravel().tolist(), "averageScore": scores}}
    write_json(home / "hdFace3d/faceRecon3D_hd00000400.json", {"people": [person]})
    sets, _ = converted("panoptic", home)
    hands, faces = sets["hand/panoptic21"], sets["face/panoptic70"]
    assert len(hands) == 2
    assert (~hands.valid).sum(1).tolist() == [1, 0]
    np.testing.assert_allclose(hands.xyz[1], hand / 100, atol=1e-6)
    assert np.flatnonzero(~faces.valid[0]).tolist() == [69]
    assert faces.skeleton.names[68:] == ("right_pupil", "left_pupil")
    assert reached_from_the_first(faces.skeleton) == 70


# --- hands


def test_interhand_is_put_into_the_order_of_our_hand(tmp_path):
    truth = points(42, scale=40)
    frame = {
        "world_coord": truth.tolist(),
        "joint_valid": [[True]] * 21 + [[False]] * 21,
        "hand_type": "right",
        "hand_type_valid": True,
    }
    content = {"0": {"101": frame, "102": frame}, "7": {"5": frame}}
    write_json(tmp_path / "ih/annotations/val/InterHand2.6M_val_joint_3d.json", content)
    poses, _ = only("interhand", tmp_path / "ih")
    assert poses.sequence.tolist() == [0, 0, 1]
    right = poses.skeleton.names[:21]
    assert right[:5] == (
        "right_wrist", "right_thumb_cmc", "right_thumb_mcp", "right_thumb_ip", "right_thumb_tip"
    )  # fmt: skip
    # Source: 0 is the thumb's tip, 7 the base of the index finger, 20 the wrist; millimetres.
    for name, joint in (
        ("wrist", 20),
        ("thumb_tip", 0),
        ("index_finger_mcp", 7),
        ("pinky_tip", 16),
    ):
        place = right.index(f"right_{name}")
        np.testing.assert_allclose(poses.xyz[0, place], truth[joint] / 1000, atol=1e-6)
    assert poses.valid[:, :21].all()
    assert not poses.valid[:, 21:].any()
    assert not poses.up.any()


def test_freihand_takes_both_files(tmp_path):
    truth = points(21, scale=0.1)
    write_json(tmp_path / "fh/training_xyz.json", [truth.tolist()] * 3)
    write_json(tmp_path / "fh/evaluation_xyz.json", [(truth + 1).tolist()])
    write_json(tmp_path / "fh/training_K.json", [np.eye(3).tolist()] * 3)
    poses, row = only("freihand", tmp_path / "fh")
    assert poses.xyz.shape == (4, 21, 3)
    np.testing.assert_allclose(poses.xyz[0], truth + 1, atol=1e-6)
    assert len(set(poses.sequence)) == 4
    assert row["unit"] == "m"
    assert poses.skeleton.names[4] == "thumb_tip"


# --- objects


def model(number: int, places: dict[int, np.ndarray], kind: str = "03001627") -> dict:
    keypoints = [{"xyz": p.tolist(), "semantic_id": i, "rgb": [0, 0, 0]} for i, p in places.items()]
    return {"class_id": kind, "model_id": f"m{number}", "keypoints": keypoints, "symmetries": {}}


def test_keypointnet_gathers_by_meaning_and_drops_what_hardly_a_model_has(tmp_path):
    base = dict(enumerate(points(6)))
    models = [model(i, {k: p for k, p in base.items() if k != i % 3}) for i in range(30)]
    models.append(model(30, {**base, 9: np.ones(3)}))
    write_json(tmp_path / "kn/chair.json", models)
    write_json(tmp_path / "kn/mug.json", [model(0, base, "03797390")])
    write_json(tmp_path / "kn/all.json", models)
    sets, rows = converted("keypointnet", tmp_path / "kn")
    assert set(sets) == {"object/keypointnet_chair", "object/keypointnet_mug"}
    chair = sets["object/keypointnet_chair"]
    assert chair.skeleton.names == tuple(f"chair_{i}" for i in range(6))
    assert len(chair) == len(set(chair.sequence)) == 31
    assert chair.valid[0].tolist() == [False, True, True, True, True, True]
    np.testing.assert_allclose(chair.xyz[0, 1:], points(6)[1:], atol=1e-6)
    np.testing.assert_array_equal(chair.up, [0, 1, 0])
    assert reached_from_the_first(chair.skeleton) == 6
    assert {row["use"] for row in rows} == {"train"}


def test_keypoints_without_a_skeleton_are_joined_to_their_neighbours(tmp_path):
    line = {i: np.array([i, 0.01 * i, 0]) for i in (2, 0, 3, 1, 4)}
    write_json(tmp_path / "kn/mug.json", [model(n, line, "03797390") for n in range(2)])
    mug, _ = only("keypointnet", tmp_path / "kn")
    assert edge_names(mug.skeleton) == {frozenset((f"mug_{i}", f"mug_{i + 1}")) for i in range(4)}


def c3dpo_entry(kind: str, start: int, shape: np.ndarray, missing: int | None = None) -> dict:
    turn = np.linalg.qr(np.random.default_rng(len(shape)).standard_normal((3, 3)))[0]
    everything, mask = np.zeros((3, 124)), np.zeros(124)
    everything[:, start : start + len(shape)] = 80 * turn @ shape.T + 3
    mask[start : start + len(shape)] = 1
    defined = mask.copy()
    if missing is not None:
        defined[start + missing] = 0
    return {
        "kp_loc": everything[:2].tolist(),
        "kp_vis": mask.tolist(),
        "kp_loc_3d": everything.tolist(),
        "class_mask": mask.tolist(),
        "kp_defined": defined.tolist(),
        "p3d_info": {"p3d_class": kind, "bbox": [0, 0, 9, 9]},
    }


def test_c3dpo_splits_its_classes_and_knows_a_shape_again(tmp_path):
    plane, other = points(8, 1), points(8, 2)
    entries = [
        c3dpo_entry("aeroplane", 0, plane),
        c3dpo_entry("aeroplane", 0, other, missing=3),
        c3dpo_entry("aeroplane", 0, 0.5 * plane[:, [1, 2, 0]]),
        c3dpo_entry("car", 8, points(12, 3)),
    ]
    write_json(tmp_path / "c3/pascal3d_train.json", {"dataset": "pascal3d_train", "data": entries})
    write_json(tmp_path / "c3/pascal3d_val.json", entries[:1])
    write_json(tmp_path / "c3/pascal3d_hrnet_val.json", entries)
    sets, _ = converted("c3dpo", tmp_path / "c3")
    assert set(sets) == {"object/c3dpo_aeroplane", "object/c3dpo_car"}
    planes = sets["object/c3dpo_aeroplane"]
    assert planes.sequence.tolist() == [0, 1, 0, 0]
    assert planes.valid.sum(1).tolist() == [8, 7, 8, 8]
    np.testing.assert_allclose(
        planes.xyz[0], np.array(entries[0]["kp_loc_3d"]).T[:8], rtol=1e-6, atol=1e-4
    )
    assert sets["object/c3dpo_car"].xyz.shape == (1, 12, 3)


# --- what is not of the layout


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_that_is_not_there_or_empty_says_what_it_must_hold(tmp_path, name):
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(
            InputError, match=r"(is not a folder|holds).*\*?\.(json|npz|mat|p|bvh|a)"
        ):
            prepare(name, folder, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "file", "content", "message"),
    [
        ("h3wb", "2Dto3D_train.json", {"0": {"keypoints_2d": {}}}, r"sample 0.*keypoints_3d"),
        ("h3wb", "2Dto3D_train.json", [], r"empty list; expected a dict"),
        ("h3wb", "2Dto3D_train.json", {"0": h3wb_sample(np.zeros((17, 3)))}, r"no entry '17'"),
        ("freihand", "training_xyz.json", [[[0, 0, 0]] * 20], r"\(1, 20, 3\).*\(-1, 21, 3\)"),
        ("freihand", "training_xyz.json", [[["a", 0, 0]] * 21], r"expected numbers"),
        ("interhand", "x_joint_3d.json", {"0": {"1": {}}}, r"capture 0 frame 1.*world_coord"),
        ("keypointnet", "mug.json", [{"class_id": "1"}], r"model 0.*keypoints"),
        ("c3dpo", "pascal3d_val.json", {"dataset": "x"}, r"'data'"),
        ("c3dpo", "pascal3d_val.json", [{"p3d_info": {}}], r"entry 0.*p3d_class"),
        ("panoptic", "hd/body3DScene_1.json", {"bodies": [{"joints15": []}]}, r"joints19"),
        ("panoptic", "hd/body3DScene_1.json", {"bodies": []}, r"no person in any file"),
    ],
)  # fmt: skip
def test_a_file_of_another_layout_is_named(tmp_path, name, file, content, message):
    write_json(tmp_path / file, content)
    with pytest.raises(InputError, match=message):
        prepare(name, tmp_path, tmp_path / "out")


def test_a_torn_json_is_named(tmp_path):
    (tmp_path / "training_xyz.json").write_text(json.dumps([1, 2])[:-1])
    with pytest.raises(InputError, match=r"training_xyz\.json is not JSON.*download"):
        prepare("freihand", tmp_path, tmp_path / "out")

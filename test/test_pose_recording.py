"""Recorded keypoints: rows as frames, cameras, our own view, and files that cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lfm_ros.core.errors import InputError
from lfm_ros.core.rotations import matrix_from_rotvec
from lfm_ros.scene import PoseRecording

NAMES = np.array(["a", "b", "c", "d", "e"])
EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])
K = np.array([[500.0, 0, 320], [0, 510.0, 240], [0, 0, 1]])


def arrays(frames: int = 6) -> dict:
    rng = np.random.default_rng(0)
    xyz = rng.normal(0, 0.3, (frames, 5, 3)).astype(np.float32)
    return {"xyz": xyz, "names": NAMES, "edges": EDGES, "up": np.array("+z"), "unit": "m"}


def with_pictures(frames: int = 6) -> dict:
    """Rows in object coordinates, a camera each, and detections with some missing."""
    data = arrays(frames)
    rng = np.random.default_rng(1)
    data["R"] = matrix_from_rotvec(rng.normal(0, 1, (frames, 3)))
    data["t"] = np.array([0.1, -0.2, 3.0]) + rng.normal(0, 0.1, (frames, 3))
    data["K"] = K + np.arange(frames)[:, None, None] * np.diag([1.0, 1.0, 0.0])
    data["image_size"] = np.array([640, 480])
    camera = np.einsum("nij,nkj->nki", data["R"], data["xyz"]) + data["t"][:, None]
    pixels = np.einsum("nij,nkj->nki", data["K"], camera)
    data["uv"] = pixels[..., :2] / pixels[..., 2:]
    data["uv_det"] = data["uv"] + 1.5
    data["uv_det_conf"] = np.full((frames, 5), 0.8)
    data["uv_det_conf"][1] = 0.0
    data["uv_det_conf"][2, 3] = 0.0
    return data


@pytest.fixture
def save(tmp_path: Path):
    def write(data: dict, name: str = "poses.npz") -> Path:
        np.savez(tmp_path / name, **data)
        return tmp_path / name

    return write


def test_detections_come_first_and_truth_moves_into_the_camera(save) -> None:
    data = with_pictures()
    recording = PoseRecording(save(data))
    assert (recording.source, len(recording), recording.fps) == ("uv_det", 6, 30.0)
    assert recording.skeleton.names == tuple(NAMES)
    assert recording.skeletons == [recording.skeleton]
    frame, camera = recording[0]
    assert camera.size == (640, 480)
    np.testing.assert_allclose(np.asarray(recording.camera_for(4).matrix), data["K"][4])
    np.testing.assert_allclose(frame.keypoints[0], data["uv_det"][0], rtol=1e-6)
    np.testing.assert_allclose(frame.confidence[0], 0.8, rtol=1e-6)
    np.testing.assert_allclose(camera.project(frame.truth[0]), data["uv"][0], atol=1e-3)
    np.testing.assert_allclose(recording.up_for(3), data["R"][3] @ [0, 0, 1], atol=1e-12)


def test_a_row_without_a_detection_is_an_empty_frame(save) -> None:
    recording = PoseRecording(save(with_pictures()))
    assert [len(frame) for frame, _ in recording] == [1, 0, 1, 1, 1, 1]
    assert recording.frame_at(1).keypoints.shape == (0, 5, 2)
    partly = recording.frame_at(2)
    assert partly.confidence[0, 3] == 0
    assert not partly.keypoints[0, 3].any()
    assert partly.truth_valid.all()


def test_labels_can_be_chosen(save) -> None:
    data = with_pictures() | {"uv_valid": np.ones((6, 5), bool)}
    data["uv_valid"][0, 2] = False
    recording = PoseRecording(save(data), source="uv")
    frame = recording.frame_at(0)
    np.testing.assert_array_equal(frame.confidence[0], [1, 1, 0, 1, 1])
    np.testing.assert_allclose(frame.keypoints[0, 4], data["uv"][0, 4], rtol=1e-6)
    assert len(recording.frame_at(1)) == 1


def test_without_pictures_our_own_camera_looks_at_the_object(save) -> None:
    data = arrays() | {
        "valid": np.ones((6, 5), bool),
        "fps": np.float32(12),
        "sequence": np.arange(6),
    }
    data["valid"][0, 1] = False
    data["xyz"][3, 2] = np.nan
    recording = PoseRecording(save(data))
    assert (recording.source, recording.fps) == ("xyz", 12.0)
    for row, (frame, camera) in enumerate(recording):
        known = frame.truth_valid[0]
        assert known.sum() == (4 if row in (0, 3) else 5)
        np.testing.assert_array_equal(frame.confidence[0] > 0, known)
        pixels = camera.project(frame.truth[0][known])
        np.testing.assert_allclose(frame.keypoints[0][known], pixels, atol=1e-3)
        assert (pixels > 0).all()
        assert (pixels < camera.size).all()
        assert frame.instance_id[0] == row
        # The view is a rotation and a shift: distances and heights stay what they were.
        given, shown = data["xyz"][row][known], frame.truth[0][known]
        apart = np.linalg.norm(given[1:] - given[:-1], axis=1)
        np.testing.assert_allclose(np.linalg.norm(shown[1:] - shown[:-1], axis=1), apart, rtol=1e-4)
        height = shown @ recording.up_for(row)
        np.testing.assert_allclose(height - height[0], (given - given[0])[:, 2], atol=1e-5)


def test_time_runs_through_the_rows_and_starts_again(save) -> None:
    recording = PoseRecording(save(arrays() | {"sequence": np.arange(6)}))
    ids = [int(recording.frame(i / 30).instance_id[0]) for i in range(12)]
    assert ids == [0, 1, 2, 3, 4, 5] * 2
    with pytest.raises(IndexError, match="row 6"):
        recording.frame_at(6)


def test_one_camera_may_serve_all_rows_with_distortion(save) -> None:
    data = with_pictures() | {"K": K, "dist": np.array([0.1, 0.01, 0.001, 0, 0])}
    del data["image_size"]
    camera = PoseRecording(save(data)).camera_for(5)
    assert camera.size == (640, 480)
    assert camera.distortion == (0.1, 0.01, 0.001, 0, 0)


def test_a_known_rig_gets_its_registered_skeleton(save) -> None:
    from lfm_ros.skeletons import load_skeleton

    rig = load_skeleton("coco17")
    points = np.random.default_rng(0).normal(size=(2, 17, 3))
    recording = PoseRecording(save({"xyz": points, "names": np.array(rig.names)}))
    assert recording.skeleton is rig
    plain = PoseRecording(save({"xyz": points}, "plain.npz"))
    assert plain.skeleton.nominal_size is None
    assert len(plain.skeleton) == 17
    assert plain.up is None


BROKEN = {
    "no xyz": ({"points": np.zeros((2, 3, 3))}, "no 'xyz'"),
    "flat xyz": ({"xyz": np.zeros((4, 3))}, r"\(4, 3\)"),
    "no frame": ({"xyz": np.zeros((0, 4, 3))}, "at least one frame"),
    "text": ({"xyz": np.full((1, 2, 3), "a")}, "expected numbers"),
    "pickled": ({"xyz": np.full((1, 2, 3), None)}, "no objects"),
    "other joints": ({**arrays(), "names": NAMES[:4]}, "'names' has shape"),
    "short valid": ({**arrays(), "valid": np.ones((5, 5), bool)}, "N = 6 frames"),
    "bad edges": ({**arrays(), "edges": np.array([[0, 9]])}, r"indices \[9\]"),
    "bad fps": ({**arrays(), "fps": np.float32(0)}, "'fps' is 0"),
    "no focal length": ({**with_pictures(), "K": np.zeros((3, 3))}, "focal lengths"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_malformed_file_gives_one_clear_sentence(case: str, save) -> None:
    data, message = BROKEN[case]
    with pytest.raises(InputError, match=message) as caught:
        PoseRecording(save(data))
    assert "poses.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut"])
def test_something_else_than_an_npz_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"poses\.npz is"):
        PoseRecording(path)


def test_a_damaged_archive_is_refused(save) -> None:
    path = save(arrays(200))
    content = bytearray(path.read_bytes())
    content[400:440] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        PoseRecording(path)


def test_missing_files_single_arrays_and_missing_sources(save, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        PoseRecording(tmp_path / "none.npz")
    np.save(tmp_path / "one.npy", np.zeros((2, 3, 3)))
    with pytest.raises(InputError, match="single npy array"):
        PoseRecording(tmp_path / "one.npy")
    with pytest.raises(InputError, match="offers xyz"):
        PoseRecording(save(arrays()), source="uv_det")


def test_real_detections_of_mvor(shared_data) -> None:
    recording = PoseRecording(shared_data / "human" / "mvor10.npz")
    assert (recording.source, recording.skeleton.name) == ("uv_det", "mvor10")
    empty, error, cameras = 0, [], set()
    for frame, camera in recording:
        cameras.add(float(np.asarray(camera.matrix)[0, 0]))
        if not len(frame):
            empty += 1
            continue
        both = (frame.confidence[0] > 0) & frame.truth_valid[0]
        pixels = camera.project(frame.truth[0][both])
        error.append(np.linalg.norm(pixels - frame.keypoints[0][both], axis=-1))
    assert (len(recording), empty, len(cameras)) == (1841, 408, 3)
    assert np.median(np.concatenate(error)) < 15  # pixels; the set's own labels are off by 7


def test_every_recorded_set_can_be_played(shared_data) -> None:
    files = sorted(shared_data.glob("*/*.npz"))
    assert len(files) >= 90
    for path in files:
        recording = PoseRecording(path)
        for row in np.linspace(0, len(recording) - 1, 3).astype(int):
            frame, camera = recording[int(row)]
            if len(frame):
                seen = frame.confidence[0] > 0
                assert np.isfinite(frame.keypoints).all()
                assert (frame.truth[0][seen & frame.truth_valid[0], 2] > 0).all(), path.name
                assert camera.size[0] > 0

"""Keypoints alone, without any truth: read, played, and lifted by the whole demo."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from demo_run import demo

from lfm_ros.core.errors import InputError
from lfm_ros.demo.settings import DemoOptions, make_plan
from lfm_ros.scene import PoseRecording
from lfm_ros.scene.keypoint_recording import KeypointRecording
from lfm_ros.scene.opening import open_recording
from lfm_ros.skeletons import load_skeleton

COCO = load_skeleton("coco17")
K = np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]])
LACKING = [name for name in ("rclpy", "onnxruntime") if importlib.util.find_spec(name) is None]


def two_people(frames: int = 4) -> dict[str, np.ndarray]:
    """(frames, 2, 17, 2); the second is not seen in the first frame, a knee of the first never."""
    rng = np.random.default_rng(0)
    pixels = rng.uniform(100, 700, (frames, 2, 17, 2))
    pixels[:, 0, 13] = np.nan
    confidence = np.full((frames, 2, 17), 0.8)
    confidence[0, 1] = 0.0
    return {"keypoints": pixels, "confidence": confidence}


@pytest.fixture
def save(tmp_path: Path):
    def write(**arrays: np.ndarray) -> Path:
        np.savez(tmp_path / "seen.npz", **arrays)
        return tmp_path / "seen.npz"

    return write


def test_frames_hold_who_was_seen_and_no_truth(save) -> None:
    data = two_people()
    recording = open_recording(save(**data, K=K, image_size=np.array([1280, 720])))
    assert isinstance(recording, KeypointRecording)
    frames = [frame for frame, _ in recording]
    assert [len(frame) for frame in frames] == [1, 2, 2, 2]
    np.testing.assert_allclose(frames[2].keypoints[1], data["keypoints"][2, 1], rtol=1e-6)
    assert frames[2].confidence[0, 13] == 0
    assert not any(frame.truth_valid.any() for frame in frames)
    assert set(frames[1].instance_id) == {-1}
    assert recording[3][1].size == (1280, 720)
    assert recording.remarks == []


def test_a_file_with_truth_stays_what_it_was(save) -> None:
    xyz = np.random.default_rng(0).normal(size=(3, 5, 3))
    assert isinstance(open_recording(save(xyz=xyz)), PoseRecording)


def test_a_camera_that_nobody_knows_is_assumed_and_said(save) -> None:
    recording = open_recording(save(keypoints=two_people()["keypoints"][:, 1]))
    (remark,) = recording.remarks
    assert "no camera matrix 'K': one 60 degrees wide is assumed" in remark
    width, height = recording[0][1].size
    assert 600 < width <= 700
    assert 600 < height <= 700


def test_the_rig_is_the_one_that_is_named(save, tmp_path: Path) -> None:
    path = save(**two_people(), K=K)
    plan = make_plan(DemoOptions(data=path, skeleton="coco17"), tmp_path)
    assert (plan.rigs, plan.frames, plan.notes) == ([COCO], 4, [])
    unnamed = make_plan(DemoOptions(data=path), tmp_path)
    assert (len(unnamed.rigs[0]), unnamed.rigs[0].edges) == (17, ())
    assert "--skeleton" in unnamed.notes[0]
    with pytest.raises(InputError, match=r"hand21 has 21 keypoints, but .* has 17"):
        make_plan(DemoOptions(data=path, skeleton="hand21"), tmp_path)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"keypoints": np.zeros((2, 17, 3))}, r"score\? save keypoints=a\[\.\.\., :2\]"),
        ({"keypoints": np.zeros((2, 17, 2)), "names": np.array(["a"])}, "1 names for 17"),
        ({"keypoints": np.zeros((0, 17, 2))}, "nobody to play"),
        ({"K": K}, "no array keypoints or uv_det or uv"),
    ],
)
def test_what_cannot_be_played_is_one_sentence(save, arrays, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        open_recording(save(**arrays))


@pytest.mark.ros
@pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}")
def test_the_demo_plays_keypoints_alone(save, tmp_path: Path) -> None:
    data, report = save(**two_people(45)), tmp_path / "report.json"
    arguments = ("--data", str(data), "--skeleton", "coco17", "--no-viewer")
    with demo(*arguments, "--json", str(report)) as running:
        assert running.wait() == 0
        output = running.output
    found = json.loads(report.read_text())
    assert found["tally"]["answered"] == found["wanted"] == 45
    assert found["errors"] == {}
    assert "there is no truth to compare with" in output

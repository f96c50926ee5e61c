"""Which kind of recording a file is."""

from __future__ import annotations

from pathlib import Path

from lfm_ros.scene.keypoint_recording import KeypointRecording
from lfm_ros.scene.npz import load_npz
from lfm_ros.scene.pose_recording import PoseRecording


def open_recording(path: str | Path, source: str = "auto") -> PoseRecording | KeypointRecording:
    """Read recorded keypoints: with their truth where the file has ``xyz``, else alone.

    Args:
        path: An ``.npz``.
        source: Which of its arrays to play; see ``PoseRecording`` and ``KeypointRecording``.

    Raises:
        InputError: The file cannot be used; one sentence says why.
    """
    kind = PoseRecording if "xyz" in load_npz(path) else KeypointRecording
    return kind(path, source)

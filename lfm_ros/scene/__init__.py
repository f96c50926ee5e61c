"""The built-in scene and recorded keypoints: what the demo plays and `--data builtin` trains on."""

from lfm_ros.scene.cast import RIGS
from lfm_ros.scene.frame import Frame
from lfm_ros.scene.pose_recording import PoseRecording
from lfm_ros.scene.samples import sample_rig
from lfm_ros.scene.scene import Scene

__all__ = ["RIGS", "Frame", "PoseRecording", "Scene", "sample_rig"]

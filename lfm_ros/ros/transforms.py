"""TF of a frame: one frame an instance, in its own axes, and optionally one a keypoint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import TransformStamped
from numpy.typing import NDArray
from std_msgs.msg import Header
from transforms3d.quaternions import mat2quat

from lfm_ros.core.root_frame import root_frames
from lfm_ros.core.rotations import quat_xyzw_from_wxyz
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.slots import TrackSlots

Array = NDArray[np.float64]


class TransformBuilder:
    """Makes the transforms of a frame and lends the frame names.

    Args:
        rigs: The rigs that ``LiftedFrame.skeleton`` points into.
        settings: ``max_tracks``, ``tf_naming`` and ``tf_prefix`` are taken from here for good.
    """

    def __init__(self, rigs: Sequence[Skeleton], settings: LifterParameters) -> None:
        self._rigs = list(rigs)
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget who has which frame name."""
        self._slots = TrackSlots(self._settings.max_tracks)

    def build(self, frame: LiftedFrame, *, keypoints: bool) -> tuple[list[TransformStamped], int]:
        """Transforms of the valid instances, and how many of these got none.

        Args:
            frame: Its header names the parent frame.
            keypoints: Also a child frame for every keypoint, with the instance's orientation.
        """
        rows = np.nonzero(frame.valid)[0].tolist()
        slots = self._slots.assign(frame.instance_id[rows].tolist())
        named = [(row, slot) for row, slot in zip(rows, slots, strict=True) if slot is not None]
        origins, rotations = _instance_frames(frame, self._rigs)
        made: list[TransformStamped] = []
        for row, slot in named:
            origin, rotation = origins[row], rotations[row]
            name = self._instance_name(slot)
            quat_xyzw = quat_xyzw_from_wxyz(mat2quat(rotation))
            made.append(_transform(frame.header, name, origin, quat_xyzw))
            if keypoints:
                parent = Header(stamp=frame.header.stamp, frame_id=name)
                known = np.flatnonzero(frame.known[row])
                points = (frame.points[row, known].astype(np.float64) - origin) @ rotation
                rig = self._rigs[frame.skeleton[row]]
                names = [self._keypoint_name(slot, rig.names[k]) for k in known.tolist()]
                made += _keypoint_frames(parent, names, points)
        return made, len(rows) - len(named)

    def _instance_name(self, slot: int) -> str:
        if self._settings.tf_naming == "rep155":
            return f"body_{slot}"
        return f"{self._settings.tf_prefix}{slot}"

    def _keypoint_name(self, slot: int, keypoint: str) -> str:
        if self._settings.tf_naming == "rep155":
            return f"{keypoint}_{slot}"
        return f"{self._settings.tf_prefix}{slot}/{keypoint}"


def _keypoint_frames(parent: Header, names: list[str], points: Array) -> list[TransformStamped]:
    level = np.array([0.0, 0.0, 0.0, 1.0])
    return [_transform(parent, n, p, level) for n, p in zip(names, points, strict=True)]


def _instance_frames(frame: LiftedFrame, rigs: Sequence[Skeleton]) -> tuple[Array, Array]:
    """Origins (B, 3) and rotations (B, 3, 3): by the rigs, or the network's canonical frames."""
    origins, rotations = frame.translation.astype(np.float64), frame.rotation.astype(np.float64)
    # One call a rig and not one an instance: ten instances take no longer than one.
    for index in np.unique(frame.skeleton).tolist():
        rig, ours = rigs[index], frame.skeleton == index
        if rig.root is not None:
            points = frame.points[ours, : len(rig)]
            origins[ours], rotations[ours] = root_frames(points, rig.root, rotations[ours])
    return origins, rotations


def _transform(header: Header, child: str, origin: Array, quat_xyzw: Array) -> TransformStamped:
    made = TransformStamped(header=header, child_frame_id=child)
    shift, turn = made.transform.translation, made.transform.rotation
    shift.x, shift.y, shift.z = origin.tolist()
    turn.x, turn.y, turn.z, turn.w = quat_xyzw.tolist()
    return made

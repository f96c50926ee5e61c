"""The rig of a recording, in a form that the node can load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lfm_ros.core.errors import InputError, SkeletonError
from lfm_ros.core.placement import size
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.skeletons import as_yaml, load_skeleton, registered

if TYPE_CHECKING:
    from lfm_ros.scene.keypoint_recording import KeypointRecording
    from lfm_ros.scene.pose_recording import PoseRecording

_ROWS_THAT_TELL_THE_SIZE = 200


def rig_names(rigs: Sequence[Skeleton], folder: Path) -> list[str]:
    """Names under which the node can load the rigs; those that nobody knows are written down.

    Args:
        rigs: Each with a nominal size.
        folder: For their files.
    """
    known = set(registered())
    return [
        rig.name if rig.name in known and load_skeleton(rig.name) == rig else _written(rig, folder)
        for rig in rigs
    ]


def rig_of(recording: PoseRecording | KeypointRecording, wanted: str | None) -> Skeleton:
    """The rig of a recording.

    Args:
        recording: Has one rig.
        wanted: Name or file of the rig that the user says it is of; None: the recording's own.

    Raises:
        InputError: The rig that is wanted has another number of keypoints.
        SkeletonError: There is no such rig.
    """
    (own,) = recording.skeletons
    if wanted is None:
        return own
    rig = load_skeleton(wanted)
    if len(rig) != len(own):
        raise InputError(
            f"the rig {wanted} has {len(rig)} keypoints, but {recording.path} has {len(own)}; "
            "choose the rig whose order the keypoints are in (lfm skeleton list)"
        )
    return rig


def with_size(recording: PoseRecording | KeypointRecording, rig: Skeleton) -> tuple[Skeleton, str]:
    """A rig without nominal size, given one: that of the recording's truth, or 1 m.

    Returns:
        The rig, and a sentence that says where its size comes from.

    Raises:
        SkeletonError: There is a truth, but no row in which all of the rig is known.
    """
    if not recording.has_truth:
        lacking = "usual size" if rig.edges else "usual size, edges or sides"
        return replace(rig, nominal_size=1.0), (
            f"rig {rig.name} has no {lacking}: 1 m is assumed, so distances are as wrong as that; "
            "say which rig it is to do better, such as --skeleton coco17 (make demo "
            "SKELETON=coco17)"
        )
    size_of_truth = _usual_size(recording, rig)
    return replace(rig, nominal_size=size_of_truth), (
        f"rig {rig.name} has no usual size: its {size_of_truth:g} m (all edges together) are "
        "taken from the recording's truth, which flatters the distances of the root"
    )


def _usual_size(recording: PoseRecording | KeypointRecording, rig: Skeleton) -> float:
    count = len(recording)
    rows = np.linspace(0, count - 1, min(count, _ROWS_THAT_TELL_THE_SIZE)).astype(int)
    frames = [recording[int(row)][0] for row in rows]
    whole = [
        frame.truth[b] for frame in frames for b in range(len(frame)) if frame.truth_valid[b].all()
    ]
    if not whole:
        raise SkeletonError(
            f"the rig {rig.name!r} has no nominal size, and no row of the recording has all of its "
            f"points to tell it; register the rig as config/skeletons/{rig.name}.yaml"
        )
    usual = np.median(size(np.stack(whole)[:, : len(rig)].astype(np.float64), rig))
    return float(f"{usual:.3g}")


def _written(rig: Skeleton, folder: Path) -> str:
    """The path of a new skeleton file."""
    path = folder / f"{rig.name or 'rig'}.yaml"
    path.write_text(as_yaml(rig))
    return str(path)

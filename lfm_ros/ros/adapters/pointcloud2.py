"""``sensor_msgs/msg/PointCloud2`` with the layout of ``lfm_ros.ros.clouds`` as detections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters.keypoints2d import Keypoints2D
from lfm_ros.ros.cdr_reader import CloudReader
from lfm_ros.ros.clouds import Keypoints, decode_keypoints

if TYPE_CHECKING:
    from sensor_msgs.msg import PointCloud2

# The keypoints are an array of the message's own bytes; making a message of them is all the work.
RAW = True
_read_cloud = CloudReader()


def adapt(message: PointCloud2 | bytes, rigs: Sequence[Skeleton]) -> Keypoints2D:
    """The detections in a cloud, serialised or not, checked against the rigs in use.

    A row must be as wide as its rig. Further columns are padding, which is allowed only with
    confidence 0: a rig that is one keypoint off would otherwise be lifted as something else.
    Confidence is limited to [0, 1]; NaN and infinite values are missing keypoints.

    Raises:
        MessageError: The cloud cannot be read, or does not fit the rigs.
    """
    view = _read_cloud(message) if isinstance(message, bytes) else message
    cloud = decode_keypoints(view)
    if len(cloud.skeleton):
        _check_padding(cloud, rigs, _widths(cloud, rigs))
    keypoints, confidence = _without_missing(cloud)
    return Keypoints2D(
        keypoints=keypoints,
        confidence=confidence,
        instance_id=cloud.instance_id,
        skeleton=cloud.skeleton,
        stamp=view.header.stamp,
        frame_id=view.header.frame_id,
    )


def _widths(cloud: Keypoints, rigs: Sequence[Skeleton]) -> NDArray[np.int64]:
    wrong = (cloud.skeleton < 0) | (cloud.skeleton >= len(rigs))
    if wrong.any():
        raise MessageError(
            f"skeleton index {int(cloud.skeleton[wrong.argmax()])} in row {int(wrong.argmax())} is "
            f"not one of the {len(rigs)} rigs in use ({_names(rigs)}); correct the field skeleton "
            "or the parameter skeletons"
        )
    return np.array([len(rig) for rig in rigs], np.int64)[cloud.skeleton]


def _check_padding(cloud: Keypoints, rigs: Sequence[Skeleton], widths: NDArray[np.int64]) -> None:
    width = cloud.confidence.shape[1]
    if (widths == width).all():
        return
    beyond = np.arange(width)[None, :] >= widths[:, None]
    # NaN is not above 0.
    wrong = (widths > width) | (beyond & (cloud.confidence > 0)).any(1)
    if wrong.any():
        row = int(wrong.argmax())
        rig = rigs[cloud.skeleton[row]]
        found = f"only {width}" if widths[row] > width else f"more than {widths[row]}"
        raise MessageError(
            f"row {row} has {found} keypoints, but its rig {rig.name!r} has {widths[row]}; send "
            "one column a keypoint in the rig's order, padding with confidence 0, or choose the "
            "rig that the detector uses (parameter skeletons)"
        )


def _without_missing(cloud: Keypoints) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    # A frame without rows may claim any number of columns, which nobody must make arrays of.
    columns = slice(None if len(cloud.skeleton) else 0)
    uv, given = cloud.uv[:, columns], cloud.confidence[:, columns]
    finite = np.isfinite(uv)
    # NaN is neither above 0 nor below infinity.
    seen = finite[..., 0] & finite[..., 1] & (given > 0) & (given < np.inf)
    confidence = np.minimum(given, np.float32(1))
    if seen.all():
        return uv, confidence
    return np.where(seen[..., None], uv, np.float32(0)), np.where(seen, confidence, np.float32(0))


def _names(rigs: Sequence[Skeleton]) -> str:
    return ", ".join(rig.name or "unnamed" for rig in rigs)

"""``sensor_msgs/msg/PointCloud2`` with the layout of ``lfm_ros.ros.clouds`` as detections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters.keypoints2d import Keypoints2D
from lfm_ros.ros.clouds import Keypoints, decode_keypoints
from lfm_ros.ros.keypoint_stream import KeypointStream

if TYPE_CHECKING:
    from sensor_msgs.msg import PointCloud2

# The keypoints are an array of the message's own bytes; making a message of them is all the work.
RAW = True


def adapt(
    message: PointCloud2 | bytes, rigs: Sequence[Skeleton], stream: KeypointStream | None = None
) -> Keypoints2D:
    """The detections in a cloud, serialised or not, checked against the rigs in use.

    A row must be as wide as its rig. Further columns are padding, which is allowed only with
    confidence 0: a rig that is one keypoint off would otherwise be lifted as something else.
    Confidence is limited to [0, 1]. NaN and infinite values are missing keypoints, and so is pixel
    (0, 0), which many detectors write for them.

    Args:
        message: The cloud.
        rigs: Those in use.
        stream: Reads serialised ones, and remembers what they have in common.

    Raises:
        MessageError: The cloud cannot be read, or does not fit the rigs.
    """
    if isinstance(message, bytes):
        header, cloud = (stream or KeypointStream())(message)
    else:
        header, cloud = message.header, decode_keypoints(message)
    _check_rigs(cloud, rigs)
    keypoints, confidence, highest = _without_missing(cloud)
    return Keypoints2D(
        keypoints=keypoints,
        confidence=confidence,
        instance_id=cloud.instance_id,
        skeleton=cloud.skeleton,
        stamp=header.stamp,
        frame_id=header.frame_id,
        highest_score=highest,
    )


def _check_rigs(cloud: Keypoints, rigs: Sequence[Skeleton]) -> None:
    width, used = cloud.confidence.shape[1], set(cloud.skeleton.tolist())
    # Mostly all rows have the same rig, and there is nothing to look for in the points.
    if not all(0 <= index < len(rigs) and len(rigs[index]) == width for index in used):
        _check_padding(cloud, rigs, _widths(cloud, rigs))


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


def _without_missing(cloud: Keypoints) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Keypoints, confidence in [0, 1], and the highest confidence there was, or 1."""
    uv, given = cloud.uv, cloud.confidence
    if not len(given):
        # It may claim any number of columns, which nobody must make arrays of.
        return uv[:, :0], given[:, :0], 1.0
    finite, placed = np.isfinite(uv), uv.any(-1)
    # NaN is neither above 0 nor below infinity.
    if finite.all() and placed.all() and (given > 0).all() and (given <= 1).all():
        return uv, given, 1.0
    seen = finite[..., 0] & finite[..., 1] & placed & (given > 0) & (given < np.inf)
    return (
        np.where(seen[..., None], uv, np.float32(0)),
        np.where(seen, np.minimum(given, np.float32(1)), np.float32(0)),
        float(given.max(initial=1, where=seen)),
    )


def _names(rigs: Sequence[Skeleton]) -> str:
    return ", ".join(rig.name or "unnamed" for rig in rigs)

"""``keypoints_3d`` of a frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from lfm_ros.ros.cdr import Numbers
from lfm_ros.ros.clouds import POINT_DTYPE, is_dense, point_cells
from lfm_ros.ros.fast_messages import FastMessages, Part
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.point_fields import cloud_message
from lfm_ros.ros.tracked_points import tracked_points

_PARTS = {
    "stamp": Part("<i4", (2,)),
    "shape": Part("<u4", (2,)),
    "row_step": Part("<u4", (1,)),
    "data": Part("u1", sequence=True),
}


@dataclass(frozen=True)
class CloudStyle:
    """All of a ``keypoints_3d`` message that is not a number of its frame."""

    frame_id: str
    dense: bool


class CloudBuilder:
    """Makes the ``keypoints_3d`` message. Not for several threads.

    Args:
        fast: Whether to make bytes, where that works.
        tell: Called once with a sentence if it does not.
    """

    def __init__(self, *, fast: bool = False, tell: Callable[[str], None] = lambda _: None) -> None:
        self._messages = FastMessages(points_cloud, _PARTS, enabled=fast, tell=tell)

    def build(self, frame: LiftedFrame, slots: NDArray[np.int16]) -> Any:
        """``sensor_msgs/msg/PointCloud2``, or its bytes.

        What is not valid or not known has NaN coordinates.

        Args:
            frame: What is in it.
            slots: Of the instances' TF frames, (B,); -1 for none.
        """
        points = tracked_points(frame.tracked, frame.confidence, slots)
        cells = point_cells(points, frame.widths)
        stamp = frame.stamp
        numbers = {
            "stamp": np.array([stamp.sec, stamp.nanosec], "<i4"),
            "shape": np.array(cells.shape, "<u4"),
            "row_step": np.array([cells.shape[1] * POINT_DTYPE.itemsize], "<u4"),
            "data": cells.view(np.uint8).reshape(-1),
        }
        style = CloudStyle(frame.frame_id, is_dense(cells))
        return self._messages.message(style, numbers)


def points_cloud(style: CloudStyle, numbers: Mapping[str, Numbers]) -> PointCloud2:
    """The ``keypoints_3d`` message; this is the place that says what is in it.

    Args:
        style: All that is not a number of the frame.
        numbers: ``stamp`` (2,) seconds and nanoseconds; ``shape`` (2,) instances and keypoints;
            ``row_step`` (1,); ``data``, the bytes of the points.
    """
    sec, nanosec = numbers["stamp"].tolist()
    header = Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id=style.frame_id)
    made = cloud_message(header, POINT_DTYPE, numbers["data"].tobytes(), dense=style.dense)
    made.height, made.width = numbers["shape"].tolist()
    (made.row_step,) = numbers["row_step"].tolist()
    return made

"""A lifted recording as an MCAP file with what the node would have published."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from lfm_ros.bags.library import message_types, rosbags
from lfm_ros.bags.lifting import LiftedMoment
from lfm_ros.bags.messages import Messages
from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton

#: Topics of the file and their types; the names are those of the node.
TOPICS = {
    "/markers": "visualization_msgs/msg/MarkerArray",
    "/keypoints_3d": "sensor_msgs/msg/PointCloud2",
    "/tf": "tf2_msgs/msg/TFMessage",
    "/skeletons": "std_msgs/msg/String",
}


class McapFile:
    """An ``.mcap`` file that is being written. Use it in a ``with`` statement.

    The file is there only once everything is in it.

    Args:
        path: Of the file; an older one is replaced.
        rigs: Of the instances.
        smoothed: Whether the points are smoothed; then the orientations in TF are, too.
    """

    def __init__(self, path: Path, rigs: Sequence[Skeleton], *, smoothed: bool = False) -> None:
        if path.suffix != ".mcap":
            raise InputError(f"{path} is not an .mcap path")
        self._path = path
        self._types = message_types()
        self._messages = Messages(self._types, rigs, smoothed=smoothed)
        self._described = json.dumps([rig.as_dict() for rig in rigs])
        self._begun = False

    def __enter__(self) -> McapFile:
        rosbag2 = rosbags("rosbag2")
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=".lfm_", dir=self._path.parent))
        except OSError as error:
            raise InputError(f"{self._path} cannot be written: {error.strerror}") from error
        plugin = rosbag2.StoragePlugin.MCAP
        self._writer = rosbag2.Writer(self._folder / "bag", version=9, storage_plugin=plugin)
        self._writer.open()
        self._connections = {
            topic: self._writer.add_connection(topic, kind, typestore=self._types)
            for topic, kind in TOPICS.items()
        }
        return self

    def write(self, moment: LiftedMoment) -> None:
        """Write a frame."""
        if not self._begun:
            self._begun = True
            self._put("/skeletons", self._messages.text(self._described), moment)
        self._put("/markers", self._messages.markers(moment), moment)
        # First, for they decide who has which frame, which the cloud tells too.
        transforms = self._messages.transforms(moment)
        self._put("/keypoints_3d", self._messages.cloud(moment), moment)
        # tf2 takes no frame that hangs on nothing.
        if transforms.transforms and moment.frame_id:
            self._put("/tf", transforms, moment)

    def _put(self, topic: str, message: Any, moment: LiftedMoment) -> None:
        data = self._types.serialize_cdr(message, TOPICS[topic])
        self._writer.write(self._connections[topic], moment.frame.recorded_ns, bytes(data))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._writer.close()
            if kind is None:
                (written,) = (self._folder / "bag").glob("*.mcap")
                shutil.move(written, self._path)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

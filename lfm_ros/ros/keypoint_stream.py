"""Serialised ``keypoints`` clouds, of which mostly nothing but the stamp and the points is new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lfm_ros.ros.cdr_reader import STAMP_END, HeaderView, read_cloud, stamp_of
from lfm_ros.ros.clouds import KeypointLayout, Keypoints

# People come and go, and with them the height of the cloud.
_REMEMBERED = 16


class KeypointStream:
    """Reads the clouds of one adapter.

    What a cloud says of its points (frame, size, fields) is read and checked once for all clouds
    that say the same, byte by byte.
    """

    def __init__(self) -> None:
        self._known: tuple[_Description, ...] = ()

    def __call__(self, data: bytes) -> tuple[HeaderView, Keypoints]:
        """The header of a cloud, and its keypoints.

        Raises:
            MessageError: The bytes are not a whole ``sensor_msgs/msg/PointCloud2``, or its points
                cannot be read.
        """
        for known in self._known:
            if known.fits(data):
                return known.read(data)
        known = _described(data)
        self._known = (known, *self._known[: _REMEMBERED - 1])
        return known.read(data)


@dataclass(frozen=True)
class _Description:
    """All of a cloud that is neither stamp nor points.

    Attributes:
        encoding: The first bytes.
        content: The bytes between the stamp and the points.
        end: Where the points end; a last byte follows.
        frame_id: What the header names.
        layout: Where the numbers of a point stand.
        make_time: ``builtin_interfaces/msg/Time``.
    """

    encoding: bytes
    content: bytes
    end: int
    frame_id: str
    layout: KeypointLayout
    make_time: Callable[..., Any]

    def fits(self, data: bytes) -> bool:
        return (
            data.startswith(self.content, STAMP_END)
            and data.startswith(self.encoding)
            and len(data) > self.end
        )

    def read(self, data: bytes) -> tuple[HeaderView, Keypoints]:
        sec, nanosec = stamp_of(data)
        header = HeaderView(self.make_time(sec=sec, nanosec=nanosec), self.frame_id)
        return header, self.layout.read(data, STAMP_END + len(self.content))


def _described(data: bytes) -> _Description:
    view, start = read_cloud(data)
    return _Description(
        encoding=data[:2],
        content=data[STAMP_END:start],
        end=start + len(view.data),
        frame_id=view.header.frame_id,
        layout=KeypointLayout(view),
        make_time=type(view.header.stamp),
    )

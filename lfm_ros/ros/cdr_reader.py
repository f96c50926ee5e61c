"""Serialised messages read in place: what is not needed is not made, and nothing is trusted.

rclpy makes an object of every message, with a check of every field. For a cloud that is an array
and a header that is most of the work, and on a robot the bytes may come from anybody.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lfm_ros.core.errors import MessageError
from lfm_ros.ros.cdr import ENCAPSULATION

if TYPE_CHECKING:
    from builtin_interfaces.msg import Time

# The second byte of the encapsulation: plain CDR, big- or little-endian.
_NUMBERS = {
    encoding: {code: struct.Struct(order + code) for code in "BiI"}
    for encoding, order in ((b"\x00\x00", ">"), (b"\x00\x01", "<"))
}
_STAMPS = {b"\x00\x00": struct.Struct(">iI"), b"\x00\x01": struct.Struct("<iI")}
#: Where the stamp ends in a message that begins with a header.
STAMP_END = ENCAPSULATION + 8
# Name, offset, datatype and count of a PointField: no fewer bytes than these.
_SMALLEST_FIELD = 13


class CdrReader:
    """Takes one field after the other out of a message.

    Args:
        data: The serialised message.

    Raises:
        MessageError: It is not plain CDR.
    """

    def __init__(self, data: bytes) -> None:
        numbers = _NUMBERS.get(bytes(data[:2]))
        if numbers is None or len(data) < ENCAPSULATION:
            raise MessageError(
                f"a message of {len(data)} bytes begins with {bytes(data[:2]).hex() or 'nothing'}; "
                "expected plain CDR (0000 or 0001): publish with a ROS 2 middleware"
            )
        self._data = memoryview(data)[ENCAPSULATION:]
        self._at = 0
        self._numbers = numbers

    @property
    def at(self) -> int:
        """Offset of the next byte in the message."""
        return ENCAPSULATION + self._at

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return len(self._data) - self._at

    def number(self, code: str) -> int:
        """The next number.

        Args:
            code: Of ``struct``: ``B``, ``i`` or ``I``.
        """
        kind = self._numbers[code]
        self._at += -self._at % kind.size
        return kind.unpack(self.raw(kind.size))[0]

    def text(self) -> str:
        """The next string, up to its first NUL."""
        content = bytes(self.raw(self.number("I")))
        return content.split(b"\0", 1)[0].decode(errors="replace")

    def raw(self, size: int) -> memoryview:
        """The next bytes, not copied.

        Raises:
            MessageError: There are not so many.
        """
        if size > self.left:
            raise MessageError(
                f"a message ends after {ENCAPSULATION + len(self._data)} bytes, {size - self.left} "
                "too early for what it says it holds; publish the whole message"
            )
        content = self._data[self._at : self._at + size]
        self._at += size
        return content


@dataclass(frozen=True)
class HeaderView:
    """What ``std_msgs/msg/Header`` holds."""

    stamp: Time
    frame_id: str


@dataclass(frozen=True)
class FieldView:
    """What ``sensor_msgs/msg/PointField`` holds."""

    name: str
    offset: int
    datatype: int
    count: int


@dataclass(frozen=True)
class CloudView:
    """What ``sensor_msgs/msg/PointCloud2`` holds, under the same names; ``data`` is not copied."""

    header: HeaderView
    height: int
    width: int
    fields: list[FieldView]
    is_bigendian: bool
    point_step: int
    row_step: int
    data: memoryview
    is_dense: bool


def stamp_of(data: bytes) -> tuple[int, int]:
    """Seconds and nanoseconds of a serialised message that is known to begin with a header."""
    return _STAMPS[data[:2]].unpack_from(data, ENCAPSULATION)


def read_header(reader: CdrReader) -> HeaderView:
    """The next ``std_msgs/msg/Header``.

    Raises:
        MessageError: The message ends before.
    """
    from builtin_interfaces.msg import Time

    stamp = Time(sec=reader.number("i"), nanosec=reader.number("I"))
    return HeaderView(stamp, reader.text())


def read_cloud(data: bytes) -> tuple[CloudView, int]:
    """A serialised ``sensor_msgs/msg/PointCloud2``, and where in it the points begin.

    Raises:
        MessageError: The bytes are not one, or not a whole one.
    """
    reader = CdrReader(data)
    header = read_header(reader)
    height, width = reader.number("I"), reader.number("I")
    count = reader.number("I")
    if count * _SMALLEST_FIELD > reader.left:
        raise MessageError(
            f"PointCloud2 says it has {count} fields in {reader.left} bytes; publish a whole cloud"
        )
    fields = [_read_field(reader) for _ in range(count)]
    is_bigendian = reader.number("B") != 0
    steps = reader.number("I"), reader.number("I")
    size = reader.number("I")
    start = reader.at
    points, is_dense = reader.raw(size), reader.number("B") != 0
    view = CloudView(header, height, width, fields, is_bigendian, *steps, points, is_dense)
    return view, start


def _read_field(reader: CdrReader) -> FieldView:
    return FieldView(reader.text(), reader.number("I"), reader.number("B"), reader.number("I"))

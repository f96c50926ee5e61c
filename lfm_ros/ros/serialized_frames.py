"""Detections as bytes, and the stamps of messages read and written in their bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from lfm_ros.ros.cdr import ENCAPSULATION
from lfm_ros.ros.clouds import Keypoints, encode_keypoints

#: Serialised ``keypoints`` messages by their number.
Frames = Callable[[int], bytearray]

_STAMP = struct.Struct("<iI")
_LENGTH_BYTES = 4


def stamp_of_header(data: bytes) -> int:
    """Nanoseconds of a message whose first field is a header."""
    sec, nanosec = _STAMP.unpack_from(data, ENCAPSULATION)
    return sec * 1_000_000_000 + nanosec


def stamp_of_array(data: bytes) -> int:
    """Nanoseconds of the first element of an array whose elements begin with a header."""
    sec, nanosec = _STAMP.unpack_from(data, ENCAPSULATION + _LENGTH_BYTES)
    return sec * 1_000_000_000 + nanosec


def stamped(message: bytearray, stamp_ns: int) -> bytes:
    """A message whose first field is a header, with another stamp."""
    _STAMP.pack_into(message, ENCAPSULATION, *divmod(stamp_ns, 1_000_000_000))
    return bytes(message)


def serialized_frame(pixels: NDArray[np.floating], ids: Sequence[int] | None = None) -> bytearray:
    """A serialised ``keypoints`` message of instances of one rig, all keypoints seen.

    Args:
        pixels: (B, K, 2).
        ids: Of the instances; counted if not given.
    """
    count, width = pixels.shape[:2]
    numbers = np.arange(count) if ids is None else np.array(ids)
    keypoints = Keypoints(
        pixels.astype(np.float32),
        np.ones((count, width), np.float32),
        numbers.astype(np.int32),
        np.zeros(count, np.int32),
    )
    header = Header(frame_id="camera_optical_frame")
    return bytearray(serialize_message(encode_keypoints(header, keypoints)))

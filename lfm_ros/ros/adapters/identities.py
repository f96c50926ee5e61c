"""The identities of detectors and trackers as the int32 that goes through the node."""

from __future__ import annotations

import re
import zlib

from lfm_ros.ros.adapters.keypoints2d import UNKNOWN

_LARGEST = 2**31 - 1
_WHOLE, _NEGATIVE = re.compile(r"[0-9]{1,10}"), re.compile(r"-[0-9]+")


def identity(text: str | int) -> int:
    """The number of an instance.

    A whole number from 0 to 2**31 - 1 stays what it is. Anything else (``f3a7``, a UUID) becomes
    a hash, which is the same in every run and on every computer.

    Args:
        text: As the detector says it. Empty or negative: it does not know.
    """
    label = str(text).strip()
    if not label or _NEGATIVE.fullmatch(label):
        return UNKNOWN
    if _WHOLE.fullmatch(label) and int(label) <= _LARGEST:
        return int(label)
    return zlib.crc32(label.encode("utf-8", "replace")) & _LARGEST

"""Messages as bytes: serialised once, then only their numbers are written anew.

rclpy builds and serialises a message object by object, which takes 80 ms for a hundred people. A
template is a serialised message of which we know where the numbers stand; filling it in is copying
arrays. Nothing here knows a message type: where things are is found by numbers that stand out.

The layout (OMG Common Data Representation, "plain CDR" of DDS-XTypes 1.3, 7.4.1): four bytes that
name the encoding, then the fields in order, each aligned to its own size counted from behind those
four bytes; a sequence is its length as uint32, then its elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import MessageError

#: Plain CDR, little-endian: the only encoding that templates are made of.
LITTLE_ENDIAN = b"\x00\x01"
#: Bytes before the first field; alignment counts from behind them.
ENCAPSULATION = 4

_LENGTH = np.dtype("<u4")
# With this many bytes before a message, eight-byte numbers are aligned in memory too.
_LEAD = 8 - ENCAPSULATION

Numbers = NDArray[Any]


class TemplateError(MessageError):
    """A message cannot be made into a template; it is published as an object then."""


@dataclass(frozen=True)
class Blank:
    """A run of numbers that changes from message to message.

    Attributes:
        sentinel: What the template's message holds there: numbers found nowhere else in it. Rows
            of a sequence are along the first axis.
        times: How often the message holds it.
        elastic: That it is a sequence, of which later messages may have more or fewer rows.
    """

    sentinel: Numbers
    times: int = 1
    elastic: bool = False


class Template:
    """A serialised message whose blanks can be filled in.

    Not for several threads: messages of one length share a buffer.

    Args:
        data: The message with the sentinels in its blanks.
        blanks: By name.

    Raises:
        TemplateError: The encoding is not little-endian CDR, or a sentinel is not found as often
            as expected.
    """

    def __init__(self, data: bytes, blanks: Mapping[str, Blank]) -> None:
        if data[: len(LITTLE_ENDIAN)] != LITTLE_ENDIAN:
            raise TemplateError(
                f"messages are encoded as {data[:2].hex()}; templates need little-endian CDR (0001)"
            )
        self._data = data
        self._blanks = dict(blanks)
        self._offsets = {name: _places(data, name, blank) for name, blank in blanks.items()}
        elastic = (name for name, blank in blanks.items() if blank.elastic)
        self._elastic = sorted(elastic, key=lambda name: self._offsets[name][0])
        self._buffers: dict[tuple[int, ...], _Buffer] = {}

    def filled(self, values: Mapping[str, Numbers]) -> bytes:
        """The message with other numbers.

        Args:
            values: An array for every blank, of its sentinel's shape, but for the number of rows
                of an elastic one (at least one row).
        """
        rows = tuple(len(values[name]) for name in self._elastic)
        buffer = self._buffers.get(rows)
        if buffer is None:
            # People come and go one at a time: what is kept is what was needed last.
            self._buffers.clear()
            buffer = self._buffers[rows] = self._laid_out(rows)
        for name, views in buffer.views.items():
            value = values[name]
            for view in views:
                view[...] = value
        return buffer.content.tobytes()

    def _laid_out(self, rows: tuple[int, ...]) -> _Buffer:
        """The message with room for so many rows in each elastic blank."""
        pieces, behind = [b"\0" * _LEAD], 0
        growth: list[tuple[int, int]] = []
        for name, count in zip(self._elastic, rows, strict=True):
            sentinel, start = self._blanks[name].sentinel, self._offsets[name][0]
            length = _length_before(self._data, start, len(sentinel), name)
            room = sentinel[0].nbytes * count
            pieces += [self._data[behind:length], np.array(count, _LENGTH).tobytes()]
            pieces += [self._data[length + _LENGTH.itemsize : start], b"\0" * room]
            behind = start + sentinel.nbytes
            growth.append((start, room - sentinel.nbytes))
        whole = np.frombuffer(bytearray(b"".join([*pieces, self._data[behind:]])), np.uint8)
        counts = dict(zip(self._elastic, rows, strict=True))
        views: dict[str, list[Numbers]] = {}
        for name, blank in self._blanks.items():
            shape = (counts.get(name, len(blank.sentinel)), *blank.sentinel.shape[1:])
            views[name] = []
            for offset in self._offsets[name]:
                moved = _LEAD + offset + sum(more for start, more in growth if start < offset)
                views[name].append(np.ndarray(shape, blank.sentinel.dtype, whole.data, moved))
        return _Buffer(whole[_LEAD:], views)


@dataclass(frozen=True)
class _Buffer:
    content: NDArray[np.uint8]
    views: dict[str, list[Numbers]]


def _places(data: bytes, name: str, blank: Blank) -> list[int]:
    """Offsets at which the sentinel stands."""
    wanted, found = blank.sentinel.tobytes(), []
    at = data.find(wanted)
    while at >= 0:
        found.append(at)
        at = data.find(wanted, at + 1)
    if len(found) != blank.times:
        raise TemplateError(
            f"the numbers of {name} stand {len(found)} times in the message; expected {blank.times}"
        )
    return found


def _length_before(data: bytes, start: int, count: int, name: str) -> int:
    """Offset of the length of the sequence whose first element is at ``start``."""
    size = _LENGTH.itemsize
    # Directly before, or before the padding that aligns eight-byte numbers.
    for offset in (start - size, start - 2 * size):
        if int.from_bytes(data[offset : offset + size], "little") == count:
            return offset
    raise TemplateError(f"the length of the sequence {name} is not where CDR has it")

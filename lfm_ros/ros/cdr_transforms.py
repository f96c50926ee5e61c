"""``tf2_msgs/msg/TFMessage`` as bytes: one piece for each frame name, put together anew.

Who is in view changes from frame to frame, and with it the names in the message. So there is no
template of the whole message but one of each transform, made when its names come up first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import deserialize_message, serialize_message

from lfm_ros.ros.cdr import ENCAPSULATION, LITTLE_ENDIAN, Numbers, TemplateError

#: Names of the parent frame and of the child frame.
Names = tuple[str, str]
#: The plain message of a stamp (2,), the names of T transforms, and their numbers (T, 7).
Build = Callable[[Numbers, Sequence[Names], Numbers], Any]

_COUNT = np.dtype("<u4")
_HEAD = ENCAPSULATION + _COUNT.itemsize
# With these bytes before the message, its eight-byte numbers are aligned in memory too.
_LEAD = b"\0" * (8 - ENCAPSULATION)
# A slot has a name for each keypoint; more than this come only of parents that change.
_REMEMBERED = 20_000
_TESTED = (("camera", "a"), ("a", "a/wrist"), ("camera", "bc"), ("bc", "bc/toe_left"))


@dataclass(frozen=True)
class _Piece:
    """One transform in a message: it begins with its stamp; where its seven numbers begin."""

    content: bytes
    numbers: int


class TransformMessages:
    """Makes what ``publish`` takes: bytes, or a message. Not for several threads.

    Args:
        build: Makes the plain messages; it alone says what is in one.
        enabled: False: every message is an object.
        tell: Called once with a sentence if there can be no bytes.
    """

    def __init__(
        self, build: Build, *, enabled: bool, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._build, self.enabled = build, enabled
        # The first transform of a message is aligned differently from those that follow.
        self._pieces: dict[tuple[Names, bool], _Piece] = {}
        self._names: Sequence[Names] = ()
        self._layout: _Layout | None = None
        if enabled:
            try:
                self._test()
            except TemplateError as error:
                self.enabled = False
                tell(f"transforms are made as Python objects, which is slower: {error}")

    def message(self, stamp: Numbers, names: Sequence[Names], numbers: Numbers) -> Any:
        """The message, as bytes or as an object; both say the same.

        Args:
            stamp: Seconds and nanoseconds, (2,).
            names: Of T transforms.
            numbers: Translation and rotation xyzw of each, (T, 7).
        """
        if not self.enabled or not len(names):
            return self._build(stamp, names, numbers)
        if self._layout is None or names != self._names:
            self._names, self._layout = list(names), self._laid_out(names)
        return self._layout.filled(stamp, numbers)

    def _laid_out(self, names: Sequence[Names]) -> _Layout:
        pieces = [self._piece(pair, index == 0) for index, pair in enumerate(names)]
        head = LITTLE_ENDIAN + b"\0\0" + np.array(len(names), _COUNT).tobytes()
        ends = np.cumsum([len(piece.content) for piece in pieces]) + len(_LEAD) + _HEAD
        starts = ends - [len(piece.content) for piece in pieces]
        at = starts + [piece.numbers for piece in pieces]
        data = bytearray(b"".join([_LEAD, head, *(piece.content for piece in pieces)]))
        return _Layout(data, starts // 4, at // 8)

    def _piece(self, names: Names, first: bool) -> _Piece:
        found = self._pieces.get((names, first))
        if found is None:
            if len(self._pieces) > _REMEMBERED:
                self._pieces.clear()
            self._pieces[names, True], self._pieces[names, False] = self._cut(names)
            found = self._pieces[names, first]
        return found

    def _cut(self, names: Names) -> tuple[_Piece, _Piece]:
        """The piece of these names at the beginning of a message, and further behind."""
        random = np.random.default_rng(0)
        stamp = random.integers(1 << 20, 1 << 28, 2).astype("<i4")
        numbers = np.tile(random.standard_normal(7).astype("<f8"), (2, 1))
        data = serialize_message(self._build(stamp, [names, names], numbers))
        starts = _all_of(stamp.tobytes(), data)
        at = _all_of(numbers[0].tobytes(), data)
        ends = [place + numbers[0].nbytes for place in at]
        whole = [_HEAD, *ends[:1]] == starts and len(data) in ends[1:]
        if not whole or not data.startswith(LITTLE_ENDIAN):
            raise TemplateError("transforms do not stand in the message as CDR has them")
        first, second = (
            _Piece(data[start:end], place - start)
            for start, end, place in zip(starts, ends, at, strict=True)
        )
        return first, second

    def _test(self) -> None:
        """Compare a message with the plain one.

        Raises:
            TemplateError: They differ.
        """
        random = np.random.default_rng(1)
        stamp = random.integers(1 << 20, 1 << 28, 2).astype("<i4")
        numbers = random.standard_normal((len(_TESTED), 7))
        plain = self._build(stamp, _TESTED, numbers)
        ours = self._laid_out(_TESTED).filled(stamp, numbers)
        if deserialize_message(ours, type(plain)) != plain:
            raise TemplateError("the template of TFMessage does not say what its message says")


class _Layout:
    """A message whose numbers can be written anew: where stamps (T,) and numbers (T,) begin."""

    def __init__(
        self, data: bytearray, stamps: NDArray[np.integer], numbers: NDArray[np.integer]
    ) -> None:
        self._bytes = np.frombuffer(data, np.uint8)
        self._words = np.frombuffer(data, "<i4", len(data) // 4)
        self._doubles = np.frombuffer(data, "<f8", len(data) // 8)
        self._stamps = stamps[:, None] + np.arange(2)
        self._numbers = numbers[:, None] + np.arange(7)

    def filled(self, stamp: Numbers, numbers: Numbers) -> bytes:
        self._words[self._stamps] = stamp
        self._doubles[self._numbers] = numbers
        return self._bytes[len(_LEAD) :].tobytes()


def _all_of(wanted: bytes, data: bytes) -> list[int]:
    """Offsets of something in a message."""
    found, at = [], data.find(wanted)
    while at >= 0:
        found.append(at)
        at = data.find(wanted, at + 1)
    return found

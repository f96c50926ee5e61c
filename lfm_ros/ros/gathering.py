"""Frames whose instances come in messages of their own, one topic an instance."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.stamps import nanoseconds

# A stamp that is older by more than this does not come late: the clock was set back.
_LATE_NS = 1_000_000_000


class Gathering:
    """Puts the parts of a frame together, which have one stamp.

    A frame is complete when everybody has sent a part who sent one of the last frame, when a
    newer stamp comes, or when somebody stays away for longer than the patience.

    Args:
        patience: Seconds to wait for a part.
        clock: Tells the time in seconds.
        expected: Who is waited for in the first frame; without them it is the first part alone.
    """

    def __init__(
        self,
        patience: float = 0.05,
        clock: Callable[[], float] = time.monotonic,
        expected: Iterable[str] = (),
    ) -> None:
        self._patience, self._clock = patience, clock
        self._parts: dict[str, Keypoints2D] = {}
        self._expected = set(expected)
        # Who has sent something of the last frame's stamp.
        self._present: set[str] = set()
        self._shown: Keypoints2D | None = None
        self._since = 0.0
        self._last = -_LATE_NS

    def add(self, source: str, part: Keypoints2D) -> tuple[list[Keypoints2D], bool]:
        """Take a part.

        Args:
            source: Who sent it.
            part: The instances of its message.

        Returns:
            The frames that are complete by it, and whether the part itself came too late.
        """
        stamp = nanoseconds(part.stamp)
        # Who was in the last frame sends the next one, even where stamps stand still.
        repeated = not self._parts and stamp == self._last and source not in self._present
        if repeated:
            self._present.add(source)
        if repeated or -_LATE_NS < stamp - self._newest() < 0:
            self._expected.add(source)
            return [], True
        complete = self._close() if self._parts and stamp != self._newest() else []
        if not self._parts:
            self._since = self._clock()
        self._parts[source] = part
        if self._expected <= self._parts.keys():
            complete += self._close()
        return complete, False

    def overdue(self) -> list[Keypoints2D]:
        """The frame that has waited for too long, if there is one."""
        waited = self._clock() - self._since
        return self._close() if self._parts and waited >= self._patience else []

    def leave(self, source: str) -> list[Keypoints2D]:
        """Nothing will come from a source any more.

        Returns:
            The frames that are complete by that. When the last one has left, that is a frame
            without instances, with the last stamp there was.
        """
        self._expected.discard(source)
        if self._parts:
            return self._close() if self._expected <= self._parts.keys() else []
        if self._expected or self._shown is None:
            return []
        last, self._shown = self._shown, None
        return [last.without_instances()]

    def _newest(self) -> int:
        part = next(iter(self._parts.values()), None)
        return self._last if part is None else nanoseconds(part.stamp)

    def _close(self) -> list[Keypoints2D]:
        parts, self._parts = self._parts, {}
        self._last = nanoseconds(next(iter(parts.values())).stamp)
        self._expected, self._present = set(parts), set(parts)
        self._shown = merged(list(parts.values()))
        return [self._shown]


def merged(parts: Sequence[Keypoints2D]) -> Keypoints2D:
    """All instances in one frame, rows padded to the widest."""
    if len(parts) == 1:
        return parts[0]
    width = max(part.confidence.shape[1] for part in parts)
    keypoints = np.zeros((sum(map(len, parts)), width, 2), np.float32)
    confidence = np.zeros(keypoints.shape[:2], np.float32)
    start = 0
    for part in parts:
        rows, columns = part.confidence.shape
        keypoints[start : start + rows, :columns] = part.keypoints
        confidence[start : start + rows, :columns] = part.confidence
        start += rows
    return Keypoints2D(
        keypoints=keypoints,
        confidence=confidence,
        instance_id=np.concatenate([part.instance_id for part in parts]),
        skeleton=np.concatenate([part.skeleton for part in parts]),
        stamp=parts[0].stamp,
        frame_id=parts[0].frame_id,
        normalized=parts[0].normalized,
        left_out=tuple(dict.fromkeys(why for part in parts for why in part.left_out)),
        doubts=tuple(dict.fromkeys(why for part in parts for why in part.doubts)),
        highest_score=max(part.highest_score for part in parts),
    )

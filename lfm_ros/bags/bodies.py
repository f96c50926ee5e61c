"""The frames of a recording in which each body has a topic of its own."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from posixpath import basename, dirname

from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.adapters.identities import identity
from lfm_ros.ros.gathering import Gathering

#: Topic, time of recording in nanoseconds, and the detections of one message.
Part = tuple[str, int, Keypoints2D]


class Bodies:
    """Puts frames together as the node does, by the time of recording.

    Args:
        topics: Of the bodies.
        pattern: By which they were found; None: their names are like
            ``/humans/bodies/ID/skeleton2d``.

    Attributes:
        late: How many parts came when their frame was over, and are in none.
    """

    def __init__(self, topics: Sequence[str], pattern: str | None = None) -> None:
        self._ids = {topic: identity(body_named(topic, pattern)) for topic in topics}
        self._now = 0.0
        self._gathering = Gathering(clock=lambda: self._now, expected=topics)
        self.late = 0

    def frames(self, parts: Iterable[Part]) -> Iterator[tuple[int, Keypoints2D]]:
        """Every frame, and when it was complete: the time of recording in nanoseconds.

        Args:
            parts: In the order of recording.
        """
        recorded = 0
        for topic, recorded, part in parts:
            self._now = recorded * 1e-9
            complete = self._gathering.overdue()
            frames, late = self._gathering.add(topic, part.named(self._ids[topic]))
            self.late += late
            for frame in complete + frames:
                yield recorded, frame
        self._now = math.inf
        for frame in self._gathering.overdue():
            yield recorded, frame


def body_named(topic: str, pattern: str | None = None) -> str:
    """What a topic's name says of the body: in the place of the pattern's ``*``, if it has one."""
    if pattern is not None and "*" in pattern:
        found = re.fullmatch(re.escape(pattern).replace(r"\*", "(.*)"), topic)
        if found is not None:
            return found[1]
    return basename(dirname(topic))

"""The depth images of a recording, held against its detections."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError
from lfm_ros.ros.depth_cache import DepthCache
from lfm_ros.ros.stamps import nanoseconds

# A second of most cameras: detections may come as much later than the image of their moment.
_REMEMBERED = 30
# For as long detections wait for the image of their moment, by the time of recording.
_PATIENCE_NS = 500_000_000

Message = tuple[str, int, Any]


class RecordedDepth:
    """Takes the depth images out of a recording while it is read, and keeps the last of them.

    Args:
        topic: Of the images; None: there are none.
        complain: Told what cannot be used.
    """

    def __init__(self, topic: str | None, complain: Callable[[str], None]) -> None:
        self._topic, self._complain = topic, complain
        self._cache = DepthCache(_REMEMBERED)
        self._newest = 0

    def taken_out(self, messages: Iterable[Message]) -> Iterator[Message]:
        """The other messages, each once the image of its moment is there, or overdue.

        Args:
            messages: Topic, time of recording and message, in the order of recording.
        """
        if self._topic is None:
            yield from messages
            return
        waiting: deque[Message] = deque()
        for one in messages:
            topic, now, message = one
            if topic == self._topic:
                self._take(message)
            else:
                waiting.append(one)
            while waiting and self._is_ripe(waiting[0], now):
                yield waiting.popleft()
        yield from waiting

    def at(self, stamp: Any) -> NDArray[np.generic] | None:
        """The image (H, W) nearest to a ``builtin_interfaces/msg/Time``, if it is near."""
        if self._topic is None:
            return None
        image = self._cache.at(stamp, 0.0)
        if image is None:
            self._complain(
                "no depth image within 50 ms of the keypoints, so another cue tells the size"
            )
        return image

    def _is_ripe(self, one: Message, now: int) -> bool:
        _, recorded, message = one
        return self._newest >= nanoseconds(message.header.stamp) or now - recorded > _PATIENCE_NS

    def _take(self, message: Any) -> None:
        try:
            self._cache.update(message)
        except InputError as error:
            self._complain(f"depth is ignored: {error}")
            return
        self._newest = nanoseconds(message.header.stamp)

"""Depth images of the last moments, by stamp."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.depth_image import depth_from_bytes
from lfm_ros.core.errors import InputError
from lfm_ros.ros.stamps import nanoseconds

# Nobody walks far between two images that are this near in time; further apart they tell nothing.
_NEAR_NS = 50_000_000

Image = NDArray[np.generic]


@dataclass(frozen=True)
class DepthSource:
    """Where a depth image came from.

    Attributes:
        frame_id: Of its header.
        size: Width and height in pixels.
        stamp_ns: Of its header.
    """

    frame_id: str
    size: tuple[int, int]
    stamp_ns: int


class DepthCache:
    """The last depth images.

    A driver that aligns depth with colour stamps both alike. The image may arrive later than the
    keypoints, whose detector was quick, so it is waited for; not again, though, if the last wait
    was in vain.

    Args:
        remembered: How many images are kept.

    Attributes:
        latest: Of the image that came last, or None.
        refused: Why the last image was none; empty if it was one.
        missed: How many frames in a row had no image.
        missed_since: When the first of them asked, by ``time.monotonic``.
        asked_ns: Stamp of the frame that asked last.
    """

    def __init__(self, remembered: int = 8) -> None:
        self._remembered = remembered
        self._changed = threading.Condition()
        self._images: OrderedDict[int, Image] = OrderedDict()
        self._paired = True
        self.latest: DepthSource | None = None
        self.refused = ""
        self.missed, self.missed_since, self.asked_ns = 0, 0.0, 0

    def clear(self) -> None:
        """Forget all images."""
        with self._changed:
            self._images.clear()
            self._paired = True
            self.latest, self.refused, self.missed = None, "", 0

    def update(self, message: Any) -> None:
        """Take over a ``sensor_msgs/msg/Image``.

        Raises:
            InputError: It holds no depth, or is damaged.
        """
        size = (int(message.width), int(message.height))
        try:
            image = depth_from_bytes(
                message.data, size, message.encoding, message.step, bool(message.is_bigendian)
            )
        except InputError as error:
            self.refused = str(error)
            raise
        stamp_ns = nanoseconds(message.header.stamp)
        with self._changed:
            self._images[stamp_ns] = image
            self.latest, self.refused = DepthSource(message.header.frame_id, size, stamp_ns), ""
            while len(self._images) > self._remembered:
                self._images.popitem(last=False)
            self._changed.notify_all()

    def at(self, stamp: Any, patience: float) -> Image | None:
        """The image (H, W) of a moment, or None if there is none near it.

        Args:
            stamp: ``builtin_interfaces/msg/Time`` of the frame.
            patience: Seconds to wait for the image with this stamp.
        """
        key = nanoseconds(stamp)
        with self._changed:
            found = self._nearest(key, patience)
            if found is None and not self.missed:
                self.missed_since = time.monotonic()
            self.missed = 0 if found is not None else self.missed + 1
            self.asked_ns = key
        return found

    def _nearest(self, key: int, patience: float) -> Image | None:
        """The image that is near in time; the lock is held."""
        if self._paired and self._images:
            self._changed.wait_for(lambda: key in self._images, patience)
        self._paired = key in self._images or not self._images
        nearest = min(self._images, key=lambda other: abs(other - key), default=None)
        if nearest is None or abs(nearest - key) > _NEAR_NS:
            return None
        return self._images[nearest]

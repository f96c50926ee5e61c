"""Depth images of the last moments, by stamp."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.depth_image import depth_from_bytes
from lfm_ros.ros.stamps import nanoseconds

# Nobody walks far between two images that are this near in time; further apart they tell nothing.
_NEAR_NS = 50_000_000

Image = NDArray[np.generic]


class DepthCache:
    """The last depth images.

    A driver that aligns depth with colour stamps both alike. The image may arrive later than the
    keypoints, whose detector was quick, so it is waited for; not again, though, if the last wait
    was in vain.

    Args:
        remembered: How many images are kept.
    """

    def __init__(self, remembered: int = 8) -> None:
        self._remembered = remembered
        self._changed = threading.Condition()
        self._images: OrderedDict[int, Image] = OrderedDict()
        self._paired = True

    def clear(self) -> None:
        """Forget all images."""
        with self._changed:
            self._images.clear()
            self._paired = True

    def update(self, message: Any) -> None:
        """Take over a ``sensor_msgs/msg/Image``.

        Raises:
            InputError: It holds no depth, or is damaged.
        """
        image = depth_from_bytes(
            message.data,
            (message.width, message.height),
            message.encoding,
            message.step,
            bool(message.is_bigendian),
        )
        with self._changed:
            self._images[nanoseconds(message.header.stamp)] = image
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
            if self._paired and self._images:
                self._changed.wait_for(lambda: key in self._images, patience)
            self._paired = key in self._images or not self._images
            nearest = min(self._images, key=lambda other: abs(other - key), default=None)
            if nearest is None or abs(nearest - key) > _NEAR_NS:
                return None
            return self._images[nearest]

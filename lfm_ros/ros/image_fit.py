"""Whether keypoints can belong to the image that the camera describes, by where they lie."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.pixel_doubts import CORNER, share_doubt

Floats = NDArray[np.floating]
Size = tuple[int, int]

# A look costs some array operations, and what does not fit does not fit for long.
_EVERY = 8
# Somebody who leaves the image is beyond its edge in a few looks, and not in nearly all; somebody
# who stands before the camera is beyond the lower edge alone.
_LOOKS, _DOUBTFUL, _EACH_EDGE = 12, 10, 4
# Of the seen keypoints, beyond the edge by a share of the image.
_SHARE, _BEYOND = 1 / 3, 0.05
_FEWEST = 4
# A look at which everything lies as it may.
_INSIDE = (0.0, 0.0)


class ImageFit:
    """Looks at some of the frames of a camera; the sentence stays until the next look.

    Keypoints of a larger image lie beyond the right and the lower edge of a smaller one, never
    beyond the others. People who stand half outside, and are guessed there by their detector, lie
    beyond one edge, for a while.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget what was seen."""
        self._size: Size | None = None
        self._countdown = 0
        self._looks: deque[tuple[float, float]] = deque(maxlen=_LOOKS)
        self.problem = ""

    def look(self, keypoints: Floats, confidence: Floats, size: Size, least: float) -> str:
        """What does not fit, as a sentence; empty if nothing is known to be wrong.

        Args:
            keypoints: Pixels, shape (B, K, 2).
            confidence: Shape (B, K).
            size: Width and height of the camera's image in pixels.
            least: Keypoints below this confidence are not seen.
        """
        if size != self._size:
            self.clear()
            self._size = size
        self._countdown -= 1
        if self._countdown < 0 and keypoints.size and min(size) > 0:
            # Missing keypoints are zeros. Mostly this is all there is to do.
            high = keypoints.reshape(-1, 2).max(0).tolist()
            if max(high) > CORNER and _inside(high, size) and not self.problem:
                self._countdown = _EVERY - 1
                self._looks.append(_INSIDE)
            else:
                self._look_closer(keypoints[(confidence > 0) & (confidence >= least)], size)
        return self.problem

    def _look_closer(self, seen: Floats, size: Size) -> None:
        if len(seen) < _FEWEST:
            return
        self._countdown = _EVERY - 1
        low, high = seen.min(0).tolist(), seen.max(0).tolist()
        doubt = share_doubt(seen, size) if max(high) <= CORNER else ""
        if doubt:
            self.problem = f"{doubt}; let the detector send pixels"
            return
        looks = self._looks  # another thread may put an empty one in its place
        looks.append(_reach(seen, low, high, size))
        self.problem = _sentence(looks, size) if _lasting(looks) else ""


def _sentence(looks: Iterable[tuple[float, float]], size: Size) -> str:
    across, down = (max(each) for each in zip(*looks, strict=True))
    return (
        f"keypoints reach to pixel ({across * size[0]:.0f}, {down * size[1]:.0f}), but the camera "
        f"has an image of {size[0]}x{size[1]}: they seem to belong to an image of another "
        "resolution; publish the camera_info of the image that the detector works on (without "
        "camera_info: set assumed_image_size)"
    )


def _inside(high: Sequence[float], size: Size) -> bool:
    edge = 1 + _BEYOND
    return high[0] <= size[0] * edge and high[1] <= size[1] * edge


def _lasting(looks: Iterable[tuple[float, float]]) -> bool:
    """Whether nearly all looks are doubtful, and there is something beyond each of both edges."""
    edge = 1 + _BEYOND
    beyond = [(across > edge, down > edge) for across, down in looks]
    right, below = (sum(each) for each in zip(*beyond, strict=True))
    return sum(map(any, beyond)) >= _DOUBTFUL and min(right, below) >= _EACH_EDGE


def _reach(seen: Floats, low: list[float], high: list[float], size: Size) -> tuple[float, float]:
    """How far keypoints reach in widths and heights, zeros if they lie as they may."""
    if _inside(high, size) or min(low[0] / size[0], low[1] / size[1]) < -_BEYOND:
        return _INSIDE
    outside = (seen > np.array(size) * (1 + _BEYOND)).any(-1)
    far = float(outside.mean()) >= _SHARE
    return (high[0] / size[0], high[1] / size[1]) if far else _INSIDE

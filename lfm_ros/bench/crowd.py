"""People who come and go, as detections: no two who ever come have the same id."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_KEYPOINTS = 17
_BODY_PIXELS = 60.0
_STEP_PIXELS = 2.0


class Crowd:
    """Walks on with every frame.

    Args:
        most: How many there are at most at a time.
        stay: Seconds that one stays on average.
        rate: Frames a second.
        seed: Of the random numbers.
    """

    def __init__(
        self, most: int = 6, stay: float = 3.0, rate: float = 100.0, seed: int = 0
    ) -> None:
        self._random = np.random.default_rng(seed)
        self._most = most
        # In the long run each place is taken half of the time.
        self._change = 1 / (stay * rate)
        self._pixels = np.zeros((0, _KEYPOINTS, 2))
        self._ids: list[int] = []
        self._next_id = 0

    def step(self) -> tuple[NDArray[np.float64], list[int]]:
        """Pixels (B, 17, 2) and ids of those who are there now; there may be nobody."""
        stays = self._random.random(len(self._ids)) > self._change
        self._pixels = self._pixels[stays]
        self._ids = [one for one, here in zip(self._ids, stays, strict=True) if here]
        for _ in range(self._random.binomial(self._most - len(self._ids), self._change)):
            self._come()
        self._pixels += self._random.normal(0, _STEP_PIXELS, (len(self._ids), 1, 2))
        return self._pixels.copy(), list(self._ids)

    def _come(self) -> None:
        middle = self._random.uniform((200, 200), (1080, 520))
        body = middle + self._random.normal(0, _BODY_PIXELS, (1, _KEYPOINTS, 2))
        self._pixels = np.concatenate([self._pixels, body])
        self._ids.append(self._next_id)
        self._next_id += 1

"""Errors like those of a 2D keypoint detector: heavy tails, honest confidence, dropouts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Detector:
    """How a detector fails.

    Every keypoint of every frame draws its own spread, and its error from a Student t distribution
    of that spread. The confidence falls with the spread, so it tells how good a keypoint is, as
    far as a detector can know, not how large the error turned out.

    Attributes:
        seed: Same seed, instance and time, same errors.
        spread: Median spread of a coordinate, as a share of the instance's 2D radius.
        variety: Standard deviation of the logarithm of the spread.
        tail: Degrees of freedom of the t distribution; smaller is heavier.
        dropout: Share of keypoints that are missing.
        dropout_seconds: How long a missing keypoint stays missing.
    """

    seed: int = 0
    spread: float = 0.009
    variety: float = 0.55
    tail: float = 3.0
    dropout: float = 0.03
    dropout_seconds: float = 0.2

    def observe(self, pixels: Array, instance_id: int, seconds: float) -> tuple[Array, Array]:
        """Disturb the pixels (K, 2) of one instance.

        Returns:
            Pixels (K, 2) and confidence (K,) in [0, 1]; 0 is a keypoint that was not found.
        """
        rng = self._generator(1, instance_id, round(seconds * 1e6))
        count = len(pixels)
        radius = np.linalg.norm(pixels - pixels.mean(0), axis=-1).max()
        spread = self.spread * np.exp(rng.normal(0.0, self.variety, count))
        error = rng.standard_t(self.tail, (count, 2)) * spread[:, None] * radius
        certainty = 1.0 / (1.0 + (spread / (3 * self.spread)) ** 2)
        confidence = np.clip(certainty + rng.normal(0.0, 0.04, count), 0.05, 0.99)
        return pixels + error, np.where(self._dropped(count, instance_id, seconds), 0.0, confidence)

    def _dropped(self, count: int, instance_id: int, seconds: float) -> NDArray[np.bool_]:
        """Missing keypoints (count,): each has a clock of its own that decides anew every tick."""
        offsets = self._generator(2, instance_id).uniform(0.0, 1.0, count)
        ticks = np.floor(seconds / self.dropout_seconds + offsets).astype(int)
        chance = np.empty(count)
        for tick in np.unique(ticks):
            draws = self._generator(3, instance_id, int(tick)).uniform(0.0, 1.0, count)
            chance = np.where(ticks == tick, draws, chance)
        return chance < self.dropout

    def _generator(self, *key: int) -> np.random.Generator:
        # Seeds must not be negative; times before zero wrap around far away from any other.
        return np.random.default_rng([part % 2**63 for part in (self.seed, *key)])

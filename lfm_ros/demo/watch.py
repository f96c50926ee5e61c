"""Everything that the demo hears on the graph, in one place: counts, moments, the node's status."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.demo.accuracy import Accuracy
from lfm_ros.demo.ledger import Answer, Ledger
from lfm_ros.demo.moments import Detected, Moments, Placed


class Watch:
    """What the monitor calls with every message; cheap, since it delays what it measures.

    Args:
        rigs: The rigs in use.
        min_confidence: Below it the node takes a keypoint for missing.
        min_keypoints: Instances with fewer different keypoints are not lifted.
    """

    def __init__(self, rigs: Sequence[Skeleton], min_confidence: float, min_keypoints: int) -> None:
        self.ledger = Ledger()
        self.accuracy = Accuracy(rigs)
        self.status: Mapping[str, str] = {}
        self._min_confidence, self._min_keypoints = min_confidence, min_keypoints
        self._moments = Moments()

    def camera(self, stamp_ns: int, camera: Intrinsics) -> None:
        """A calibration came."""
        self._moments.put(stamp_ns, "camera", camera)

    def detected(self, stamp_ns: int, detected: Detected) -> None:
        """A frame of detections came."""
        used = detected.confidence >= self._min_confidence
        kept = np.where(used, detected.confidence, np.float32(0))
        count = liftable(detected.uv, kept, self._min_keypoints)
        self.ledger.frame(stamp_ns, count, time.monotonic())
        self._moments.put(stamp_ns, "detected", Detected(detected.uv, kept, detected.instance_id))

    def truth(self, stamp_ns: int, truth: Placed) -> None:
        """The truth behind a frame came."""
        self._moments.put(stamp_ns, "truth", truth)

    def lifted(self, stamp_ns: int, lifted: Placed) -> None:
        """Points came."""
        self._moments.put(stamp_ns, "lifted", lifted)

    def markers(self, stamp_ns: int, answer: Answer) -> None:
        """Markers came."""
        self.ledger.markers(stamp_ns, answer, time.monotonic())

    def diagnosed(self, status: Mapping[str, str]) -> None:
        """The node said how it is."""
        self.status = dict(status)

    def compare(self) -> Accuracy:
        """The errors up to now."""
        self.accuracy.add(self._moments.take())
        return self.accuracy


def liftable(uv: NDArray[np.float32], confidence: NDArray[np.float32], fewest: int) -> int:
    """How many instances have at least ``fewest`` keypoints at different places.

    Args:
        uv: (B, K, 2) pixels.
        confidence: (B, K), 0 for missing.
        fewest: Of the node's parameter ``min_keypoints``.
    """
    seen = (confidence > 0) & np.isfinite(uv).all(-1)
    places = (np.unique(row[known], axis=0) for row, known in zip(uv, seen, strict=True))
    return sum(len(place) >= fewest for place in places)

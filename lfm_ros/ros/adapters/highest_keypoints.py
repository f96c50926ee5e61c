"""Notices a rig with more keypoints than the detector has, where nothing but numbers tells."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton
from lfm_ros.skeletons import load_skeleton, registered

# Two seconds of one person: by then feet were seen, or the tip of a little finger.
_ENOUGH_INSTANCES = 60


class HighestKeypoints:
    """The highest keypoint that a detector ever sent for each rig.

    A detector that leaves out what it is not sure of never says how many keypoints it knows; with
    too many, a message is refused, but those of a person pass for a hand's.
    """

    def __init__(self) -> None:
        self._instances: dict[str, int] = {}
        self._count: dict[str, int] = {}

    def doubt(self, places: NDArray[np.int64], rig: Skeleton) -> str:
        """Take note of an instance.

        Args:
            places: Index of each keypoint in the rig, shape (N,), at least one.
            rig: What it is taken for.

        Returns:
            Why the rig may be the wrong one; empty while nothing speaks against it.
        """
        count = self._count.get(rig.name, 0)
        if count >= len(rig):
            return ""
        self._count[rig.name] = count = max(count, int(places.max()) + 1)
        self._instances[rig.name] = self._instances.get(rig.name, 0) + 1
        if self._instances[rig.name] < _ENOUGH_INSTANCES or count >= len(rig):
            return ""
        return _sentence(rig.name, len(rig), count)


@lru_cache(maxsize=64)
def _sentence(rig: str, width: int, count: int) -> str:
    fitting = [name for name in registered() if len(load_skeleton(name)) == count]
    which = f"{', '.join(fitting)} would fit" if fitting else "none that ships has so few"
    return (
        f"the detector has never sent a keypoint beyond the first {count} of the {width} of rig "
        f"{rig!r}; if it has no more, that is the wrong rig ({which}): correct skeletons, or "
        "class_skeletons"
    )

"""Finds what is known around each frame of detections, for the node."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError
from lfm_ros.core.rigid import Rigid
from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.depth_cache import DepthCache
from lfm_ros.ros.live_transforms import LiveTransforms
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.statistics import Statistics
from lfm_ros.ros.surroundings import Surroundings, surroundings

# How long a frame waits for the depth image of its own stamp, if they came in pairs so far.
_PATIENCE_SECONDS = 0.05


class Scout:
    """Finds the surroundings of each frame.

    ``at`` is called in the worker's thread, ``take_depth`` in the executor's.

    Args:
        transforms: Where parameters name frames, else None.
        statistics: Counts what is missing.
        complaints: Says what is missing.
        sizes: Goes into every ``Surroundings``.

    Attributes:
        depth: The depth images that came in.
    """

    def __init__(
        self,
        transforms: LiveTransforms | None,
        statistics: Statistics,
        complaints: Complaints,
        sizes: NDArray[np.float64] | None = None,
    ) -> None:
        self.depth = DepthCache()
        self._transforms, self._sizes = transforms, sizes
        self._statistics, self._complaints = statistics, complaints

    def take_depth(self, image: Any) -> None:
        """A ``sensor_msgs/msg/Image`` with depth came in. Raises nothing."""
        try:
            self.depth.update(image)
        except InputError as error:
            self._statistics.noted("depth")
            self._complaints.warn_once(f"depth is ignored: {error}")
        except Exception:
            self._complaints.warn(f"depth could not be read: {traceback.format_exc()}")

    def clear(self) -> None:
        """Forget depth images and transforms: time starts anew."""
        self.depth.clear()
        if self._transforms is not None:
            self._transforms.clear()

    def close(self) -> None:
        """Unsubscribe from transforms."""
        if self._transforms is not None:
            self._transforms.close()

    def at(self, stamp: Any, camera_frame: str, settings: LifterParameters) -> Surroundings:
        """The surroundings of a frame.

        What is missing of gravity, ground and depth is done without, and said.

        Args:
            stamp: ``builtin_interfaces/msg/Time``.
            camera_frame: The camera's optical frame.
            settings: The present parameters.

        Raises:
            FrameError: The results cannot be brought into ``target_frame``.
        """

        def between(target: str, source: str) -> Rigid:
            assert self._transforms is not None, "the node makes it where a parameter names a frame"
            return self._transforms.between(target, source, stamp, settings.tf_timeout)

        depth = self._depth_at(stamp) if settings.use_depth else None
        return surroundings(
            settings, camera_frame, between, self._missing, depth=depth, sizes=self._sizes
        )

    def _depth_at(self, stamp: Any) -> NDArray[np.generic] | None:
        depth = self.depth.at(stamp, _PATIENCE_SECONDS)
        if depth is None:
            # Said by DepthSilence, once it is not just a slower camera.
            self._statistics.noted("without_depth")
        return depth

    def _missing(self, cause: str, why: str) -> None:
        self._statistics.noted(cause)
        self._complaints.warn(why)

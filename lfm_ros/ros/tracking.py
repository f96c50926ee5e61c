"""The node's tracker: switched and set by parameters while it runs."""

from __future__ import annotations

from lfm_ros.lifted import Lifted
from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.stamps import nanoseconds
from lfm_ros.tracked import Tracked, untracked
from lfm_ros.tracker import Tracker


class Tracking:
    """Follows the instances of one stream of frames; for any thread."""

    def __init__(self) -> None:
        self._tracker = Tracker()
        self._chosen: tuple[str, float, float] | None = None

    def follow(self, out: Lifted, detections: Keypoints2D, settings: LifterParameters) -> Tracked:
        """Who the instances of a frame are, and where they are without the jitter.

        Args:
            out: What was lifted.
            detections: What it was lifted from.
            settings: ``tracking`` False: as they were lifted, with the detector's ids.
        """
        if not settings.tracking:
            self.reset()
            return untracked(out, detections.instance_id, detections.skeleton)
        self._follow_settings(settings)
        stamp_ns = nanoseconds(detections.stamp)
        return self._tracker.update(out, stamp_ns, detections.instance_id, detections.skeleton)

    def reset(self) -> None:
        """Forget everybody."""
        self._tracker.reset()

    def _follow_settings(self, settings: LifterParameters) -> None:
        chosen = (settings.smoothing, settings.smoothing_strength, settings.prediction_time)
        if chosen != self._chosen:
            smoothing, strength, prediction_time = self._chosen = chosen
            self._tracker.configure(smoothing, strength=strength, prediction_time=prediction_time)

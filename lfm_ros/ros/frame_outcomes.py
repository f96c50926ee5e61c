"""What became of each frame: counted for /diagnostics, and said where it is not as it should be."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from lfm_ros.core.errors import EngineError, FrameError, LfmError
from lfm_ros.core.timing import Stopwatch
from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.statistics import Statistics

# As which a frame is counted that could not be lifted; all others were bad input.
_CAUSES = ((EngineError, "engine"), (FrameError, "transform"))


class FrameOutcomes:
    """Keeps the books of a pipeline.

    Args:
        age: Seconds since a stamp, by the node's clock.
        statistics: Counts what happens.
        complaints: Says why.
    """

    def __init__(
        self, age: Callable[[Any], float], statistics: Statistics, complaints: Complaints
    ) -> None:
        self._age = age
        self._statistics, self._complaints = statistics, complaints
        self._last_placed: LiftedFrame | None = None

    @property
    def scale_source(self) -> str:
        """Which cues told the size of those in the last frame with anybody; empty before it."""
        frame = self._last_placed
        if frame is None:
            return ""
        told = zip(frame.tracked.scale_source, frame.tracked.valid.tolist(), strict=True)
        return ", ".join(sorted({source for source, valid in told if valid}))

    def dropped(self, cause: str, why: str) -> None:
        """A frame will not come out.

        Args:
            cause: As which it is counted.
            why: Said in the log, its last line in /diagnostics.
        """
        self._statistics.dropped(cause, why.strip().splitlines()[-1])
        self._complaints.warn(why)

    def failed(self, error: Exception) -> None:
        """A frame could not be lifted; to be called where the exception is handled."""
        if isinstance(error, LfmError):
            cause = next((cause for kind, cause in _CAUSES if isinstance(error, kind)), "input")
            self.dropped(cause, f"frame not lifted: {error}")
        else:
            self.dropped("internal", f"frame not lifted: {traceback.format_exc()}")

    def published(
        self, frame: LiftedFrame, watch: Stopwatch, settings: LifterParameters, without_tf: int
    ) -> None:
        """A frame went out.

        Args:
            frame: What was made of it.
            watch: Its steps, of which the last was the output.
            settings: The present parameters.
            without_tf: How many of the valid instances got no TF frame.
        """
        spans, latency = dict(watch.seconds), watch.total
        # All that the lifter does beside running the network.
        spans["tracking"] = frame.tracking_seconds
        spans["geometry"] = spans.pop("lift") - frame.network_seconds - frame.tracking_seconds
        age = self._age(frame.stamp)
        self._statistics.published(latency=latency, age=age, network=frame.network_seconds, **spans)
        self._note_instances(frame, settings)
        if without_tf:
            self._statistics.noted("instances_without_tf", without_tf)
            self._complaints.warn_once(
                f"{without_tf} instances have no TF frame: there are more than max_tracks "
                f"({settings.max_tracks}), or an instance_id is there twice; raise max_tracks, or "
                "give each instance its own id"
            )

    def _note_instances(self, frame: LiftedFrame, settings: LifterParameters) -> None:
        count, predicted = len(frame.tracked), np.count_nonzero(frame.tracked.predicted)
        if predicted:
            self._statistics.noted("instances_predicted", predicted)
        invalid = count - np.count_nonzero(frame.tracked.valid)
        if invalid < count:
            self._last_placed = frame
        if invalid:
            self._statistics.noted("invalid_instances", invalid)
            self._complaints.warn_once(
                f"{invalid} of {count} instances were not lifted: an instance needs at least "
                f"{settings.min_keypoints} different keypoints with a confidence of "
                f"{settings.min_confidence:g} or more"
            )

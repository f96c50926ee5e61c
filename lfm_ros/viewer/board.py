"""Where the newest data lies until the page takes it: any thread writes, one thread reads."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lfm_ros.core.timing import rate
from lfm_ros.viewer.frame import Axes, Camera, Points2D, Points3D, Rig, ViewFrame
from lfm_ros.viewer.history import History
from lfm_ros.viewer.shown_error import ShownError

Poses = dict[str, tuple[Sequence[float], Sequence[float]]]

AXES_AGE_NS = 300_000_000
"""Nanoseconds; frames on /tf that much older than the points belong to nobody any more."""
LOST_AFTER = 1.0
"""Seconds without lifted points after which the detections are shown alone."""
STATUS_AGE = 5.0
"""Seconds after which diagnostics say nothing about now."""


class Board:
    """The latest of everything; older data is forgotten, never queued.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._version = 0
        self._lifted: History[Points3D] = History()
        self._truth: History[Points3D] = History()
        self._detected: History[Points2D] = History()
        self._poses: History[Poses] = History()
        self._rigs: Sequence[Rig] = ()
        self._camera: Camera | None = None
        self._status: tuple[float, Mapping[str, str]] = (-np.inf, {})
        self._lifted_times: deque[float] = deque(maxlen=60)
        self._detected_times: deque[float] = deque(maxlen=60)
        self._error = ShownError()
        self._measured: int | None = None

    def put_lifted(self, stamp_ns: int, points: Points3D) -> None:
        """Points that the node lifted."""
        with self._lock:
            self._lifted.put(stamp_ns, points)
            self._lifted_times.append(self._clock())
            self._version += 1

    def put_truth(self, stamp_ns: int, points: Points3D) -> None:
        """Points that are true; shown with the lifted ones of the same stamp."""
        with self._lock:
            self._truth.put(stamp_ns, points)

    def put_detected(self, stamp_ns: int, points: Points2D) -> None:
        """Points that the detector saw."""
        with self._lock:
            self._detected.put(stamp_ns, points)
            self._detected_times.append(self._clock())
            self._version += 1

    def put_pose(
        self, name: str, stamp_ns: int, position: Sequence[float], quat_xyzw: Sequence[float]
    ) -> None:
        """A coordinate frame, in the camera's optical frame: metres, unit quaternion."""
        with self._lock:
            poses = self._poses.at(stamp_ns)
            if poses is None:
                poses = {}
                self._poses.put(stamp_ns, poses)
            poses[name] = (position, quat_xyzw)

    def put_rigs(self, rigs: Sequence[Rig]) -> None:
        """Names and edges of the rigs in use."""
        with self._lock:
            self._rigs = tuple(rigs)

    def put_camera(self, camera: Camera | None) -> None:
        """Intrinsics of the camera, or None where it is not calibrated."""
        with self._lock:
            self._camera = camera

    def put_status(self, values: Mapping[str, str]) -> None:
        """Values of the node's diagnostics."""
        with self._lock:
            self._status = (self._clock(), dict(values))

    @property
    def version(self) -> int:
        """Changes whenever there is something new to draw."""
        return self._version

    @property
    def age(self) -> float | None:
        """Seconds since points arrived, in space or in the image; None before the first."""
        with self._lock:
            newest = [times[-1] for times in (self._lifted_times, self._detected_times) if times]
        return self._clock() - max(newest) if newest else None

    def compose(self) -> ViewFrame:
        """Everything that belongs to the stamp of the newest points."""
        with self._lock:
            stamp, lifted = self._shown_points()
            truth = self._truth.at(stamp)
            frame = ViewFrame(
                rigs=self._rigs,
                lifted=lifted,
                truth=truth,
                detected=self._detected.at(stamp),
                axes=self._axes(stamp),
                camera=self._camera,
            )
            fresh = self._measured != stamp
            self._measured = stamp
        # Outside the lock: aligning takes longer than a callback may wait.
        if fresh and lifted is not None and truth is not None:
            self._error.add(lifted, truth)
        return frame

    def status(self) -> dict[str, str]:
        """The node's diagnostics, or where there are none what can be counted here."""
        with self._lock:
            now = self._clock()
            said, values = self._status
            counted = {
                "rate_in_hz": f"{rate(self._detected_times, now):.1f}",
                "rate_out_hz": f"{rate(self._lifted_times, now):.1f}",
            }
        known = values if now - said <= STATUS_AGE else counted
        return {**known, **self._error.status()}

    def _shown_points(self) -> tuple[int, Points3D | None]:
        lifted, detected = self._lifted.latest, self._detected.latest
        alive = lifted and self._clock() - self._lifted_times[-1] <= LOST_AFTER
        if lifted and (alive or not detected):
            return lifted
        return (detected[0] if detected else 0), None

    def _axes(self, stamp_ns: int) -> Axes:
        """Frames of a stamp; the last ones where /tf is still on its way."""
        poses, latest = self._poses.at(stamp_ns), self._poses.latest
        if poses is None and latest and abs(latest[0] - stamp_ns) <= AXES_AGE_NS:
            poses = latest[1]
        shown = dict(poses or {})
        return Axes(
            names=tuple(shown),
            position=np.array([position for position, _ in shown.values()]).reshape(-1, 3),
            quat_xyzw=np.array([quat for _, quat in shown.values()]).reshape(-1, 4),
        )

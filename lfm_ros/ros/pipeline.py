"""The way of a frame through the node, from the message to the published results."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from lfm_ros.core.errors import MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.core.timing import Stopwatch
from lfm_ros.lifter import Lifter
from lfm_ros.ros.adapters import Adapter, Keypoints2D
from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.frame_cameras import REQUIRED, FrameCameras
from lfm_ros.ros.frame_outcomes import FrameOutcomes
from lfm_ros.ros.lifted_frame import LiftedFrame, lift_frame
from lfm_ros.ros.outputs import Outputs
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.plausibility import Plausibility
from lfm_ros.ros.scout import Scout
from lfm_ros.ros.stamps import check_stamp
from lfm_ros.ros.statistics import Statistics
from lfm_ros.ros.tracking import Tracking
from lfm_ros.ros.worker import Worker


@dataclass(frozen=True)
class _Job:
    detections: Keypoints2D
    watch: Stopwatch


class Pipeline:
    """Everything a configured node holds.

    ``take_*`` are called in the executor's thread, lifting and publishing happen in the worker's.
    No message makes any of them raise: a frame that cannot be lifted is counted and complained of.

    Args:
        lifter: Closed by ``close``.
        adapter: Reads the detections.
        rigs: The rigs in use.
        outputs: Destroyed by ``close``.
        scout: Finds what is known around each frame; closed by ``close``.
        settings: The present parameters.
        age: Seconds since a stamp, by the node's clock.
        statistics: Counts what happens.
        complaints: Says why.

    Attributes:
        depth: The depth images that came in.
        doubts: What seems to be wrong with the inputs now.
    """

    def __init__(
        self,
        lifter: Lifter,
        adapter: Adapter,
        rigs: Sequence[Skeleton],
        outputs: Outputs,
        scout: Scout,
        *,
        settings: Callable[[], LifterParameters],
        age: Callable[[Any], float],
        statistics: Statistics,
        complaints: Complaints,
    ) -> None:
        self.lifter, self.adapter, self.outputs = lifter, adapter, outputs
        self._rigs = list(rigs)
        self._settings = settings
        self._statistics, self._complaints = statistics, complaints
        self._scout = scout
        optical = adapter.names_optical_frame
        self._cameras = FrameCameras(settings().rectified, optical, statistics, complaints)
        self._outcomes = FrameOutcomes(age, statistics, complaints)
        self._tracking = Tracking()
        self._plausibility = Plausibility(optical, statistics, complaints)
        self.depth, self.doubts = scout.depth, self._plausibility.doubts
        self._enabled = True
        self._publishing = threading.Lock()
        self._worker: Worker[_Job] | None = None

    @property
    def camera(self) -> str:
        """Where the last frame had its camera from, in words; empty before the first."""
        return self._cameras.told

    @property
    def scale_source(self) -> str:
        """Which cues told the size of those in the last frame with anybody; empty before it."""
        return self._outcomes.scale_source

    def start(self, queue_depth: int) -> None:
        """Begin to lift."""
        self._worker = Worker(self._lift, queue_depth, lambda: self._statistics.dropped("busy"))
        self._worker.start()

    def stop(self) -> None:
        """Finish the frame in hand, drop those that wait, delete the markers."""
        if self._worker is not None:
            for _ in range(self._worker.stop()):
                self._statistics.dropped("deactivated")
            self._worker = None
            self._clear_outputs()

    def close(self) -> None:
        """Give everything back, also if some of it raises: the network and the publishers."""
        with ExitStack() as parts:  # the last is the first to go
            parts.callback(self._destroy_outputs)
            parts.callback(self._scout.close)
            parts.callback(self.lifter.close)
            parts.callback(self.stop)

    def enable(self, enabled: bool) -> None:
        """Lift the frames that come, or drop them and delete the markers."""
        with self._publishing:
            self._enabled = enabled
        if not enabled:
            self._clear_outputs()

    def reset(self) -> None:
        """Forget identities and complaints, and delete the markers.

        What was heard stays: the camera, which some drivers say only once, transforms and depth.
        """
        self._complaints.clear()
        self._plausibility.clear()
        self._forget_identities()

    def restart_time(self) -> None:
        """Forget what was seen so far: from now on stamps are of another time."""
        self._scout.clear()
        self._plausibility.restart_time()
        self._forget_identities()

    def take_camera_info(self, info: Any) -> None:
        """A ``sensor_msgs/msg/CameraInfo`` came in, serialised or not."""
        self._cameras.take(info)

    def take_depth(self, image: Any) -> None:
        """A ``sensor_msgs/msg/Image`` with depth came in."""
        self._scout.take_depth(image)

    def lose(self, count: int) -> None:
        """Messages with detections were sent that did not come in."""
        self._statistics.lost(count)
        self._complaints.warn_once(
            "the middleware loses messages of the detector: more come than this computer can take "
            "in, or they are too large for its network buffers; /diagnostics counts them"
        )

    def take_keypoints(self, message: Any) -> None:
        """A message with the detections of a frame came in."""
        watch = Stopwatch()
        detections = self.read(message)
        if detections is not None:
            watch.lap("decode")
            self.take_frame(detections, watch)

    def take_frame(self, detections: Keypoints2D, watch: Stopwatch | None = None) -> None:
        """The detections of a frame are there."""
        if self._worker is None:
            self._statistics.dropped("disabled")
        else:
            self._worker.offer(_Job(detections, watch or Stopwatch()))
        # Only now, for the frame has to wait for nothing that it does not need.
        self._statistics.received()

    def read(self, message: Any) -> Keypoints2D | None:
        """What a message says, or None if it cannot be used; then it is counted and said why."""
        if not self._enabled or self._worker is None:
            self._statistics.received()
            self._statistics.dropped("disabled")
            return None
        try:
            detections = self.adapter.adapt(message, self._rigs)
            check_stamp(detections.stamp)
        except MessageError as error:
            self._statistics.received()
            self._outcomes.dropped("message", f"keypoints: {error}")
            return None
        except Exception:
            self._statistics.received()
            self._outcomes.dropped(
                "internal", f"keypoints could not be read: {traceback.format_exc()}"
            )
            return None
        for why in detections.left_out:
            self._statistics.noted("detections_left_out")
            self._complaints.warn_once(why)
        for why in detections.doubts:
            self._statistics.noted("rig_doubtful")
            self._complaints.warn_once(why)
        return detections

    def _lift(self, job: _Job) -> None:
        """Lift and publish a frame; in the worker's thread."""
        job.watch.lap("waiting")
        try:
            self._plausibility.check_stamp(job.detections)
            settings = self._settings()
            seen = self._cameras.at(job.detections.stamp)
            camera = self._cameras.intrinsics(seen, settings)
            if camera is None:
                self._outcomes.dropped("no_camera", REQUIRED)
                return
            frame_id = self._cameras.frame_id(job.detections, seen, settings)
            detections = job.detections.in_pixels(camera.size)
            depth = self._scout.depth.latest if settings.use_depth else None
            self._plausibility.check(detections, seen, camera, depth, settings)
            around = self._scout.at(detections.stamp, frame_id, settings)
            frame = lift_frame(
                self.lifter, self._tracking, self._rigs, detections, camera, around, settings
            )
            job.watch.lap("lift")
            self._publish(frame, settings, job)
        except Exception as error:
            self._outcomes.failed(error)

    def _publish(self, frame: LiftedFrame, settings: LifterParameters, job: _Job) -> None:
        with self._publishing:
            # Without a worker: this frame took so long that nobody waits for it any more.
            if not self._enabled or self._worker is None:
                self._statistics.dropped("disabled")
                return
            if frame.tracked.restarted:
                self.outputs.clear()
            without_tf = self.outputs.publish(frame, settings)
        job.watch.lap("output")
        self._outcomes.published(frame, job.watch, settings, without_tf)

    def _forget_identities(self) -> None:
        self._tracking.reset()
        self._clear_outputs()

    def _destroy_outputs(self) -> None:
        with self._publishing:
            self.outputs.destroy()

    def _clear_outputs(self) -> None:
        with self._publishing:
            self.outputs.clear()

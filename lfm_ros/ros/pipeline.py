"""The way of a frame through the node, from the message to the published results."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import EngineError, FrameError, InputError, LfmError, MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.core.timing import Stopwatch
from lfm_ros.lifter import Lifter
from lfm_ros.ros.adapters import Adapter, Keypoints2D
from lfm_ros.ros.camera_cache import CameraCache
from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.diagnostics import Statistics
from lfm_ros.ros.lifted_frame import LiftedFrame, lift_frame
from lfm_ros.ros.outputs import Outputs
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.plausibility import Plausibility
from lfm_ros.ros.scout import Scout
from lfm_ros.ros.seen_camera import SeenCamera
from lfm_ros.ros.stamps import check_stamp
from lfm_ros.ros.tracking import Tracking
from lfm_ros.ros.worker import Worker

# How long a frame waits for the CameraInfo of its own stamp, if cameras came in pairs so far.
_PATIENCE_SECONDS = 0.05
# As which a frame is counted that could not be lifted; all others were bad input.
_CAUSES = ((EngineError, "engine"), (FrameError, "transform"))


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
        self.camera = ""
        self._rigs = list(rigs)
        self._settings, self._age = settings, age
        self._statistics, self._complaints = statistics, complaints
        self._scout = scout
        self._cameras = CameraCache(settings().rectified)
        self._tracking = Tracking()
        self._plausibility = Plausibility(adapter.names_optical_frame, statistics, complaints)
        self.depth, self.doubts = scout.depth, self._plausibility.doubts
        self._last_placed: LiftedFrame | None = None
        self._enabled = True
        self._publishing = threading.Lock()
        self._worker: Worker[_Job] | None = None

    @property
    def scale_source(self) -> str:
        """Which cues told the size of those in the last frame with anybody; empty before it."""
        frame = self._last_placed
        if frame is None:
            return ""
        told = zip(frame.tracked.scale_source, frame.tracked.valid.tolist(), strict=True)
        return ", ".join(sorted({source for source, valid in told if valid}))

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
        try:
            seen = self._cameras.update(info)
        except MessageError as error:
            self._statistics.noted("camera_info")
            self._complaints.warn_once(f"camera_info is ignored: {error}")
            return
        except Exception:
            self._complaints.warn(f"camera_info could not be read: {traceback.format_exc()}")
            return
        if seen.problem:
            self._statistics.noted("camera_info")
            self._complaints.warn_once(f"camera_info is ignored: {seen.problem}")

    def take_depth(self, image: Any) -> None:
        """A ``sensor_msgs/msg/Image`` with depth came in."""
        try:
            self._scout.depth.update(image)
        except InputError as error:
            self._statistics.noted("depth")
            self._complaints.warn_once(f"depth is ignored: {error}")
        except Exception:
            self._complaints.warn(f"depth could not be read: {traceback.format_exc()}")

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
            self._drop("message", f"keypoints: {error}")
            return None
        except Exception:
            self._statistics.received()
            self._drop("internal", f"keypoints could not be read: {traceback.format_exc()}")
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
            seen = self._cameras.at(job.detections.stamp, _PATIENCE_SECONDS)
            camera = self._camera(seen, settings)
            if camera is None:
                self._drop("no_camera", _NO_CAMERA.format("dropped, as require_camera_info asks"))
                return
            frame_id = self._frame_id(job.detections, seen, settings)
            detections = job.detections.in_pixels(camera.size)
            depth = self._scout.depth.latest if settings.use_depth else None
            self._plausibility.check(detections, seen, camera, depth, settings)
            around = self._scout.at(detections.stamp, frame_id, settings)
            frame = lift_frame(
                self.lifter, self._tracking, self._rigs, detections, camera, around, settings
            )
            job.watch.lap("lift")
            self._publish(frame, settings, job)
        except LfmError as error:
            cause = next((cause for kind, cause in _CAUSES if isinstance(error, kind)), "input")
            self._drop(cause, f"frame not lifted: {error}")
        except Exception:
            self._drop("internal", f"frame not lifted: {traceback.format_exc()}")

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
        spans, latency = dict(job.watch.seconds), job.watch.total
        # All that the lifter does beside running the network.
        spans["tracking"] = frame.tracking_seconds
        spans["geometry"] = spans.pop("lift") - frame.network_seconds - frame.tracking_seconds
        age = self._age(frame.stamp)
        self._statistics.published(latency=latency, age=age, network=frame.network_seconds, **spans)
        self._note(frame, settings, without_tf)

    def _note(self, frame: LiftedFrame, settings: LifterParameters, without_tf: int) -> None:
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
        if without_tf:
            self._statistics.noted("instances_without_tf", without_tf)
            self._complaints.warn_once(
                f"{without_tf} instances have no TF frame: there are more than max_tracks "
                f"({settings.max_tracks}), or an instance_id is there twice; raise max_tracks, or "
                "give each instance its own id"
            )

    def _camera(self, seen: SeenCamera | None, settings: LifterParameters) -> Intrinsics | None:
        if seen is not None and seen.intrinsics is not None:
            self.camera = "camera_info"
            return seen.intrinsics
        if settings.require_camera_info:
            self.camera = "waiting for camera_info"
            return None
        self.camera = f"assumed, {settings.assumed_fov_deg:g} degrees wide"
        self._complaints.warn_once(_NO_CAMERA.format(f"the camera is {self.camera}"))
        width, height = settings.assumed_image_size
        if seen is not None and all(seen.size):
            width, height = seen.size
        return _assumed(settings.assumed_fov_deg, width, height)

    def _frame_id(
        self, detections: Keypoints2D, seen: SeenCamera | None, settings: LifterParameters
    ) -> str:
        frame_id = settings.frame_id or detections.frame_id
        if frame_id:
            return frame_id
        from_camera = seen.frame_id if seen is not None else ""
        if from_camera and not self.adapter.names_optical_frame:
            return from_camera
        self._statistics.noted("empty_frame_id")
        way_out = (
            f"that of camera_info is used, {from_camera!r}" if from_camera else "no TF is sent"
        )
        self._complaints.warn_once(
            f"keypoints have an empty frame_id, so {way_out}; let the detector fill it in, or set "
            "the parameter frame_id"
        )
        return from_camera

    def _drop(self, cause: str, why: str) -> None:
        self._statistics.dropped(cause, why.strip().splitlines()[-1])
        self._complaints.warn(why)

    def _forget_identities(self) -> None:
        self._tracking.reset()
        self._clear_outputs()

    def _destroy_outputs(self) -> None:
        with self._publishing:
            self.outputs.destroy()

    def _clear_outputs(self) -> None:
        with self._publishing:
            self.outputs.clear()


_NO_CAMERA = (
    "no calibrated camera_info for the keypoints: {}; publish camera_info beside them, with "
    "the same stamps"
)


@lru_cache(maxsize=16)
def _assumed(fov_deg: float, width: int, height: int) -> Intrinsics:
    return Intrinsics.from_field_of_view(float(np.deg2rad(fov_deg)), (width, height))

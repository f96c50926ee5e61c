"""The lifecycle node ``lifter``: detections in, markers, points and frames out. Wiring only."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_srvs.srv import SetBool, Trigger

from lfm_ros.core.errors import LfmError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.lifter import Lifter
from lfm_ros.ros import node_parameters, qos
from lfm_ros.ros.adapters import load_adapter
from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.diagnostics import diagnostic_array
from lfm_ros.ros.known_sizes import known_sizes
from lfm_ros.ros.live_transforms import LiveTransforms
from lfm_ros.ros.outputs import Outputs
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.pipeline import Pipeline
from lfm_ros.ros.reception import Reception
from lfm_ros.ros.run import run
from lfm_ros.ros.scout import Scout
from lfm_ros.ros.stamps import nanoseconds
from lfm_ros.ros.statistics import Statistics
from lfm_ros.ros.surroundings import FRAME_PARAMETERS
from lfm_ros.ros.unheard import unheard

Result = TransitionCallbackReturn
_RESET = "forgot identities and counts, deleted the markers; kept camera, transforms and depth"


class LifterNode(LifecycleNode):
    """Lifts 2D keypoints to 3D.

    configure loads the network and makes the publishers, activate subscribes, deactivate
    unsubscribes and deletes the markers, cleanup releases everything. What fails is said in one
    log line and in ``/diagnostics``, and the transition returns FAILURE.
    """

    def __init__(self, **node_options: Any) -> None:
        super().__init__("lifter", **node_options)
        self._pipeline: Pipeline | None = None
        self._reception: Reception | None = None
        self._statistics = Statistics()
        self._complaints = Complaints(self.get_logger())
        self._state, self._failure, self._enabled = "unconfigured", "", True
        node_parameters.declare(self, LifterParameters, lambda: self._pipeline is not None)
        self._settings = node_parameters.read(self, LifterParameters)
        self._follow_parameters()
        self._diagnostics = self.create_publisher(
            DiagnosticArray, "/diagnostics", 10, event_callbacks=qos.unwatched_publisher()
        )
        # Diagnostics must go on while simulated time stands still.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(self._settings.diagnostics_period, self._diagnose, clock=steady)
        # A bag that starts anew takes simulated time back with it.
        backward = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1))
        self._jumps = self.get_clock().create_jump_callback(
            backward, post_callback=self._on_time_jump
        )
        self.create_service(SetBool, "~/enable", self._on_enable)
        self.create_service(Trigger, "~/reset", self._on_reset)
        if self._settings.autostart:
            self._start_by_itself()

    def on_configure(self, state: LifecycleState) -> Result:
        """Load the rigs and the network, make the publishers."""
        return self._attempt("configure", "inactive", self._configure)

    def on_activate(self, state: LifecycleState) -> Result:
        """Subscribe and begin to lift."""
        super().on_activate(state)
        result = self._attempt("activate", "active", self._activate)
        if result != Result.SUCCESS:
            self._deactivate()
            super().on_deactivate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> Result:
        """Unsubscribe, end the worker, delete the markers."""
        result = self._attempt("deactivate", "inactive", self._deactivate, or_else=Result.ERROR)
        # The publishers, through which the markers were deleted just now.
        publishers = super().on_deactivate(state)
        return publishers if result == Result.SUCCESS else result

    def on_cleanup(self, state: LifecycleState) -> Result:
        """Release the network and the publishers."""
        return self._attempt("cleanup", "unconfigured", self._release, or_else=Result.ERROR)

    def on_shutdown(self, state: LifecycleState) -> Result:
        """Release everything, from any state."""
        return self._attempt("shutdown", "finalized", self._release)

    def on_error(self, state: LifecycleState) -> Result:
        """Release what a transition that broke off has left; the node can be configured again."""
        failure = self._failure
        result = self._attempt("error", "unconfigured", self._release)
        self._failure = self._failure or failure
        return result

    def close(self) -> None:
        """Release everything before the process ends."""
        self._attempt("shutdown", "finalized", self._release)

    def _configure(self) -> None:
        self._settings = settings = node_parameters.read(self, LifterParameters)
        adapter = load_adapter(lambda: self._settings)
        rigs = adapter.rigs
        with ExitStack() as undo:
            doubt = self.get_logger().warning
            sizes = known_sizes(settings.known_sizes, rigs, doubt)
            scout = self._make_scout(settings, sizes)
            undo.callback(scout.close)
            lifter = Lifter.from_pretrained(
                settings.model or None,
                settings.backend,
                threads=settings.cpu_threads,
                min_keypoints=settings.min_keypoints,
                notice=self.get_logger().info,
            )
            undo.callback(lifter.close)
            outputs = Outputs(self, rigs, settings)
            undo.pop_all()
        self._statistics.clear()
        self._complaints.clear()
        self._pipeline = Pipeline(
            lifter,
            adapter,
            rigs,
            outputs,
            scout,
            settings=lambda: self._settings,
            age=self._age,
            statistics=self._statistics,
            complaints=self._complaints,
        )
        self._pipeline.enable(self._enabled)
        self._announce(self._pipeline, rigs)

    def _make_scout(self, settings: LifterParameters, sizes: NDArray[np.float64] | None) -> Scout:
        named = [name for name in FRAME_PARAMETERS if getattr(settings, name)]
        transforms = LiveTransforms(self, ", ".join(named)) if named else None
        return Scout(transforms, self._statistics, self._complaints, sizes)

    def _announce(self, pipeline: Pipeline, rigs: Sequence[Skeleton]) -> None:
        lifter = pipeline.lifter
        self.get_logger().info(
            f"model {lifter.model.name} on {lifter.engine.name} ({lifter.reason}); "
            f"rigs: {', '.join(rig.name for rig in rigs)}"
        )
        if not pipeline.outputs.has_tf:
            self.get_logger().warning("tf2_msgs is not installed, so /tf is not published")

    def _activate(self) -> None:
        pipeline, settings = self._pipeline, self._settings
        assert pipeline is not None, "rclpy activates configured nodes only"
        pipeline.start(settings.queue_depth)
        self._reception = Reception(self, pipeline, settings, self._statistics, self._complaints)
        self.get_logger().info(self._reception.announcement())

    def _deactivate(self) -> None:
        reception, self._reception = self._reception, None
        with ExitStack() as parts:
            if self._pipeline is not None:
                parts.callback(self._pipeline.stop)
            if reception is not None:
                parts.callback(reception.close)

    def _release(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        with ExitStack() as parts:
            if pipeline is not None:
                parts.callback(pipeline.close)
            parts.callback(self._deactivate)

    def _attempt(
        self, what: str, then: str, do: Callable[[], None], or_else: Result = Result.FAILURE
    ) -> Result:
        """Run a transition; what goes wrong is said in one line and makes it fail.

        Args:
            what: Its name.
            then: The state that it leads to.
            do: The transition.
            or_else: ``FAILURE``: the node is in the state it was in. ``ERROR``: it is in none, and
                ``on_error`` releases what is left.
        """
        try:
            do()
        except LfmError as error:
            self._failure = f"{what} failed: {error}"
        except Exception:
            self._failure = f"{what} failed: {traceback.format_exc()}"
        else:
            self._state, self._failure = then, ""
            return Result.SUCCESS
        self.get_logger().error(self._failure)
        return or_else

    def _follow_parameters(self) -> None:
        """Take over ``LIVE`` parameters when they change."""
        if hasattr(self, "add_post_set_parameters_callback"):
            self.add_post_set_parameters_callback(lambda _: self._read_parameters())

    def _read_parameters(self) -> None:
        self._settings = node_parameters.read(self, LifterParameters)

    def _age(self, stamp: Any) -> float:
        """Seconds since a stamp, by the node's clock."""
        return (self.get_clock().now().nanoseconds - nanoseconds(stamp)) * 1e-9

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = bool(request.data)
        if self._pipeline is not None:
            self._pipeline.enable(self._enabled)
        response.success = True
        what = "frames are lifted" if self._enabled else "frames are dropped, markers deleted"
        response.message = f"{what} (the node is {self._state})"
        return response

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._statistics.clear()
        if self._pipeline is not None:
            self._pipeline.reset()
        response.success = True
        response.message = _RESET
        return response

    def _on_time_jump(self, jump: TimeJump) -> None:
        if self._pipeline is not None:
            self._pipeline.restart_time()

    def _diagnose(self) -> None:
        if not hasattr(self, "add_post_set_parameters_callback"):
            self._read_parameters()  # Humble has no other way to learn of changes
        level, message = self._health()
        values = {"state": self._state, "executor": type(self.executor).__name__}
        values |= {**self._identity(), **self._statistics.values()}
        values["last_error"] = self._failure or values["last_error"]
        name = self.get_fully_qualified_name().lstrip("/")
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(diagnostic_array(stamp, name, level, message, values))

    def _identity(self) -> dict[str, str]:
        pipeline = self._pipeline
        if pipeline is None:
            return {}
        return {
            "model": pipeline.lifter.model.name,
            "engine": pipeline.lifter.engine.name,
            "engine_reason": pipeline.lifter.reason,
            "scale_source": pipeline.scale_source,
            "camera": pipeline.camera,
        }

    def _health(self) -> tuple[str, str]:
        """Level and one line for ``/diagnostics``."""
        if self._failure:
            return "ERROR", self._failure.strip().splitlines()[-1]
        reception = self._reception
        problem = "" if reception is None else reception.foreign_publishers()
        problem = problem or self._unheard() or self._statistics.recent_problem()
        if not problem and reception is not None and self._enabled:
            problem = reception.problem(self._settings.input_timeout)
        if problem:
            return "WARN", problem
        if self._pipeline is not None and self._pipeline.camera not in ("", "camera_info"):
            return "WARN", f"no calibrated camera_info: {self._pipeline.camera}"
        return "OK", self._state if self._enabled else f"{self._state}, disabled"

    def _unheard(self) -> str:
        """The first of those who cannot talk with this node for their QoS; said of each, once."""
        problems = list(unheard(self))
        for problem in problems:
            self._complaints.warn_once(problem)
        return problems[0] if problems else ""

    def _start_by_itself(self) -> None:
        if self.trigger_configure() == Result.SUCCESS:
            self.trigger_activate()


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of the executable ``lifter``."""
    return run(LifterNode, args)


if __name__ == "__main__":
    sys.exit(main())

"""The node under load: for a long time, with far too many frames, with ever more people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lfm_ros.bench.crowd import Crowd
from lfm_ros.bench.node_processes import bench, processor_seconds, resident_bytes
from lfm_ros.bench.workload import CAMERA, detections, tree_rig
from lfm_ros.demo.processes import Process

if TYPE_CHECKING:
    from lfm_ros.ros.loopback import Loopback, Played
    from lfm_ros.ros.serialized_frames import Frames

SOAK_HZ, FLOOD_HZ, CAMERA_HZ = 100.0, 1000.0, 30.0
_NODE, _LIFTER = "node", "node/lifter"
_KEYPOINTS = 17
_WARM_UP_SHARE = 0.2
_SAMPLE_SECONDS = 1.0
_MOST_PEOPLE = 1024
# Of the frames of a trial with so many people, at least these have to come back in time.
_HELD_SHARE = 0.99


@dataclass
class _Memory:
    """Resident memory of a process, looked at once a second."""

    process: Process
    seconds: list[float] = field(default_factory=list)
    kib: list[float] = field(default_factory=list)

    def look(self) -> None:
        now = time.monotonic()
        if not self.seconds or now >= self.seconds[-1] + _SAMPLE_SECONDS:
            self.seconds.append(now)
            self.kib.append(resident_bytes(self.process) / 1024)

    def growth(self) -> dict[str, float]:
        """KiB a minute after the warm-up, with the standard error of the fit."""
        first = int(_WARM_UP_SHARE * len(self.kib))
        minutes = (np.array(self.seconds[first:]) - self.seconds[0]) / 60
        kib = np.array(self.kib[first:])
        if len(kib) < 3:
            return {}
        (slope, _), covariance = np.polyfit(minutes, kib, 1, cov=True)
        return {
            "rss_mb": float(kib[-1] / 1024),
            "growth_kib": float(kib[-1] - kib[0]),
            "growth_kib_per_minute": float(slope),
            "standard_error": float(np.sqrt(covariance[0, 0])),
        }


@dataclass
class _Loaded:
    """A lifter that answers."""

    process: Process
    loopback: Loopback
    memory: _Memory
    ended: Callable[[], None]

    def play(self, frames: Frames, rate: float, seconds: float) -> dict[str, Any]:
        """Send frames and say what became of each of them."""
        self.loopback.reset(_LIFTER, self.ended)
        before = processor_seconds(self.process)
        played = self.loopback.play(_NODE, frames, rate, seconds, self._look)
        # What got lost at the end shows by the number of a message that comes after.
        last = self.loopback.play(_NODE, frames, 1.0, 1.0, self._look)
        cpu = 100 * (processor_seconds(self.process) - before) / played.seconds
        status = self.loopback.await_status(_LIFTER, self.ended)
        return {**_account(played, last, status), "cpu": cpu}

    def _look(self) -> None:
        self.ended()
        self.memory.look()


@contextmanager
def _loaded(width: int, parameters: Mapping[str, Any], core: int | None) -> Iterator[_Loaded]:
    from lfm_ros.ros.loopback import MARKERS, looping
    from lfm_ros.ros.serialized_frames import serialized_frame

    with bench(core) as workbench:
        process = workbench.lifter(_NODE, tree_rig(width), parameters)
        with looping({_NODE: MARKERS}, CAMERA) as loopback:
            one = serialized_frame(detections(1, width))
            loopback.await_answers(_NODE, lambda _: one, workbench.look)
            yield _Loaded(process, loopback, _Memory(process), workbench.look)


def soak(minutes: float, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """People come and go at 100 Hz, every topic is listened to.

    Returns:
        ``rate`` of the answers; latencies; what was sent, came in, went out and was dropped by
        cause; ``uncounted``, frames of which nobody knows where they are; memory.

    Raises:
        LfmError: There is no ROS 2, or the node fails.
    """
    from lfm_ros.ros.serialized_frames import serialized_frame

    crowd = Crowd(rate=SOAK_HZ)
    with _loaded(_KEYPOINTS, {"publish_tf": True, **parameters}, None) as lifter:
        lifter.loopback.listen(_NODE)
        found = lifter.play(lambda _: serialized_frame(*crowd.step()), SOAK_HZ, 60 * minutes)
        return {"minutes": minutes, **found, **lifter.memory.growth()}


def flood(seconds: float, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """One thousand frames a second; as ``soak``.

    Raises:
        LfmError: There is no ROS 2, or the node fails.
    """
    from lfm_ros.ros.serialized_frames import serialized_frame

    frame = serialized_frame(detections(2, _KEYPOINTS))
    with _loaded(_KEYPOINTS, parameters, None) as lifter:
        found = lifter.play(lambda _: frame, FLOOD_HZ, seconds)
        return {"seconds": seconds, **found, **lifter.memory.growth()}


def people(
    seconds: float, parameters: Mapping[str, Any], core: int | None
) -> Iterator[dict[str, Any]]:
    """How many people at 30 Hz do not become too many: twice as many each time, then between.

    Yields:
        A row a trial; ``held`` if 99 of 100 frames came back, each before the next one but one.

    Raises:
        LfmError: There is no ROS 2, or the node fails.
    """
    from lfm_ros.ros.serialized_frames import serialized_frame

    with _loaded(_KEYPOINTS, parameters, core) as lifter:
        held, lost = 0, 0
        while not lost or lost - held > max(1, held // 10):
            count = (held + lost) // 2 if lost else max(1, 2 * held)
            if count > _MOST_PEOPLE:
                return
            frame = serialized_frame(detections(count, _KEYPOINTS))
            found = lifter.play(lambda _, frame=frame: frame, CAMERA_HZ, seconds)
            in_time = found["p95"] < 2e3 / CAMERA_HZ
            holds = in_time and found["answered"] >= _HELD_SHARE * found["sent"]
            held, lost = (count, lost) if holds else (held, count)
            yield {"people": count, "held": holds, **found}


def _account(played: Played, last: Played, status: Mapping[str, str]) -> dict[str, Any]:
    """Where every frame is that was sent, the last one by itself."""
    sent, answered = played.sent + last.sent, len(played.latency) + len(last.latency)
    p50, p95, p99, most = (
        1e3 * np.percentile(played.latency, [50, 95, 99, 100])
        if len(played.latency)
        else [float("nan")] * 4
    )
    came_in, went_out, dropped = (
        int(status[name]) for name in ("frames_in", "frames_out", "dropped")
    )
    causes = {name: int(value) for name, value in status.items() if name.startswith("dropped_")}
    return {
        "rate": len(played.latency) / played.seconds,
        **{"p50": float(p50), "p95": float(p95), "p99": float(p99), "max": float(most)},
        **{"sent": sent, "frames_in": came_in, "frames_out": went_out},
        **{"answered": answered, "dropped": dropped, **causes},
        "uncounted": sent - went_out - dropped,
    }

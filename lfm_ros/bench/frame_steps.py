"""What a frame's steps take in one process: in a loop, and after rests as between frames.

The same instructions take several times as long when whatever else runs on the computer has had
the caches in between, so what lies between the two is not the code's.

Needs ROS 2.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from lfm_ros.bench.workload import CAMERA, detections, tree_rig
from lfm_ros.lifter import Lifter
from lfm_ros.ros.adapters import load_adapter
from lfm_ros.ros.lifted_frame import lift_frame
from lfm_ros.ros.markers import MarkerBuilder
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.serialized_frames import serialized_frame, stamped
from lfm_ros.ros.surroundings import Surroundings
from lfm_ros.ros.tracking import Tracking

_MOST, _FEWEST, _LOOP_SECONDS = 300, 10, 3.0
_RESTS, _REST_SECONDS = 45, 1 / 30
_FRAME_NS = 33_333_333


def frame_steps(count: int, width: int, parameters: Mapping[str, Any]) -> dict[str, float]:
    """All that the node does with a frame, but for the network and the middleware, milliseconds.

    Args:
        count: Instances.
        width: Keypoints of each.
        parameters: Of the lifter, on top of the defaults.

    Returns:
        ``in_a_loop`` and ``rested``, medians.
    """
    settings = LifterParameters(**parameters)
    model, backend, threads = settings.model or None, settings.backend, settings.cpu_threads
    with Lifter.from_pretrained(model, backend, threads=threads) as lifter:
        stream = _Stream(lifter, settings, count, width)
        looped = _in_a_loop(stream)
        rested = []
        for _ in range(_RESTS):
            time.sleep(_REST_SECONDS)
            rested.append(stream.next_frame())
    return {"in_a_loop": 1e3 * float(np.median(looped)), "rested": 1e3 * float(np.median(rested))}


class _Stream:
    """Frames of the same detections; each is decoded, lifted, tracked and made into markers."""

    def __init__(self, lifter: Lifter, settings: LifterParameters, count: int, width: int) -> None:
        self._lifter, self._settings, self._rigs = lifter, settings, [tree_rig(width)]
        self._message = serialized_frame(detections(count, width))
        self._adapt = load_adapter(lambda: settings).adapt
        self._tracking, self._around = Tracking(), Surroundings("camera_optical_frame")
        self._markers = MarkerBuilder(self._rigs, fast=True)
        self._stamp_ns = time.time_ns()

    def next_frame(self) -> float:
        """Seconds that the next one takes, without those of the network."""
        self._stamp_ns += _FRAME_NS
        message = stamped(self._message, self._stamp_ns)
        began = time.perf_counter()
        found = self._adapt(message, self._rigs).in_pixels(CAMERA.size)
        frame = lift_frame(
            self._lifter, self._tracking, self._rigs, found, CAMERA, self._around, self._settings
        )
        self._markers.build(frame, self._settings)
        return time.perf_counter() - began - frame.network_seconds


def _in_a_loop(stream: _Stream) -> list[float]:
    """Seconds of the frames of the second half, when whatever warms up has done so."""
    begun, taken = time.perf_counter(), []
    while len(taken) < _FEWEST or (
        len(taken) < _MOST and time.perf_counter() - begun < _LOOP_SECONDS
    ):
        taken.append(stream.next_frame())
    return taken[len(taken) // 2 :]

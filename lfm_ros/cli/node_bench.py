"""How long the whole node takes: both ends of the graph in two processes on this computer."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lfm_ros.bench.workload import CAMERA, detections, tree_rig
from lfm_ros.core.errors import LfmError
from lfm_ros.demo.graph import private_graph
from lfm_ros.demo.processes import Processes
from lfm_ros.demo.rigs import rig_names
from lfm_ros.demo.settings import arguments
from lfm_ros.demo.signals import Signals

#: Instances and keypoints.
SIZES = ((1, 17), (10, 17), (1, 133))
RATE_HZ = 30.0


def measure(parameters: Mapping[str, Any], seconds: float) -> Iterator[dict[str, Any]]:
    """Send detections of every size to a lifter of its own.

    Args:
        parameters: Of the lifter, on top of the defaults.
        seconds: For each size.

    Yields:
        ``p50`` and ``p95`` from the stamp to the callback of the markers, and how the median
        divides: ``network``; ``python`` of lifter and rclpy (all else in the node, from its
        callback to the end of publishing, and the messages' deserialization on both sides, as
        measured here); ``dds``, the rest: two ways through the middleware and two threads that
        wake up. Milliseconds.

    Raises:
        LfmError: There is no ROS 2, or the lifter fails.
    """
    if importlib.util.find_spec("rclpy") is None:
        raise LfmError(
            "there is no ROS 2 here (rclpy cannot be imported); source one, or use the "
            "environment that `make demo` makes"
        )
    with Signals() as signals, tempfile.TemporaryDirectory(prefix="lfm_bench_") as name:
        folder = Path(name)
        with private_graph(folder):
            for count, width in SIZES:
                if signals.number:
                    raise KeyboardInterrupt
                yield _measure(count, width, parameters, seconds, folder, signals)


def _measure(
    count: int,
    width: int,
    parameters: Mapping[str, Any],
    seconds: float,
    folder: Path,
    signals: Signals,
) -> dict[str, Any]:
    from lfm_ros.ros.loopback import looping

    rig = tree_rig(width)
    given = {"skeletons": rig_names([rig], folder), "diagnostics_period": 0.5, **parameters}
    with Processes(folder, lambda: signals.impatient) as processes:
        processes.start("lifter", "lfm_ros.ros.node", arguments(given))

        def look() -> None:
            if signals.number:
                raise KeyboardInterrupt
            processes.check()

        with looping(detections(count, width), CAMERA, RATE_HZ) as loopback:
            latency = 1e3 * np.array(loopback.measure(seconds, look))
            inside, network = (
                float(loopback.status[f"{name}_ms_p50"]) for name in ("latency", "network")
            )
            reading = 1e3 * loopback.deserialization()
    p50, p95 = (float(value) for value in np.percentile(latency, [50, 95]))
    python = inside - network + reading
    shares = {"network": network, "python": python, "dds": p50 - network - python}
    return {"size": f"{count}x{width}", "frames": len(latency), "p50": p50, "p95": p95, **shares}

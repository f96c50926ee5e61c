"""What the node adds to a frame's latency, beside bare relays and the node with plain messages.

All contenders run at once and take turns at being sent detections, so that each sees the computer
in the same mood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lfm_ros.bench.node_processes import Bench, bench, processor_seconds
from lfm_ros.bench.workload import CAMERA, detections, tree_rig
from lfm_ros.demo.processes import Process

#: Instances and keypoints.
SIZES = ((1, 17), (10, 17), (100, 17), (1, 133), (100, 133))
#: Frames a second of an ordinary camera.
RATE_HZ = 30.0
_BUSY_SHARE = 0.6
#: Steps of a frame in the node, as ``/diagnostics`` names them.
SPANS = ("decode", "waiting", "geometry", "tracking", "output")

# Sends on what it gets; answers with as many bytes as the node; the node; the node without bytes.
_RELAY, _CARRIER, _NODE, _PLAIN = "relay", "carrier", "node", "plain"


@dataclass(frozen=True)
class LatencyPlan:
    """What is measured.

    Attributes:
        sizes: Instances and keypoints.
        rounds: How often every contender has its turn.
        seconds: Of a turn.
        plain: Whether the node with plain messages takes part.
        rate: Frames a second; fewer where the node would be busy for most of the time.
        core: The one processor core of the contenders; None: all.
        parameters: Of the lifters, on top of the defaults.
    """

    sizes: Sequence[tuple[int, int]] = SIZES
    rounds: int = 5
    seconds: float = 3.0
    plain: bool = True
    rate: float = RATE_HZ
    core: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _Contender:
    """One process, and the turns that it had: latencies, seconds and processor seconds of each."""

    process: Process
    latency: list[np.ndarray] = field(default_factory=list)
    processor: float = 0.0
    sent: int = 0

    @property
    def medians(self) -> np.ndarray:
        """Of every turn, milliseconds."""
        return np.array([1e3 * np.median(turn) for turn in self.latency if len(turn)])

    def cpu(self, rate: float) -> float:
        """Share of a core at so many frames a second, per cent."""
        return 100 * rate * self.processor / self.sent

    def percentile(self, percent: float) -> float:
        """Of all turns, milliseconds."""
        return float(1e3 * np.percentile(np.concatenate(self.latency), percent))


def measure(plan: LatencyPlan) -> Iterator[dict[str, Any]]:
    """Measure every size.

    Yields:
        A row a size, milliseconds. ``hz``: how many frames came in a second. ``p50`` and ``p95``:
        of the node, from sending the detections to the raw markers. ``relay``: median of a node
        that sends on the bytes it gets; ``carrier``: of one that answers with as many bytes as the
        markers have. ``engine``: the network. ``added``: p50 less relay less engine, median of the
        rounds. ``over_carrier``: the same with the carrier. Then the node's own steps. ``cpu``: its
        share of a core at the plan's rate, per cent. With plain messages: ``plain_p50``,
        ``plain_added``, ``plain_cpu``, ``ratio`` of what they add. ``in_a_loop`` and ``rested``:
        the same steps in one process (``lfm_ros.bench.frame_steps``).

    Raises:
        LfmError: There is no ROS 2, or a node fails.
    """
    for size in plan.sizes:
        with bench(plan.core) as workbench:
            row = _measured(workbench, plan, *size)
        from lfm_ros.bench.frame_steps import frame_steps

        yield row | frame_steps(*size, plan.parameters)


def _measured(workbench: Bench, plan: LatencyPlan, count: int, width: int) -> dict[str, Any]:
    from lfm_ros.ros.loopback import CLOUD, MARKERS, looping
    from lfm_ros.ros.serialized_frames import serialized_frame

    frame = serialized_frame(detections(count, width))
    rig, look = tree_rig(width), workbench.look
    nodes = {_NODE: "auto", _PLAIN: "off"} if plan.plain else {_NODE: "auto"}
    lanes = {_RELAY: CLOUD, _CARRIER: CLOUD, **dict.fromkeys(nodes, MARKERS)}
    runners = {_RELAY: _Contender(workbench.relay(_RELAY))}
    for name, messages in nodes.items():
        parameters = {**plan.parameters, "fast_messages": messages}
        runners[name] = _Contender(workbench.lifter(name, rig, parameters))
    with looping(lanes, CAMERA) as loopback:
        size = loopback.await_answers(_NODE, lambda _: frame, look).answer_bytes
        runners[_CARRIER] = _Contender(workbench.relay(_CARRIER, size))
        warm = [loopback.await_answers(name, lambda _: frame, look) for name in runners]
        for name in nodes:
            loopback.reset(f"{name}/lifter", look)
        # Where the network alone takes longer than a frame, only a queue would be measured. The
        # first frames of a fresh process say nothing, its quickest one does.
        slowest = max(np.min(turn.latency) for turn in warm)
        rate = min(plan.rate, _BUSY_SHARE / float(slowest))
        for _ in range(plan.rounds):
            for name, runner in runners.items():
                before = processor_seconds(runner.process)
                played = loopback.play(name, lambda _: frame, rate, plan.seconds, look)
                runner.processor += processor_seconds(runner.process) - before
                runner.latency.append(played.latency)
                runner.sent += played.sent
        status = {name: loopback.await_status(f"{name}/lifter", look) for name in nodes}
    return {"size": f"{count}x{width}", "hz": rate, **_figures(runners, status, plan.rate)}


def _figures(
    runners: Mapping[str, _Contender], status: Mapping[str, Mapping[str, str]], rate: float
) -> dict[str, Any]:
    node, engine = runners[_NODE], float(status[_NODE]["network_ms_p50"])
    made: dict[str, Any] = {
        "p50": node.percentile(50),
        "p95": node.percentile(95),
        "relay": runners[_RELAY].percentile(50),
        "carrier": runners[_CARRIER].percentile(50),
        "engine": engine,
        "added": _added(node, runners[_RELAY], engine),
        "over_carrier": _added(node, runners[_CARRIER], engine),
    }
    for name in SPANS:
        if f"{name}_ms_p50" in status[_NODE]:
            made[name] = float(status[_NODE][f"{name}_ms_p50"])
    made["cpu"] = node.cpu(rate)
    if _PLAIN in runners:
        plain = runners[_PLAIN]
        added = _added(plain, runners[_RELAY], float(status[_PLAIN]["network_ms_p50"]))
        made |= {
            "plain_p50": plain.percentile(50),
            "plain_added": added,
            "plain_cpu": plain.cpu(rate),
            "ratio": added / made["added"],
        }
    return made


def _added(node: _Contender, baseline: _Contender, engine: float) -> float:
    """Median of the rounds, milliseconds."""
    rounds = min(len(node.medians), len(baseline.medians))
    return float(np.median(node.medians[:rounds] - baseline.medians[:rounds])) - engine

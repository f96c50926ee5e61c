"""The lifter for weeks: what it holds is given back, and no lost frame goes unnoticed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from ros_graph import NodeProcess, Probe, detections, probing, stamps, started
from visualization_msgs.msg import Marker

TICK = "diagnostics_period:=0.1"
_CYCLES, _WARM_UP = 20, 6
# What the allocator keeps for itself comes and goes; a network of ours alone is larger.
_NOISE_KIB = 2048


def resident_kib(process: NodeProcess) -> float:
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1024


def cycle(probe: Probe, clock) -> None:
    """Configure, lift, clean up."""
    assert probe.transition("configure")
    assert probe.transition("activate")
    probe.await_lifter()
    assert probe.lift(detections(next(clock), [17] * 4, [0] * 4)).markers[0].action == Marker.ADD
    assert probe.transition("deactivate")
    assert probe.transition("cleanup")


def used_after_cycle(process: NodeProcess, probe: Probe, clock) -> float:
    cycle(probe, clock)
    return resident_kib(process)


def growth(kib: list[float]) -> float:
    """By the line that fits best, from the first to the last."""
    return np.polyfit(np.arange(len(kib)), kib, 1)[0] * len(kib)


def test_cleanup_gives_the_memory_back():
    if not Path("/proc/self/statm").exists():
        pytest.skip("memory is read from /proc, which this system does not have")
    arguments = ["-p", "autostart:=false", "-p", TICK, "-p", "model:=lfm_tiny"]
    clock = stamps()
    with started("node", *arguments, namespace="cycles") as process, probing("cycles") as probe:
        kib = [used_after_cycle(process, probe, clock) for _ in range(_CYCLES)]
        if growth(kib[_WARM_UP:]) >= _NOISE_KIB:
            # The allocator takes more once; what leaks goes on.
            kib = [used_after_cycle(process, probe, clock) for _ in range(_CYCLES - _WARM_UP)]
            assert growth(kib) < _NOISE_KIB, kib


def test_frames_that_the_middleware_loses_are_counted():
    """More of them come than it keeps while the process has no time at all."""
    with (
        started("node", "-p", TICK, "-p", "model:=lfm_tiny", namespace="busy") as process,
        probing("busy") as probe,
    ):
        probe.await_lifter()
        clock, before = stamps(), int(probe.values()["frames_in"])
        os.kill(process.pid, signal.SIGSTOP)
        for _ in range(100):
            probe.send(detections(next(clock)))
        os.kill(process.pid, signal.SIGCONT)
        probe.lift(detections(next(clock)))
        values = probe.until(lambda: settled(probe), "every frame in the counts")
        assert int(values["frames_in"]) - before == 101
        assert int(values["dropped_middleware"]) > 0


def settled(probe: Probe) -> dict[str, str] | None:
    values = probe.values()
    done = int(values["frames_out"]) + int(values["dropped"])
    return values if done == int(values["frames_in"]) else None

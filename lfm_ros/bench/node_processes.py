"""The processes of a measurement of the node, and what they cost."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import InputError, LfmError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.demo.graph import private_graph
from lfm_ros.demo.processes import Process, Processes
from lfm_ros.demo.rigs import rig_names
from lfm_ros.demo.settings import arguments
from lfm_ros.signals import Signals

#: What a lifter is told that is measured: nothing on /tf, and word of itself often.
MEASURED = {"publish_tf": False, "diagnostics_period": 0.5}


class Bench:
    """Starts the nodes that are measured, and looks after them.

    Args:
        folder: For logs and rigs.
        signals: Whether somebody wants it to end.
        processes: Where they are started.
        core: The one processor core that they may use; None: all.
    """

    def __init__(
        self, folder: Path, signals: Signals, processes: Processes, core: int | None
    ) -> None:
        self._folder, self._signals, self._processes = folder, signals, processes
        self._core = core

    def lifter(self, namespace: str, rig: Skeleton, parameters: Mapping[str, Any]) -> Process:
        """Start a lifter in a namespace; parameters go on top of ``MEASURED``."""
        given = {**MEASURED, "skeletons": rig_names([rig], self._folder), **parameters}
        return self._start(namespace, "lfm_ros.ros.node", given)

    def relay(self, namespace: str, answer_bytes: int = 0) -> Process:
        """Start a node that sends on what it gets, or answers with so many bytes."""
        return self._start(namespace, "lfm_ros.ros.relay", {"answer_bytes": answer_bytes})

    def stop(self, *namespaces: str) -> None:
        """End processes."""
        self._processes.stop(*namespaces)

    def look(self) -> None:
        """Raise if somebody wants an end, or a process has come to one."""
        if self._signals.number:
            raise KeyboardInterrupt
        self._processes.check()

    def _start(self, namespace: str, module: str, parameters: Mapping[str, Any]) -> Process:
        command = [*arguments(parameters), "-r", f"__ns:=/{namespace}"]
        if self._core is None:
            return self._processes.start(namespace, module, command)
        before = os.sched_getaffinity(0)
        if self._core not in before:
            raise InputError(f"core {self._core} is not one of {sorted(before)}; choose one")
        # A process may use the cores of the thread that starts it.
        os.sched_setaffinity(0, {self._core})
        try:
            return self._processes.start(namespace, module, command)
        finally:
            os.sched_setaffinity(0, before)


@contextmanager
def bench(core: int | None = None) -> Iterator[Bench]:
    """A graph of its own, and processes that end with the context.

    Args:
        core: The one processor core that the nodes may use; None: all.

    Raises:
        LfmError: There is no ROS 2.
    """
    if importlib.util.find_spec("rclpy") is None:
        raise LfmError(
            "there is no ROS 2 here (rclpy cannot be imported); source one, or use the "
            "environment that `make demo` makes"
        )
    with Signals() as signals, tempfile.TemporaryDirectory(prefix="lfm_bench_") as name:
        folder = Path(name)
        with private_graph(folder), Processes(folder, lambda: signals.impatient) as processes:
            yield Bench(folder, signals, processes, core)


def processor_seconds(process: Process) -> float:
    """Processor time of a process so far, all its threads, user and system."""
    # The name in parentheses may hold anything, so fields are counted from behind it.
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[-1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(process: Process) -> int:
    """Memory of a process that is in RAM now."""
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")

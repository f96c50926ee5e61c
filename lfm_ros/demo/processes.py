"""The demo's processes: each in a group of its own, with a log, and none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from lfm_ros.core.errors import LfmError

_PATIENCE_SECONDS = 6.0
_POLL_SECONDS = 0.05
_TAIL_LINES = 8


class ProcessError(LfmError):
    """A process ended that should have gone on."""


class Process:
    """An executable of lfm_ros that runs.

    Args:
        name: What people call it.
        module: The module behind the executable.
        arguments: Its command line.
        log: File for all that it prints.
    """

    def __init__(self, name: str, module: str, arguments: Sequence[str], log: Path) -> None:
        self.name, self.log = name, log
        wrapper = [sys.executable, "-m", "lfm_ros.demo.child", str(os.getpid()), module]
        with log.open("wb") as out:
            # A session of its own: Ctrl-C at the terminal is for the demo, which ends the others.
            self._process = subprocess.Popen(
                [*wrapper, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status; None while it runs, negative after a signal."""
        return self._process.poll()

    def tail(self) -> str:
        """The last lines that it printed."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return "\n".join(f"    {line}" for line in lines[-_TAIL_LINES:]) or "    (nothing)"

    def complaints(self) -> list[str]:
        """The warnings and errors that it logged, without time and node name."""
        lines = self.log.read_text(errors="replace").splitlines()
        marked = [line for line in lines if line.startswith(("[WARN]", "[ERROR]", "[FATAL]"))]
        return [line.split("]: ", 1)[-1] for line in marked]

    def signal(self, number: int) -> None:
        """Send a signal to the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def wait(self) -> None:
        """Wait until it has ended."""
        self._process.wait()


class Processes:
    """All processes of the demo; leaving the context ends them.

    Args:
        logs: Folder for their logs.
        hurry: Whether to be brief with them.
    """

    def __init__(self, logs: Path, hurry: Callable[[], bool]) -> None:
        self._logs, self._hurry = logs, hurry
        self._running: dict[str, Process] = {}

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(*list(self._running))

    def start(self, name: str, module: str, arguments: Sequence[str]) -> Process:
        """Start one."""
        process = Process(name, module, arguments, self._logs / f"{name}.log")
        self._running[name] = process
        return process

    def status(self, name: str) -> int | None:
        """Exit status of one; None while it runs."""
        return self._running[name].status

    def tail(self, name: str) -> str:
        """The last lines that one printed."""
        return self._running[name].tail()

    def check(self, *may_end: str) -> None:
        """Make sure that all of them run.

        Args:
            *may_end: Names of those that may have ended with status 0.

        Raises:
            ProcessError: One does not.
        """
        for name, process in self._running.items():
            status = process.status
            if status is None or (status == 0 and name in may_end):
                continue
            how = f"with status {status}" if status >= 0 else f"by signal {-status}"
            raise ProcessError(f"{name} ended {how}; its last lines:\n{process.tail()}")

    def stop(self, *names: str) -> list[str]:
        """End processes: ask, wait, and only then kill.

        Returns:
            Names of those that had to be killed.
        """
        ending = [self._running.pop(name) for name in names]
        for process in ending:
            process.signal(signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while any(process.status is None for process in ending):
            if self._hurry() or time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        killed = [process.name for process in ending if process.status is None]
        for process in ending:
            # Those that have ended too: what they started may still be there.
            process.signal(signal.SIGKILL)
            process.wait()
        return killed

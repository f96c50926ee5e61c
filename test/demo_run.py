"""``lfm demo`` as a user runs it, and a way to find every process that it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0
# The environment is inherited by all that a process starts, so it marks the whole family.
MARK = "LFM_ROS_TEST_RUN"


class Demo:
    """A running ``lfm demo``."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self._mark = uuid.uuid4().hex
        self._output = tempfile.NamedTemporaryFile("w+", prefix="lfm_demo_out_")  # noqa: SIM115
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lfm_ros.cli", "demo", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path, MARK: self._mark, **environment},
            cwd=tempfile.gettempdir(),
        )

    @property
    def output(self) -> str:
        return Path(self._output.name).read_text()

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def until(self, text: str) -> None:
        """Wait until it has printed ``text``."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.output:
            assert self.process.poll() is None, f"it ended without {text!r}:\n{self.output}"
            assert time.monotonic() < deadline, f"waited in vain for {text!r}:\n{self.output}"
            time.sleep(0.05)

    def children(self) -> dict[int, str]:
        """Command lines of the other processes of this demo that are there, by process id."""
        found: dict[int, str] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it ended while we looked, or is somebody else's
                marked = f"{MARK}={self._mark}".encode() in (folder / "environ").read_bytes()
                if marked and int(folder.name) != self.process.pid:
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(folder.name)] = command.decode()
        return found

    def child(self, module: str) -> int:
        """Process id of the one that runs ``module``."""
        return next(pid for pid, command in self.children().items() if module in command)

    def close(self) -> None:
        for pid in (self.process.pid, *self.children()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self._output.close()


@contextmanager
def demo(*arguments: str, **environment: str) -> Iterator[Demo]:
    """Run ``lfm demo``; nothing of it is left at the end."""
    running = Demo(arguments, environment)
    try:
        yield running
    finally:
        sys.stdout.write(running.output)  # pytest shows it where a test fails
        running.close()

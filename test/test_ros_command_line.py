"""Command lines that rclpy cannot use end a node with a sentence."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytestmark = pytest.mark.ros

ROOT = Path(__file__).resolve().parents[1]
# The node is never made.
PROGRAM = "import sys; from lfm_ros.ros.run import run; sys.exit(run(lambda: 1 / 0, sys.argv))"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--params-file", "/no/such/file.yaml"], "/no/such/file.yaml"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_what_rclpy_cannot_use_is_said(arguments: list[str], found: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--ros-args", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    # rcl may log a line of its own before.
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("the command line, or a file of parameters")
    assert found in sentence
    assert "Traceback" not in done.stderr
    assert ".c:" not in sentence


def test_a_burst_of_signals_ends_a_node() -> None:
    """As from a launch file, a terminal and a dying parent at once: handlers interrupt handlers."""
    arguments = ["-r", "__ns:=/burst", "-p", "min_subscribers:=0", "-p", "start_delay:=0.0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "lfm_ros.ros.player", "--ros-args", *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        # Before it plays it may not know yet what to do with signals.
        assert any(b"playing" in line for line in process.stderr)
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            process.send_signal(signal.SIGTERM)
        assert process.wait(1.0) == 0
    finally:
        process.kill()

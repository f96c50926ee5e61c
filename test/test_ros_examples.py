"""The examples of docs/examples, run as a reader of them would."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from ros_graph import started

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "docs" / "examples"
PATIENCE = 30.0
NAMESPACE = "example"


@contextmanager
def running(name: str, *arguments: str) -> Iterator[Path]:
    """An example in a process of its own; yields the file that its output goes to."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with tempfile.NamedTemporaryFile("w+", prefix="lfm_", suffix=".log") as log:
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLES / name), *arguments],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
        )
        try:
            yield Path(log.name)
        finally:
            process.kill()
            process.wait(PATIENCE)
            sys.stdout.write(Path(log.name).read_text())  # pytest shows it where a test fails


def wait_for(text: str, log: Path) -> str:
    """The output, once it has ``text``."""
    deadline = time.monotonic() + PATIENCE
    while text not in (said := log.read_text()):
        assert time.monotonic() < deadline, f"waited in vain for {text!r}:\n{said}"
        time.sleep(0.05)
    return said


def test_the_publisher_is_lifted_and_the_reader_says_where() -> None:
    names = ("--ros-args", "-r", f"__ns:=/{NAMESPACE}")
    with (
        started("node", "-p", "skeletons:=[coco17]", namespace=NAMESPACE),
        running("read_keypoints_3d.py", *names) as log,
        running("publish_keypoints.py", *names),
    ):
        said = wait_for("coco17 1 at", log)
    line = next(line for line in said.splitlines() if "coco17 0 at" in line)
    assert "m in camera_optical_frame" in line
    assert "; nose at [" in line
    assert "16 seen" in line
    assert "size: nominal" in line


def test_what_networks_return_is_lifted_without_ros() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "lift_detections.py")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    first, second = done.stdout.splitlines()
    assert first.startswith("person 0: ")
    assert second.startswith("person 1: ")
    assert " m ahead" in first
    assert "16 of 17 seen" in first

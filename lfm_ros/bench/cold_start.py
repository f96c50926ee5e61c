"""The first call of a fresh process, and its memory: imports, loading, the network's first run.

``python -m lfm_ros.bench.cold_start`` is that process; it prints its figures as JSON.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

from lfm_ros.core.errors import EngineError

_TIMEOUT = 900  # a runtime may have to build its engine first


def cold_start(
    model: str, backend: str, threads: int, largest: tuple[int, int]
) -> dict[str, float | None]:
    """Start a process that lifts once, and then once as much as asked for.

    Args:
        model: Name or folder of the model.
        backend: The runtime.
        threads: CPU threads of one call.
        largest: Instances and keypoints of the call whose memory is wanted.

    Returns:
        Milliseconds: ``import`` from the start of the process until all modules are there,
        ``load``, ``first_call``, and their sum ``total``. MB: ``rss_added`` by runtime, model and
        first call, and ``rss_largest``, the most that the process ever had; None where Linux'
        files on it are not there. The runtime's own files are in the page cache by then, as on a
        second start.

    Raises:
        EngineError: The process failed.
    """
    command = [sys.executable, "-m", __name__, model, backend, str(threads), *map(str, largest)]
    try:
        done = subprocess.run(
            [*command, str(time.perf_counter())],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{backend} gave no result within {_TIMEOUT} s") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise EngineError(f"{backend} failed in a fresh process, which said: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def main(arguments: list[str]) -> None:
    """What the fresh process does; its last argument is the clock when it was started."""
    model, backend, threads, count, width, started = arguments
    from lfm_ros.bench.workload import CAMERA, detections, tree_rig
    from lfm_ros.core.camera import LEVEL_UP
    from lfm_ros.lifter import Lifter

    imported, before = time.perf_counter(), memory_mb("VmRSS")
    lifter = Lifter.from_pretrained(model, backend, threads=int(threads))
    loaded = time.perf_counter()
    lifter.lift(detections(1, 17), None, CAMERA, tree_rig(17), up=LEVEL_UP)
    called, after = time.perf_counter(), memory_mb("VmRSS")
    wide, many = tree_rig(int(width)), detections(int(count), int(width))
    lifter.lift(many, None, CAMERA, wide, up=LEVEL_UP)
    figures = {
        "import": 1e3 * (imported - float(started)),
        "load": 1e3 * (loaded - imported),
        "first_call": 1e3 * (called - loaded),
        "total": 1e3 * (called - float(started)),
        "rss_added": after - before if before and after else None,
        "rss_largest": memory_mb("VmHWM"),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def memory_mb(name: str) -> float | None:
    """A figure of this process as Linux counts it, MB."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    found = re.search(rf"^{name}:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else None


if __name__ == "__main__":
    main(sys.argv[1:])

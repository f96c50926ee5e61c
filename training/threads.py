"""How many CPU threads a training takes, and how they wait for each other."""

from __future__ import annotations

import os
from pathlib import Path

# A step is hundreds of small products, and a batch too small to feed more than a few threads.
_MOST = 4
_TOPOLOGY = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def wait_asleep() -> None:
    """Let threads of OpenMP sleep while they wait; must be called before torch is imported.

    By default each spins for milliseconds after every product. Where another program needs the
    core, all wait for the one that was put aside, and a step takes ten times as long or more.
    What the environment says of it already, stays.
    """
    if not {"GOMP_SPINCOUNT", "KMP_BLOCKTIME"} & set(os.environ):
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def threads_for(wanted: int, workers: int = 0) -> int:
    """Threads of this process.

    Args:
        wanted: As the user says; 0: what OMP_NUM_THREADS says, else a thread a core that is left
            for this process, at most four.
        workers: Processes beside it that draw batches, each with a thread of its own.
    """
    if wanted:
        return wanted
    said = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if said.isdigit() and int(said) > 0:
        return int(said)
    # torchrun says how many processes there are on this machine.
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return max(1, min(_MOST, usable_cores() // processes - workers))


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process may use, by its affinity and its control group.

    Two hardware threads of one core count once: they share its arithmetic.

    Args:
        root: Where the file system begins.
    """
    if hasattr(os, "sched_getaffinity"):
        allowed = os.sched_getaffinity(0)
    else:
        allowed = set(range(os.cpu_count() or 1))
    cores = {_text(root / _TOPOLOGY.format(cpu)) or str(cpu) for cpu in allowed}
    return max(1, min(len(cores), int(_quota(root))))


def _quota(root: Path) -> float:
    """Cores that the control group grants at most; containers see their own as the topmost."""
    group = root / "sys/fs/cgroup"
    words = _text(group / "cpu.max").split()
    if len(words) != 2:
        words = [_text(group / "cpu" / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
    try:
        quota, period = (float(word) for word in words)
    except ValueError:  # "max", or no control groups here
        return float(os.cpu_count() or 1)
    return max(1.0, quota / period) if quota > 0 < period else float(os.cpu_count() or 1)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""

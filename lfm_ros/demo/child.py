"""``python -m lfm_ros.demo.child MODULE ...``: runs MODULE, and ends when the demo's process ends.

However the demo dies, even by SIGKILL, no process of it is left.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Ask Linux to send SIGTERM to this process when its parent ends; elsewhere do nothing.

    Args:
        parent: Process id of the parent, in case it is gone already.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    asked = prctl is not None and prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) == 0
    if asked and os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)

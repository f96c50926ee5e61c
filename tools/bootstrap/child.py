"""Runs a quiet child process: its output goes to a log file, and the log tells what went wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.bootstrap.places import LOGS


def run_logged(
    command: Sequence[str | Path],
    log: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> tuple[bool, str]:
    """Run a command without stdin and return (succeeded, what it printed)."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(LOGS / log, "wb") as out:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            check=False,
        )
    return done.returncode == 0, (LOGS / log).read_text(errors="replace")

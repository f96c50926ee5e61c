"""Trying things in a process of their own, since a broken library may crash or hang its process."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass

_TIMEOUT = 60.0
_NOT_THERE = 3
_IMPORT = """
import importlib, sys
try:
    module = importlib.import_module({module!r})
except ModuleNotFoundError as error:
    wanted = {module!r} + "."
    sys.exit({not_there} if error.name and wanted.startswith(error.name + ".") else str(error))
print({expression})
"""


@dataclass(frozen=True)
class Tried:
    """How it went.

    Attributes:
        there: Whether there is such a module at all.
        works: Whether it could be imported and asked.
        said: What it answered, or else the reason why not.
    """

    there: bool
    works: bool
    said: str


def try_module(module: str, expression: str = "getattr(module, '__version__', '')") -> Tried:
    """Import a module and ask it something.

    Args:
        module: Its dotted name.
        expression: What to ask, of the variable ``module``.
    """
    return run(_IMPORT.format(module=module, expression=expression, not_there=_NOT_THERE))


def run(code: str) -> Tried:
    """Run Python code in the same interpreter as this one; never raises."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Tried(True, False, f"no answer within {_TIMEOUT:.0f} s")
    except OSError as error:
        return Tried(True, False, f"{sys.executable} cannot be started: {error}")
    if done.returncode == 0:
        return Tried(True, True, done.stdout.strip())
    if done.returncode < 0:
        return Tried(True, False, f"crashes ({_signal_name(-done.returncode)})")
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return Tried(done.returncode != _NOT_THERE, False, lines[-1] if lines else "failed silently")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

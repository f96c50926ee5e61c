"""The command ``lfm``."""

from __future__ import annotations

from collections.abc import Sequence

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the executable ``lfm``.

    Args:
        arguments: Command line without the program's name; None is that of the process.

    Returns:
        Exit status: what the sub-command says, 2 after an error that it explains in a sentence
        on stderr, 130 after Ctrl-C, also while modules are still being read.
    """
    try:
        from lfm_ros.cli.command import run

        return run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED

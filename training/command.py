"""What every command of this package has in common: its options, and what it says of an error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import tyro

from lfm_ros.core.errors import LfmError

#: As a shell has it of what Ctrl-C ended.
INTERRUPTED = 130
Options = TypeVar("Options")


def options_of(module: str, form: type[Options], about: str | None) -> Options:
    """Read the command line.

    Args:
        module: The command, as ``python -m`` takes it.
        form: A dataclass, whose fields are the options and whose docstrings say what they are.
        about: What the command does.

    Raises:
        SystemExit: Help was asked for, or something does not fit.
    """
    return tyro.cli(form, description=about, prog=f"python -m {module}")


@contextmanager
def sentences() -> Iterator[None]:
    """End the process with ``error: ...`` on stderr where the user can do something about it.

    That is what lfm_ros raises on purpose, and files that cannot be read or written. Anything else
    is a fault of the program and keeps its traceback. Ctrl-C ends it without a word.

    Raises:
        SystemExit: There was such an error, or Ctrl-C.
    """
    try:
        yield
    except LfmError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"error: {error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)

"""What every command of this package does with an error: a sentence, and exit status 1."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lfm_ros.core.errors import LfmError


@contextmanager
def sentences() -> Iterator[None]:
    """End the process with ``error: ...`` on stderr where the user can do something about it.

    That is what lfm_ros raises on purpose, and files that cannot be read or written. Anything else
    is a fault of the program and keeps its traceback.

    Raises:
        SystemExit: There was such an error.
    """
    try:
        yield
    except LfmError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"error: {error.filename}: {error.strerror}")

"""What ``lfm lift`` writes and says of it, whatever was lifted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError


def refuse_to_replace(source: Path, option: str, written: Path | None) -> None:
    """Keep what is read, which may be all that there is of it.

    Args:
        source: File, or folder of a recording, that is read.
        option: Of the command line, for the message.
        written: What it names; None: nothing.

    Raises:
        InputError: It is the source, or in it.
    """
    if written is None or not written.exists():
        return
    place, read = written.resolve(), source.resolve()
    if read == place or read in place.parents:
        raise InputError(f"{option} {written} is what is read, and would be lost; name another")


def write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an ``.npz``.

    Raises:
        InputError: It cannot be written.
    """
    try:
        np.savez_compressed(path, **arrays)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error


def cues(arrays: Mapping[str, NDArray[Any]]) -> str:
    """What told the size of how many valid instances; empty where there are none."""
    sources = Counter(arrays["scale_source"][arrays["valid"]].tolist())
    return ", ".join(f"{source} {count}" for source, count in sorted(sources.items()))

"""Recordings that were never closed, as when a robot loses power."""

from __future__ import annotations

import os
from pathlib import Path

# An MCAP file begins and ends with it; https://mcap.dev/spec
_MAGIC = b"\x89MCAP0\r\n"


def broken_off(recording: Path) -> str:
    """What to do about an MCAP file that breaks off, as a sentence; empty where none does.

    Args:
        recording: A file, or the folder of one.
    """
    files = sorted(recording.glob("*.mcap")) if recording.is_dir() else [recording]
    for file in files:
        if _breaks_off(file):
            saved = file.with_name(f"{file.stem}_recovered.mcap")
            return (
                f"{file} breaks off, as it was never closed; save what is there with the tool of "
                f"https://mcap.dev, `mcap recover {file} -o {saved}`, and lift that"
            )
    return ""


def _breaks_off(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            begins = stream.read(len(_MAGIC)) == _MAGIC
            stream.seek(-len(_MAGIC), os.SEEK_END)
            return begins and stream.read() != _MAGIC
    except OSError:
        return False

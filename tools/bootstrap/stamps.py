"""Remembers which steps are done, by a hash of everything the step depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tools.bootstrap.places import STAMPS


def digest(parts: Iterable[str | Path]) -> str:
    """Hash strings and the contents of files; the files of a folder count in sorted order."""
    total = hashlib.sha256()
    for part in parts:
        for piece in _pieces(part):
            total.update(hashlib.sha256(piece).digest())
    return total.hexdigest()


def _pieces(part: str | Path) -> Iterable[bytes]:
    if isinstance(part, str):
        return [part.encode()]
    files = sorted(p for p in part.rglob("*") if p.is_file()) if part.is_dir() else [part]
    return [piece for f in files for piece in (str(f).encode(), f.read_bytes())]


def is_done(name: str, key: str) -> bool:
    """Whether the step ran to its end with the same key."""
    stamp = STAMPS / name
    return stamp.is_file() and stamp.read_text() == key


def mark_done(name: str, key: str) -> None:
    """Remember that the step ran to its end with this key."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(key)

"""The folder of built engines: what is in it, and whether more can be put there."""

from __future__ import annotations

import os
from pathlib import Path

from lfm_ros.doctor.finding import ABSENT, BROKEN, OK, Finding

AREA = "engines"
_OFF = "keeping TensorRT engines: they are built at every start"


def check() -> list[Finding]:
    """The folder, and the engines in it."""
    from lfm_ros.core.errors import EngineError
    from lfm_ros.engines.cache_folder import VARIABLE, cache_folder

    try:
        folder = cache_folder()
    except EngineError as error:
        return [Finding(AREA, "cache", BROKEN, str(error), _OFF, f"export {VARIABLE}=FOLDER")]
    return [_writable(folder, VARIABLE), *_plans(folder)]


def _writable(folder: Path, variable: str) -> Finding:
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Finding(AREA, "cache", OK, f"{folder}, may be written to")
    said = f"{folder} cannot be {'written to' if folder.is_dir() else 'made'}"
    mend = f"chmod u+wx {folder}" if folder.is_dir() else "name another folder"
    return Finding(AREA, "cache", BROKEN, said, _OFF, f"{mend}, or export {variable}=FOLDER")


def _plans(folder: Path) -> list[Finding]:
    try:
        plans = sorted(folder.glob("*.plan"))
        sizes = [plan.stat().st_size / 1e6 for plan in plans]
    except OSError as error:
        return [Finding(AREA, "plans", BROKEN, f"cannot be listed: {error}", _OFF)]
    if not plans:
        return [Finding(AREA, "plans", ABSENT, "none is built yet")]
    pairs = zip(plans, sizes, strict=True)
    return [Finding(AREA, p.name, OK, f"{size:.1f} MB") for p, size in pairs]

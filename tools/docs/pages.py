"""Every generated page, by its name in ``docs/``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tools.docs import cli, frames, launch, parameters, skeletons, topics

DOCS = Path(__file__).resolve().parents[2] / "docs"
_WRITERS: dict[str, Callable[[], str]] = {
    "cli.md": cli.page,
    "frames.svg": frames.drawing,
    "launch.md": launch.page,
    "parameters.md": parameters.page,
    "skeletons.md": skeletons.page,
    "topics.md": topics.page,
}


def pages() -> dict[str, str]:
    """Text by file name."""
    return {name: write() for name, write in _WRITERS.items()}

"""Where ``config/`` is: beside the package in a checkout, inside it once installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def config_dir() -> Path:
    """The folder that holds ``skeletons/``, ``models/`` and the parameter files."""
    checkout = _PACKAGE.parent / "config"
    return checkout if (checkout / "skeletons").is_dir() else _PACKAGE / "config"

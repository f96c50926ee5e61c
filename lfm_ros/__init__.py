"""Lift 2D keypoints of any object to 3D with one network."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lfm_ros.core.camera import Intrinsics
    from lfm_ros.core.errors import LfmError
    from lfm_ros.core.skeleton import Skeleton
    from lfm_ros.lifted import Lifted
    from lfm_ros.lifter import Lifter
    from lfm_ros.tracked import Tracked
    from lfm_ros.tracker import Tracker

__all__ = ["Intrinsics", "LfmError", "Lifted", "Lifter", "Skeleton", "Tracked", "Tracker"]
__version__ = "0.1.0"

# Imported when first asked for: `lfm doctor` must run where numpy is missing or broken.
_HOMES = {
    "Intrinsics": "lfm_ros.core.camera",
    "LfmError": "lfm_ros.core.errors",
    "Lifted": "lfm_ros.lifted",
    "Lifter": "lfm_ros.lifter",
    "Skeleton": "lfm_ros.core.skeleton",
    "Tracked": "lfm_ros.tracked",
    "Tracker": "lfm_ros.tracker",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

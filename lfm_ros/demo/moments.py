"""Messages of one moment, gathered by their stamp."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics

_KEPT = 256


@dataclass(frozen=True)
class Detected:
    """Instances as the detector saw them: uv (B, K, 2) pixels, confidence (B, K), ids (B,)."""

    uv: NDArray[np.float32]
    confidence: NDArray[np.float32]
    instance_id: NDArray[np.int32]


@dataclass(frozen=True)
class Placed:
    """Instances in space: xyz (B, K, 3) metres in the camera's optical frame, NaN for no point.

    ``instance_id`` and ``skeleton``, an index into the rigs in use, have shape (B,).
    """

    xyz: NDArray[np.float32]
    instance_id: NDArray[np.int32]
    skeleton: NDArray[np.int32]


@dataclass(frozen=True)
class Moment:
    """All that is known of one frame."""

    camera: Intrinsics
    detected: Detected
    truth: Placed
    lifted: Placed


class Moments:
    """Puts the parts of a moment together, in whatever order they come. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._whole: list[Moment] = []

    def put(self, stamp_ns: int, name: str, part: Any) -> None:
        """Add the part of a moment that is called ``name`` in ``Moment``."""
        with self._lock:
            parts = self._parts.setdefault(stamp_ns, {})
            parts[name] = part
            if len(parts) == len(Moment.__dataclass_fields__):
                self._whole.append(Moment(**self._parts.pop(stamp_ns)))
            elif len(self._parts) > _KEPT:
                self._parts.popitem(last=False)

    def take(self) -> list[Moment]:
        """The moments that became whole since the last call."""
        with self._lock:
            whole, self._whole = self._whole, []
        return whole

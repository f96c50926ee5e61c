"""One moment of the scene as plain numpy arrays: all that the page is ever told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import LEVEL_UP

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]
Camera = tuple[NDArray[np.float64], tuple[int, int]]


@dataclass(frozen=True)
class Rig:
    """Names and edges of one kind of object.

    Args:
        name: What the user calls it.
        keypoints: One name a keypoint.
        edges: Pairs of keypoint indices.
    """

    name: str
    keypoints: tuple[str, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> Rig:
        """Rig of one entry of the latched ``skeletons`` topic (``Skeleton.as_dict``)."""
        edges = tuple((int(a), int(b)) for a, b in described.get("edges", ()))
        return cls(str(described.get("name", "")), tuple(described.get("keypoints", ())), edges)


@dataclass(frozen=True)
class Points3D:
    """Skeletons in space.

    Args:
        xyz: (B, K, 3) metres, camera optical frame. NaN where there is no point.
        observed: (B, K) bool, False where the network filled a hidden keypoint in.
        instance_id: (B,) identity, which is the colour.
        skeleton: (B,) index into `ViewFrame.rigs`.
        sigma: (B, K) standard deviation in metres, NaN or 0 where unknown.
    """

    xyz: FloatArray
    observed: NDArray[np.bool_]
    instance_id: IntArray
    skeleton: IntArray
    sigma: FloatArray | None = None

    @property
    def present(self) -> NDArray[np.bool_]:
        """(B, K) True where a point can be drawn."""
        return np.isfinite(self.xyz).all(-1)


@dataclass(frozen=True)
class Points2D:
    """Skeletons as the detector saw them.

    Args:
        uv: (B, K, 2) pixels, x right, y down.
        confidence: (B, K) in [0, 1]; 0 is a missing keypoint.
        instance_id: (B,) identity, which is the colour.
        skeleton: (B,) index into `ViewFrame.rigs`.
    """

    uv: FloatArray
    confidence: FloatArray
    instance_id: IntArray
    skeleton: IntArray

    @property
    def present(self) -> NDArray[np.bool_]:
        """(B, K) True where a point can be drawn."""
        return np.isfinite(self.uv).all(-1) & (self.confidence > 0)


@dataclass(frozen=True)
class Axes:
    """Coordinate frames in the camera's optical frame.

    Args:
        names: One TF frame name each.
        position: (N, 3) metres.
        quat_xyzw: (N, 4) unit quaternions.
    """

    names: tuple[str, ...]
    position: NDArray[np.float64]
    quat_xyzw: NDArray[np.float64]


@dataclass(frozen=True)
class ViewFrame:
    """Everything the page shows at one moment; what is None is not drawn.

    Args:
        rigs: The kinds of objects that the index ``skeleton`` points into.
        lifted: What the node made of the detections.
        truth: What is really there, where someone knows.
        detected: The detections in the image.
        axes: Root frames from ``/tf``.
        camera: Intrinsic matrix (3, 3) in pixels and image size (width, height) in pixels.
        up: Unit vector against gravity in the camera's optical frame.
    """

    rigs: Sequence[Rig] = ()
    lifted: Points3D | None = None
    truth: Points3D | None = None
    detected: Points2D | None = None
    axes: Axes | None = None
    camera: Camera | None = None
    up: tuple[float, float, float] = LEVEL_UP

    def edges_of(self, skeleton: int) -> tuple[tuple[int, int], ...]:
        """Edges of a rig; none for an index nobody has described."""
        return self.rigs[skeleton].edges if 0 <= skeleton < len(self.rigs) else ()

    def label_of(self, skeleton: int) -> str:
        """Name of a rig; empty for an index nobody has described."""
        return self.rigs[skeleton].name if 0 <= skeleton < len(self.rigs) else ""

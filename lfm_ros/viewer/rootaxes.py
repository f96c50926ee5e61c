"""The instances' root frames, as ``/tf`` has them, drawn as axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.rotations import quat_wxyz_from_xyzw
from lfm_ros.viewer.frame import Axes, Points3D
from lfm_ros.viewer.shapes import instance_extent

if TYPE_CHECKING:
    import viser

MOST = 128
SHARE = 0.22
"""Length of an axis as a share of the instance it stands in."""
ALONE = 0.2
"""Length of an axis that no instance is near, metres."""


class RootAxes:
    """One instanced node; spare axes wait at scale zero.

    Args:
        server: The viser server to draw on.
        name: Name of the scene node.
    """

    def __init__(self, server: viser.ViserServer, name: str) -> None:
        self._handle = server.scene.add_batched_axes(
            name,
            batched_wxyzs=np.tile([1.0, 0.0, 0.0, 0.0], (MOST, 1)),
            batched_positions=np.zeros((MOST, 3)),
            batched_scales=np.zeros(MOST),
            axes_length=1.0,
            axes_radius=0.045,
        )

    @property
    def visible(self) -> bool:
        """Whether the axes are drawn."""
        return bool(self._handle.visible)

    @visible.setter
    def visible(self, visible: bool) -> None:
        self._handle.visible = visible

    def show(self, axes: Axes | None, points: Points3D) -> None:
        """Draw the frames, each as large as suits the instance it belongs to."""
        count = 0 if axes is None else min(len(axes.names), MOST)
        scales = np.zeros(MOST, np.float32)
        if axes is not None and count:
            positions, wxyz = np.zeros((MOST, 3), np.float32), np.ones((MOST, 4), np.float32)
            positions[:count] = axes.position[:count]
            wxyz[:count] = quat_wxyz_from_xyzw(axes.quat_xyzw[:count])
            scales[:count] = axis_lengths(axes.position[:count], points)
            self._handle.batched_positions, self._handle.batched_wxyzs = positions, wxyz
        self._handle.batched_scales = scales


def axis_lengths(position: NDArray[np.float64], points: Points3D) -> NDArray[np.float64]:
    """Length of the axes at ``position`` (N, 3): a share of the nearest instance, metres."""
    kept = points.present.any(1)
    if not kept.any():
        return np.full(len(position), ALONE)
    centre = np.nanmean(points.xyz[kept].astype(float), axis=1)
    nearest = np.linalg.norm(position[:, None] - centre[None], axis=-1).argmin(1)
    return SHARE * instance_extent(points)[kept][nearest]

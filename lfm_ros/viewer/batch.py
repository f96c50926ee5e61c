"""Many copies of one solid in the page, moved together in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.rotations import quat_wxyz_from_xyzw
from lfm_ros.viewer.shapes import Shapes

if TYPE_CHECKING:
    import trimesh
    import viser

SMALLEST = 64


class MeshBatch:
    """A node of instanced solids that grows by doubling.

    The browser rebuilds an instanced mesh whenever the number of copies changes, which flickers;
    spare copies therefore wait at scale zero.

    Args:
        server: The viser server.
        name: Name of the scene node.
        solid: The unit solid, a ``trimesh.Trimesh``.
        opacity: Of all copies; None is opaque.
        shadow: Whether the copies throw a shadow on the floor.
    """

    def __init__(
        self,
        server: viser.ViserServer,
        name: str,
        solid: trimesh.Trimesh,
        *,
        opacity: float | None = None,
        shadow: bool = True,
    ) -> None:
        self._server, self._name, self._solid = server, name, solid
        self._opacity, self._shadow = opacity, shadow
        self._visible = True
        self._handle = self._create(SMALLEST)

    def show(self, shapes: Shapes) -> None:
        """Replace what is drawn."""
        count, room = len(shapes.position), len(self._handle.batched_positions)
        if count > room:
            room = 1 << (count - 1).bit_length()
            self._handle = self._create(room)
        handle = self._handle
        handle.batched_positions = _padded(shapes.position, room)
        handle.batched_scales = _padded(shapes.scale, room)
        handle.batched_wxyzs = _padded(quat_wxyz_from_xyzw(shapes.quat_xyzw), room, fill=1.0)
        handle.batched_colors = np.round(255 * _padded(_linear(shapes.color), room)).astype(
            np.uint8
        )

    @property
    def visible(self) -> bool:
        """Whether the copies are drawn at all."""
        return self._visible

    @visible.setter
    def visible(self, visible: bool) -> None:
        self._visible = visible
        self._handle.visible = visible

    def _create(self, room: int) -> viser.BatchedMeshHandle:
        return self._server.scene.add_batched_meshes_simple(
            self._name,
            np.asarray(self._solid.vertices),
            np.asarray(self._solid.faces),
            batched_wxyzs=np.tile([1.0, 0.0, 0.0, 0.0], (room, 1)),
            batched_positions=np.zeros((room, 3)),
            batched_scales=np.zeros((room, 3)),
            batched_colors=np.zeros((room, 3), np.uint8),
            opacity=self._opacity,
            lod="off",
            cast_shadow=self._shadow,
            receive_shadow=False,
            visible=self._visible,
        )


def _linear(color: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light of sRGB colours, which the browser takes an instance's colour to be.

    Without it every hue drifts: vermillion would be shown as orange. Source: IEC 61966-2-1.
    """
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def _padded(values: NDArray[np.float64], room: int, fill: float = 0.0) -> NDArray[np.float32]:
    """``values`` with rows of ``fill`` up to ``room`` rows, float32."""
    out = np.full((room, values.shape[1]), fill, np.float32)
    out[: len(values)] = values
    return out

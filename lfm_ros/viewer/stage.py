"""The 3D half of the page: floor, camera, skeletons, ghost, labels, frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lfm_ros.core.rotations import quat_wxyz_from_xyzw, quat_xyzw_from_matrix
from lfm_ros.viewer.batch import MeshBatch
from lfm_ros.viewer.frame import Points3D, ViewFrame
from lfm_ros.viewer.labels import Labels
from lfm_ros.viewer.rootaxes import RootAxes
from lfm_ros.viewer.shapes import BACKGROUND, as_ghost, bones, joints, muted
from lfm_ros.viewer.viewpoint import EXPECTED, drawn_points, vertical_fov, world_from_optical

if TYPE_CHECKING:
    import viser

# Everything the camera measures hangs under this node, in optical coordinates.
OPTICAL = "/optical"
GHOST_OPACITY = 0.35
FRUSTUM_SHARE = 0.08
"""Length of the drawn frustum as a share of the distance to the scene."""
FLOOR_RISE = 0.02
"""Share of the way that the floor rises in a frame; it falls at once."""
EMPTY = Points3D(
    np.zeros((0, 0, 3), np.float32), np.zeros((0, 0), bool), np.zeros(0, np.int32),
    np.zeros(0, np.int32),
)  # fmt: skip


class Stage:
    """Scene nodes of the page.

    Args:
        server: The viser server to draw on.
    """

    def __init__(self, server: viser.ViserServer) -> None:
        import trimesh

        self._server = server
        self.filled = True
        ball = trimesh.creation.icosphere(subdivisions=2)
        stick = trimesh.creation.cylinder(radius=1.0, height=1.0, sections=10)
        self._root = server.scene.add_frame(OPTICAL, show_axes=False)
        self._joints = MeshBatch(server, f"{OPTICAL}/joints", ball)
        self._bones = MeshBatch(server, f"{OPTICAL}/bones", stick)
        ghost = {"opacity": GHOST_OPACITY, "shadow": False}
        self._ghost_joints = MeshBatch(server, f"{OPTICAL}/truth/joints", ball, **ghost)
        self._ghost_bones = MeshBatch(server, f"{OPTICAL}/truth/bones", stick, **ghost)
        self.labels = Labels(server, f"{OPTICAL}/labels")
        self.axes = RootAxes(server, f"{OPTICAL}/tf")
        self._frustum = server.scene.add_camera_frustum(
            f"{OPTICAL}/camera", fov=0.8, aspect=16 / 9, scale=0.3, thickness=1.5,
            thickness_units="screen", color=(112, 122, 138), cast_shadow=False,
        )  # fmt: skip
        self._floor = _floor(server)
        self._floor.position = (0.0, 0.0, float(EXPECTED[:, 2].min()))
        self._floor_height: float | None = None
        _light(server)
        background = np.round(255 * BACKGROUND).astype(np.uint8)
        server.scene.set_background_image(np.tile(background, (2, 2, 1)), format="png")

    @property
    def ghost(self) -> bool:
        """Whether the truth is drawn."""
        return self._ghost_joints.visible

    @ghost.setter
    def ghost(self, visible: bool) -> None:
        self._ghost_joints.visible = self._ghost_bones.visible = visible

    def show(self, frame: ViewFrame, *, stale: bool = False) -> None:
        """Draw a moment, all of it in one step on the browser's side.

        Args:
            frame: The moment.
            stale: Draw without colour: the data is old.
        """
        lifted = frame.lifted if frame.lifted is not None else EMPTY
        truth = frame.truth if frame.truth is not None else EMPTY
        balls = joints(lifted, filled=self.filled)
        sticks = bones(lifted, frame, filled=self.filled)
        with self._server.atomic():
            self._place(frame)
            self._joints.show(muted(balls) if stale else balls)
            self._bones.show(muted(sticks) if stale else sticks)
            self._ghost_joints.show(as_ghost(joints(truth, filled=True)))
            self._ghost_bones.show(as_ghost(bones(truth, frame, filled=True)))
            self.labels.show(lifted, frame)
            self.axes.show(frame.axes, lifted)

    def settle(self, frame: ViewFrame) -> None:
        """Move the floor under the lowest point: at every new frame, not when one is redrawn.

        Feet leave the floor at every step; it falls at once and rises slowly.
        """
        points = drawn_points(frame)
        if not len(points):
            return
        lowest = float(points[:, 2].min())
        if self._floor_height is None or lowest < self._floor_height:
            self._floor_height = lowest
        self._floor_height += FLOOR_RISE * (lowest - self._floor_height)
        self._floor.position = (0.0, 0.0, self._floor_height)

    def _place(self, frame: ViewFrame) -> None:
        """Turn the optical frame upright and give the frustum its camera."""
        rotation = world_from_optical(frame.up)
        self._root.wxyz = quat_wxyz_from_xyzw(quat_xyzw_from_matrix(rotation))
        points = drawn_points(frame)
        if len(points):
            distance = float(np.median(np.linalg.norm(points, axis=1)))
            self._frustum.scale = _rounded(FRUSTUM_SHARE * distance)
        self._frustum.fov = vertical_fov(frame)
        if frame.camera is not None and min(frame.camera[1]) > 0:
            self._frustum.aspect = frame.camera[1][0] / frame.camera[1][1]


def _rounded(length: float) -> float:
    """One of two lengths an octave: the drawing must not breathe with the data."""
    return float(2.0 ** (np.round(2 * np.log2(max(length, 0.02))) / 2))


def _light(server: viser.ViserServer) -> None:
    """Softer than viser's own light, which bleaches the colours that tell instances apart."""
    scene = server.scene
    scene.configure_default_lights(enabled=False)
    scene.configure_environment_map(None)
    scene.add_light_hemisphere("/light/sky", ground_color=(120, 125, 140), intensity=2.2)
    scene.add_light_directional(
        "/light/sun", intensity=2.0, position=(-2.0, 3.0, 6.0), cast_shadow=True
    )


def _floor(server: viser.ViserServer) -> viser.GridHandle:
    return server.scene.add_grid(
        "/floor", infinite_grid=True, plane="xy",
        cell_size=0.25, cell_thickness=0.7, cell_color=(48, 54, 62),
        section_size=1.0, section_thickness=1.0, section_color=(74, 82, 94),
        fade_distance=16.0, fade_strength=1.4, fade_from="origin", shadow_opacity=0.35,
    )  # fmt: skip

"""A small scene for the viewer's tests: three stick figures side by side, two metres ahead."""

from __future__ import annotations

import numpy as np

from lfm_ros.viewer.frame import Axes, Points2D, Points3D, Rig, ViewFrame

MATRIX = np.array([[900.0, 0.0, 640.0], [0.0, 900.0, 360.0], [0.0, 0.0, 1.0]])
SIZE = (1280, 720)
RIG = Rig("stick", ("foot", "hip", "head", "hand"), ((0, 1), (1, 2), (2, 3)))
# Optical frame: y points down, so the head has the smallest y.
FIGURE = np.array([[0.0, 0.8, 0.0], [0.0, 0.0, 0.0], [0.0, -0.8, 0.0], [0.4, -0.3, -0.2]])
AHEAD = np.array([[-1.0, 0.2, 4.0], [0.0, 0.2, 4.0], [1.0, 0.2, 4.0]])


def points3d(shift: float = 0.0, ids: tuple[int, ...] = (0, 1, 2)) -> Points3D:
    """The figures, moved to the right by ``shift`` metres; the last one's hand is filled in."""
    xyz = (FIGURE[None] + AHEAD[: len(ids), None] + [shift, 0.0, 0.0]).astype(np.float32)
    observed = np.ones(xyz.shape[:2], bool)
    observed[-1, 3] = False
    return Points3D(xyz, observed, np.array(ids, np.int32), np.zeros(len(ids), np.int32))


def points2d(ids: tuple[int, ...] = (0, 1, 2)) -> Points2D:
    """The figures in the image, the last hand not detected."""
    points = points3d(ids=ids)
    pixels = points.xyz @ MATRIX.T
    uv = (pixels[..., :2] / pixels[..., 2:]).astype(np.float32)
    confidence = np.where(points.observed, 1.0, 0.0).astype(np.float32)
    return Points2D(uv, confidence, points.instance_id, points.skeleton)


def view_frame(ghost_shift: float = 0.5) -> ViewFrame:
    """Everything at once; the truth stands ``ghost_shift`` metres beside the estimate."""
    return ViewFrame(
        rigs=(RIG,),
        lifted=points3d(),
        truth=points3d(ghost_shift),
        detected=points2d(),
        axes=Axes(("lfm_0",), AHEAD[:1], np.array([[0.0, 0.0, 0.0, 1.0]])),
        camera=(MATRIX, SIZE),
    )

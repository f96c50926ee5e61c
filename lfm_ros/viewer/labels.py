"""A name over every instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lfm_ros.viewer.frame import Points3D, ViewFrame

if TYPE_CHECKING:
    import viser

MOST = 40
"""Each label is an element of the page of its own: past this many they hide the scene anyway."""
CLEARANCE = 0.08
"""Gap between an instance and its label, as a share of the instance."""


class Labels:
    """A pool of labels that are moved, not made anew.

    Args:
        server: The viser server to draw on.
        name: Scene node that the labels hang under.
    """

    def __init__(self, server: viser.ViserServer, name: str) -> None:
        self._server, self._name = server, name
        self._pool: list[viser.LabelHandle] = []
        self._used = 0
        self._visible = True

    @property
    def visible(self) -> bool:
        """Whether labels are drawn."""
        return self._visible

    @visible.setter
    def visible(self, visible: bool) -> None:
        self._visible = visible
        self._show_used()

    def show(self, points: Points3D, frame: ViewFrame) -> None:
        """Put one label over each instance that has points."""
        rows = np.flatnonzero(points.present.any(1))[:MOST]
        self._used = len(rows)
        while len(self._pool) < self._used:
            self._pool.append(self._create(len(self._pool)))
        for handle, row in zip(self._pool, rows, strict=False):
            name = frame.label_of(int(points.skeleton[row])).removeprefix("scene_")
            handle.text = f"{name} {int(points.instance_id[row])}".strip()
            handle.position = _over(points.xyz[row][points.present[row]], np.asarray(frame.up))
        self._show_used()

    def _show_used(self) -> None:
        for index, handle in enumerate(self._pool):
            handle.visible = self._visible and index < self._used

    def _create(self, index: int) -> viser.LabelHandle:
        return self._server.scene.add_label(
            f"{self._name}/{index}", "", font_screen_scale=0.8, anchor="bottom-center",
            depth_test=False,
        )  # fmt: skip


def _over(xyz: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Point over the middle of an instance's (N, 3) points, in their frame."""
    height = xyz @ up
    middle = (xyz.min(0) + xyz.max(0)) / 2
    gap = CLEARANCE * float(np.linalg.norm(np.ptp(xyz, axis=0)))
    return middle + (height.max() + gap - middle @ up) * up

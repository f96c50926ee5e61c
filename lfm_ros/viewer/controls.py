"""The panel beside the scene: status, the detections as a picture, what to draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lfm_ros.viewer.frame import ViewFrame
from lfm_ros.viewer.panel import draw_panel
from lfm_ros.viewer.status import Freshness, status_html

if TYPE_CHECKING:
    import viser

Toggle = Callable[[str, bool], None]
Press = Callable[[str, int | None], None]

OVERVIEW, CAMERA = "Overview", "Through the camera"
LAYERS = {
    "ghost": ("Ground truth (ghost)", "What is really there, where a topic tells"),
    "filled": ("Filled-in keypoints", "Hidden keypoints that the network supplied, fainter"),
    "labels": ("Labels", "Kind and id over each instance"),
    "axes": ("TF axes", "Root frames of the instances, from /tf"),
}


class Controls:
    """GUI elements of the page.

    Args:
        server: The viser server.
        on: Which layers are drawn at first, by the keys of `LAYERS`.
        toggled: Called with a key of `LAYERS` and its new state, from viser's threads.
        viewed: Called with `OVERVIEW` or `CAMERA` and the client that pressed it.
    """

    def __init__(
        self, server: viser.ViserServer, on: dict[str, bool], toggled: Toggle, viewed: Press
    ) -> None:
        self._status = server.gui.add_html(status_html({}, Freshness.WAITING))
        self._picture = server.gui.add_image(
            draw_panel(ViewFrame()), label="Detections", jpeg_quality=88
        )
        for key, (label, hint) in LAYERS.items():
            self._add_checkbox(server, key, label, hint, on[key], toggled)
        view = server.gui.add_button_group("View", (OVERVIEW, CAMERA))
        view.on_click(lambda event: viewed(event.target.value, event.client_id))

    def show_status(self, status: Mapping[str, str], freshness: Freshness, age_s: float) -> None:
        """Replace the lines on top; viser sends them only when they changed."""
        self._status.content = status_html(status, freshness, age_s=age_s)

    def show_detections(self, frame: ViewFrame, *, stale: bool) -> None:
        """Redraw the picture; the dearest part of the page, so not at every frame."""
        self._picture.image = draw_panel(frame, muted=stale)

    @staticmethod
    def _add_checkbox(
        server: viser.ViserServer, key: str, label: str, hint: str, on: bool, toggled: Toggle
    ) -> None:
        box = server.gui.add_checkbox(label, on, hint=hint)
        box.on_update(lambda event: toggled(key, bool(event.target.value)))

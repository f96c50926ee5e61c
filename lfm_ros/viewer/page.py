"""The live page: one viser server that shows one `ViewFrame` at a time."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lfm_ros.core.errors import LfmError
from lfm_ros.viewer.address import AddressError, check_free, url
from lfm_ros.viewer.controls import LAYERS, OVERVIEW, Controls
from lfm_ros.viewer.frame import ViewFrame
from lfm_ros.viewer.stage import Stage
from lfm_ros.viewer.status import Freshness
from lfm_ros.viewer.viewpoint import Viewpoint, drawn_points, overview, through_camera

if TYPE_CHECKING:
    import viser

PICTURE_PERIOD = 0.1
"""Seconds between two pictures of the detections: each is drawn and compressed here."""
PICTURE_SHARE = 5
"""A crowded picture takes its time; at most one part in so many of the page's is spent on it."""
STATUS_PERIOD = 0.5
"""Seconds between two status texts: nobody reads faster."""


class Page:
    """A page in the browser. Safe to call from one thread while the browser's clicks arrive.

    Args:
        host: Address to listen on; anything but 127.0.0.1 lets others on the network look.
        port: Port to listen on.
        ghost: Whether the truth is drawn at first.

    Raises:
        AddressError: The address is taken or not this machine's.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 8080, *, ghost: bool = True) -> None:
        self._server = _start_server(host, port)
        self.url = url(host, port)
        self._lock = threading.RLock()
        self._frame = ViewFrame()
        self._stale = False
        self._placed = False
        self._picture_due = self._status_due = 0.0
        self._stage = Stage(self._server)
        on = dict.fromkeys(LAYERS, True) | {"ghost": ghost}
        self._stage.ghost = ghost
        self._controls = Controls(self._server, on, self._toggle, self._view)
        self._aim(overview(np.zeros((0, 3))))

    @property
    def watched(self) -> bool:
        """Whether any browser is connected: without one there is nothing to draw for."""
        return bool(self._server.get_clients())

    def show(self, frame: ViewFrame, status: Mapping[str, str]) -> None:
        """Draw a frame. It stays until the next, or until `mute` greys it.

        Args:
            frame: The moment.
            status: Values of the node's ``/diagnostics`` entry, and measurements of the viewer's
                own.
        """
        with self._lock:
            self._frame, self._stale = frame, False
            self._stage.settle(frame)
            self._stage.show(frame)
            self._place_once()
            now = time.monotonic()
            if now >= self._picture_due:
                self._controls.show_detections(frame, stale=False)
                spent = time.monotonic() - now
                self._picture_due = now + max(PICTURE_PERIOD, PICTURE_SHARE * spent)
            if now >= self._status_due:
                self._status_due = now + STATUS_PERIOD
                self._controls.show_status(status, Freshness.LIVE, 0.0)

    def mute(self, status: Mapping[str, str], age_s: float | None) -> None:
        """Show that nothing arrives: grey what is drawn, keep the status going.

        Args:
            status: Diagnostics, which may go on when frames do not.
            age_s: Seconds since the last frame; None if there never was one.
        """
        with self._lock:
            if age_s is None:
                self._controls.show_status(status, Freshness.WAITING, 0.0)
                return
            if not self._stale:
                self._stale = True
                self._stage.show(self._frame, stale=True)
                self._controls.show_detections(self._frame, stale=True)
            self._controls.show_status(status, Freshness.STALE, age_s)

    def close(self) -> None:
        """End the server; browsers show that the connection is gone."""
        with _quiet():
            self._server.stop()

    def _toggle(self, layer: str, on: bool) -> None:
        with self._lock:
            if layer == "ghost":
                self._stage.ghost = on
            elif layer == "labels":
                self._stage.labels.visible = on
            elif layer == "axes":
                self._stage.axes.visible = on
            else:
                self._stage.filled = on
                self._stage.show(self._frame, stale=self._stale)

    def _place_once(self) -> None:
        """Point new browsers, and those already there, at the first scene that arrives."""
        points = drawn_points(self._frame)
        if self._placed or not len(points):
            return
        self._placed = True
        self._aim(overview(points))

    def _aim(self, view: Viewpoint) -> None:
        initial = self._server.initial_camera
        initial.position, initial.look_at = view.position, view.look_at
        initial.up, initial.fov = view.up, view.fov
        for client in self._server.get_clients().values():
            _move(client, view)

    def _view(self, which: str, client_id: int | None) -> None:
        with self._lock:
            points = drawn_points(self._frame)
            distance = float(np.median(np.linalg.norm(points, axis=1))) if len(points) else 3.0
            frame = self._frame
        view = overview(points) if which == OVERVIEW else through_camera(frame, distance)
        client = self._server.get_clients().get(client_id if client_id is not None else -1)
        if client is not None:
            _move(client, view)


def _move(client: viser.ClientHandle, view: Viewpoint) -> None:
    with client.atomic():
        client.camera.up_direction = view.up
        client.camera.position = view.position
        client.camera.look_at = view.look_at
        client.camera.fov = view.fov


def _quiet() -> contextlib.AbstractContextManager[object]:
    """Viser prints a banner of its own; who starts the page says where it is, in its own way."""
    return contextlib.redirect_stdout(io.StringIO())


def _start_server(host: str, port: int) -> viser.ViserServer:
    try:
        import viser
    except ModuleNotFoundError as error:
        raise LfmError(
            "the viewer needs viser, which is not installed; install it with `pip install viser`"
        ) from error
    check_free(host, port)
    with _quiet():
        server = viser.ViserServer(host=host, port=port, label="lfm_ros", verbose=False)
    if server.get_port() != port:
        # Somebody took the port between the check and the start.
        server.stop()
        raise AddressError(f"port {port} was taken just now; choose another with `port`")
    server.gui.configure_theme(
        dark_mode=True, show_logo=False, show_share_button=False, control_width="medium"
    )
    return server

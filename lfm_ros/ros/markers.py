"""Markers of a frame: one SPHERE_LIST and one LINE_LIST for all instances together.

A marker a joint would cost ten times as much to send, and single-topic displays choke on hundreds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from lfm_ros.core.palette import PALETTE_SIZE, instance_colors
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.cdr import Numbers
from lfm_ros.ros.fast_messages import FastMessages, Part
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.parameters import LifterParameters

#: Namespaces of the two markers; their ids are 0 and 1.
KEYPOINTS, EDGES = "keypoints", "edges"

_PARTS = {
    "stamp": Part("<i4", (2,), times=2),
    "points": Part("<f8", (3,), sequence=True),
    "colors": Part("<f4", (4,), sequence=True),
    "edge_points": Part("<f8", (3,), sequence=True),
    "edge_colors": Part("<f4", (4,), sequence=True),
}


@dataclass(frozen=True)
class MarkerStyle:
    """All of a ``markers`` message that is not a number of its frame.

    Attributes:
        frame_id: Of both headers.
        point_size: Metres.
        line_width: Metres.
        lifetime: Seconds.
        has_edges: Without any, the marker of the edges deletes what was there.
    """

    frame_id: str
    point_size: float
    line_width: float
    lifetime: float
    has_edges: bool


class MarkerBuilder:
    """Makes the ``markers`` message. Not for several threads.

    Args:
        rigs: The rigs that ``LiftedFrame.skeleton`` points into.
        fast: Whether to make bytes, where that works.
        tell: Called once with a sentence if it does not.
    """

    def __init__(
        self,
        rigs: Sequence[Skeleton],
        *,
        fast: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._edges, self._has_edge = _edge_table(rigs)
        # For each colour one row of keypoints that were filled in, and one of observed ones.
        self._shades = np.zeros((2 * PALETTE_SIZE, 4), np.float32)
        self._last_edges: tuple[object, NDArray[np.intp]] = (None, np.zeros((0, 2), np.intp))
        self._alphas = (-1.0, -1.0)
        self._messages = FastMessages(marker_array, _PARTS, enabled=fast, tell=tell)

    def build(self, frame: LiftedFrame, settings: LifterParameters) -> Any:
        """Markers of all valid instances; without any, markers that delete what was there.

        Returns:
            ``visualization_msgs/msg/MarkerArray``, or its bytes.
        """
        shown = frame.valid[:, None] & frame.known
        if not shown.any():
            return clearing_markers(frame.header)
        self._use_alphas(settings.marker_alpha, settings.marker_filled_alpha)
        numbers = self._numbers(frame, shown)
        style = MarkerStyle(
            frame.header.frame_id,
            settings.marker_point_size,
            settings.marker_line_width,
            settings.marker_lifetime,
            "edge_points" in numbers,
        )
        return self._messages.message(style, numbers)

    def _numbers(self, frame: LiftedFrame, shown: NDArray[np.bool_]) -> dict[str, Numbers]:
        stamp = frame.header.stamp
        numbers: dict[str, Numbers] = {"stamp": np.array([stamp.sec, stamp.nanosec], "<i4")}
        # One row a keypoint of the frame, shown or not: edges count them so.
        points = frame.points.reshape(-1, 3)
        shade = (2 * (frame.instance_id % PALETTE_SIZE)[:, None] + frame.observed).ravel()
        if shown.all():
            numbers |= {"points": points, "colors": self._shades.take(shade, 0)}
        else:
            listed = np.flatnonzero(shown)
            numbers["points"] = points.take(listed, 0)
            numbers["colors"] = self._shades.take(shade.take(listed), 0)
        ends = self._edge_ends(frame)
        if len(ends):
            numbers["edge_points"] = points.take(ends.ravel(), 0)
            # An edge is as faint as the fainter of its ends, which are one instance's.
            fainter = np.minimum(shade.take(ends[:, 0]), shade.take(ends[:, 1]))
            numbers["edge_colors"] = self._shades.take(fainter.repeat(2), 0)
        return numbers

    def _edge_ends(self, frame: LiftedFrame) -> NDArray[np.intp]:
        """Both ends of every edge, shape (edges, 2), as places in the frame's keypoints."""
        width = frame.points.shape[1]
        of_whom = (frame.valid.tobytes(), frame.skeleton.tobytes(), width)
        if of_whom != self._last_edges[0]:
            # Both ends of an edge are known: the network fills in what hangs on another keypoint.
            rows = np.flatnonzero(frame.valid)
            rigs = frame.skeleton[rows]
            ends = self._edges[rigs] + (rows * width)[:, None, None]
            self._last_edges = of_whom, ends[self._has_edge[rigs]]
        return self._last_edges[1]

    def _use_alphas(self, alpha: float, filled_alpha: float) -> None:
        """Colours of every id, as (filled in, observed)."""
        if self._alphas != (filled_alpha, alpha):
            self._alphas = (filled_alpha, alpha)
            colors = instance_colors(np.arange(PALETTE_SIZE))
            self._shades[:, :3] = colors.repeat(2, 0)
            self._shades[:, 3] = self._alphas * PALETTE_SIZE


def marker_array(style: MarkerStyle, numbers: Mapping[str, Numbers]) -> MarkerArray:
    """The ``markers`` message; this is the place that says what is in it.

    Args:
        style: All that is not a number of the frame.
        numbers: As ``_PARTS`` has them: ``stamp`` (2,) seconds and nanoseconds; ``points`` (P, 3)
            metres and ``colors`` (P, 4) RGBA; ``edge_points`` (2 E, 3) and ``edge_colors``
            (2 E, 4), two rows an edge, absent without edges.
    """
    sec, nanosec = numbers["stamp"].tolist()
    header = Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id=style.frame_id)
    spheres = _marker(header, KEYPOINTS, style)
    spheres.points = [Point(x=x, y=y, z=z) for x, y, z in numbers["points"].tolist()]
    spheres.colors = [_color(*rgba) for rgba in numbers["colors"].tolist()]
    lines = _marker(header, EDGES, style)
    if style.has_edges:
        lines.points = [Point(x=x, y=y, z=z) for x, y, z in numbers["edge_points"].tolist()]
        lines.colors = [_color(*rgba) for rgba in numbers["edge_colors"].tolist()]
    else:
        lines.action = Marker.DELETE
    return MarkerArray(markers=[spheres, lines])


def clearing_markers(header: Header) -> MarkerArray:
    """Markers that delete both markers of the last frame."""
    markers = []
    for index, namespace in enumerate((KEYPOINTS, EDGES)):
        markers.append(Marker(header=header, ns=namespace, id=index, action=Marker.DELETE))
    return MarkerArray(markers=markers)


def _marker(header: Header, namespace: str, style: MarkerStyle) -> Marker:
    marker = Marker(header=header, ns=namespace, action=Marker.ADD)
    marker.pose.orientation.w = 1.0
    # Displays take colours from the vertices, but hide a marker whose own alpha is 0.
    marker.color.a = 1.0
    seconds, rest = divmod(style.lifetime, 1.0)
    marker.lifetime = Duration(sec=int(seconds), nanosec=int(rest * 1e9))
    if namespace == KEYPOINTS:
        marker.id, marker.type = 0, Marker.SPHERE_LIST
        marker.scale.x = marker.scale.y = marker.scale.z = style.point_size
    else:
        marker.id, marker.type = 1, Marker.LINE_LIST
        marker.scale.x = style.line_width
    return marker


@lru_cache(maxsize=64)
def _color(r: float, g: float, b: float, a: float) -> ColorRGBA:
    """Shared by all that have this colour, so never changed."""
    return ColorRGBA(r=r, g=g, b=b, a=a)


def _edge_table(rigs: Sequence[Skeleton]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Edges of every rig, shape (rigs, most edges, 2), and which of them there are."""
    most = max((len(rig.edges) for rig in rigs), default=0)
    table = np.zeros((len(rigs), most, 2), np.intp)
    there = np.zeros((len(rigs), most), bool)
    for index, rig in enumerate(rigs):
        table[index, : len(rig.edges)] = np.reshape(rig.edges, (-1, 2))
        there[index, : len(rig.edges)] = True
    return table, there

"""Markers of a frame: one SPHERE_LIST and one LINE_LIST for all instances together.

A marker a joint would cost ten times as much to send, and single-topic displays choke on hundreds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.cdr import Numbers
from lfm_ros.ros.fast_messages import FastMessages, Part
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.marker_looks import Looks
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


class MarkerStyle(NamedTuple):
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
        rigs: The rigs that ``Tracked.skeleton`` points into.
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
        self._looks = Looks(rigs)
        self._messages = FastMessages(marker_array, _PARTS, enabled=fast, tell=tell)

    def build(self, frame: LiftedFrame, settings: LifterParameters) -> Any:
        """Markers of all valid instances; without any, markers that delete what was there.

        Returns:
            ``visualization_msgs/msg/MarkerArray``, or its bytes.
        """
        look = self._looks.of(frame.tracked, settings.marker_alpha, settings.marker_filled_alpha)
        if not len(look.colors):
            return clearing_markers(frame.stamp, frame.frame_id)
        stamp, points = frame.stamp, frame.tracked.points.reshape(-1, 3)
        numbers: dict[str, Numbers] = {
            "stamp": np.array([stamp.sec, stamp.nanosec], "<i4"),
            "points": points if look.shown is None else points.take(look.shown, 0),
            "colors": look.colors,
        }
        if len(look.ends):
            numbers["edge_points"] = points.take(look.ends, 0)
            numbers["edge_colors"] = look.edge_colors
        style = MarkerStyle(
            frame.frame_id,
            settings.marker_point_size,
            settings.marker_line_width,
            settings.marker_lifetime,
            "edge_points" in numbers,
        )
        return self._messages.message(style, numbers)


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


def clearing_markers(stamp: Any, frame_id: str) -> MarkerArray:
    """Markers that delete both markers of the last frame, which had this header."""
    markers, header = [], Header(stamp=stamp, frame_id=frame_id)
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

"""Markers of a frame: one SPHERE_LIST and one LINE_LIST for all instances together.

A marker a joint would cost ten times as much to send, and single-topic displays choke on hundreds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from lfm_ros.core.palette import PALETTE_SIZE, instance_color
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.parameters import LifterParameters

#: Namespaces of the two markers; their ids are 0 and 1.
KEYPOINTS, EDGES = "keypoints", "edges"

_Shades = tuple[ColorRGBA, ColorRGBA]


class MarkerBuilder:
    """Makes the ``markers`` message. Not for several threads: point objects are used again.

    Args:
        rigs: The rigs that ``LiftedFrame.skeleton`` points into.
    """

    def __init__(self, rigs: Sequence[Skeleton]) -> None:
        self._edges = [np.array(rig.edges, np.int64).reshape(-1, 2) for rig in rigs]
        # Filling Point objects anew costs a third of making them, and publishing copies them.
        self._points: list[Point] = []
        self._shades: list[_Shades] = []
        self._alphas = (-1.0, -1.0)

    def build(self, frame: LiftedFrame, settings: LifterParameters) -> MarkerArray:
        """Markers of all valid instances; without any, markers that delete what was there."""
        if not frame.valid.any():
            return clearing_markers(frame.header)
        self._use_alphas(settings.marker_alpha, settings.marker_filled_alpha)
        spheres = _marker(frame.header, KEYPOINTS, settings)
        lines = _marker(frame.header, EDGES, settings)
        shown = frame.valid[:, None] & frame.known
        points = self._filled_points(frame.points[shown])
        shades = [self._shades[i % PALETTE_SIZE] for i in frame.instance_id.tolist()]
        rows = np.nonzero(shown)[0].tolist()
        spheres.points = points
        seen = frame.observed[shown].tolist()
        spheres.colors = [shades[row][one] for row, one in zip(rows, seen, strict=True)]
        ends = self._edge_ends(frame, shown)
        lines.points = [points[end] for end in ends]
        lines.colors = _edge_colors(spheres.colors, ends, shades, rows)
        if not ends:
            lines.action = Marker.DELETE
        return MarkerArray(markers=[spheres, lines])

    def _filled_points(self, xyz: np.ndarray) -> list[Point]:
        self._points += [Point() for _ in range(len(xyz) - len(self._points))]
        used = self._points[: len(xyz)]
        for point, (x, y, z) in zip(used, xyz.tolist(), strict=True):
            point.x, point.y, point.z = x, y, z
        return used

    def _edge_ends(self, frame: LiftedFrame, shown: np.ndarray) -> list[int]:
        """Indices into the shown points, two an edge."""
        place = np.cumsum(shown).reshape(shown.shape) - 1
        skeleton = frame.skeleton.tolist()
        # Both ends of an edge are known: the network fills in what hangs on another keypoint.
        return list(
            chain.from_iterable(
                place[b][self._edges[skeleton[b]]].ravel().tolist()
                for b in np.flatnonzero(frame.valid).tolist()
            )
        )

    def _use_alphas(self, alpha: float, filled_alpha: float) -> None:
        """Colours of every id, as (filled in, observed); shared objects, so never changed."""
        if self._alphas == (filled_alpha, alpha):
            return
        self._alphas = (filled_alpha, alpha)
        self._shades = []
        for index in range(PALETTE_SIZE):
            r, g, b = instance_color(index).tolist()
            filled, observed = (ColorRGBA(r=r, g=g, b=b, a=float(a)) for a in self._alphas)
            self._shades.append((filled, observed))


def clearing_markers(header: Header) -> MarkerArray:
    """Markers that delete both markers of the last frame."""
    markers = []
    for index, namespace in enumerate((KEYPOINTS, EDGES)):
        markers.append(Marker(header=header, ns=namespace, id=index, action=Marker.DELETE))
    return MarkerArray(markers=markers)


def _marker(header: Header, namespace: str, settings: LifterParameters) -> Marker:
    marker = Marker(header=header, ns=namespace, action=Marker.ADD)
    marker.pose.orientation.w = 1.0
    # Displays take colours from the vertices, but hide a marker whose own alpha is 0.
    marker.color.a = 1.0
    seconds, rest = divmod(settings.marker_lifetime, 1.0)
    marker.lifetime = Duration(sec=int(seconds), nanosec=int(rest * 1e9))
    if namespace == KEYPOINTS:
        marker.id, marker.type = 0, Marker.SPHERE_LIST
        marker.scale.x = marker.scale.y = marker.scale.z = settings.marker_point_size
    else:
        marker.id, marker.type = 1, Marker.LINE_LIST
        marker.scale.x = settings.marker_line_width
    return marker


def _edge_colors(
    colors: Sequence[ColorRGBA], ends: list[int], shades: Sequence[_Shades], rows: list[int]
) -> list[ColorRGBA]:
    """An edge is as faint as the fainter of its ends."""
    made: list[ColorRGBA] = []
    for a, b in zip(ends[::2], ends[1::2], strict=True):
        filled, observed = shades[rows[a]]
        seen = colors[a] is observed and colors[b] is observed
        made += (observed, observed) if seen else (filled, filled)
    return made

"""What the node publishes of a frame, made of the message classes of rosbags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.bags.lifting import LiftedMoment
from lfm_ros.core.palette import instance_colors
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.clouds import POINT_DTYPE, is_dense, point_cells
from lfm_ros.ros.lent_frames import LentFrames
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.tracked_points import tracked_points

Array = NDArray[np.float64]

# As a node that was told nothing.
_NODE = LifterParameters()
_DATATYPES = {"uint8": 2, "int16": 3, "int32": 5, "float32": 7}


class Messages:
    """Makes the messages of one recording.

    Args:
        types: rosbags' store of message classes.
        rigs: Of the instances.
        smoothed: Whether the orientations in TF are to be smoothed, as the points are.
    """

    def __init__(self, types: Any, rigs: Sequence[Skeleton], *, smoothed: bool) -> None:
        self._types, self._rigs = types.types, rigs
        self._frames = LentFrames(rigs, _NODE.max_tracks)
        self._strength = _NODE.smoothing_strength if smoothed else 0.0

    def text(self, text: str) -> Any:
        """``std_msgs/msg/String``."""
        return self._make("std_msgs/String", data=text)

    def markers(self, moment: LiftedMoment) -> Any:
        """``visualization_msgs/msg/MarkerArray``: the keypoints and the edges of all instances."""
        tracked = moment.tracked
        shown = tracked.known & tracked.valid[:, None]
        rows = np.repeat(np.arange(len(tracked)), shown.sum(1))
        spheres = self._colors(moment, rows, tracked.observed[shown])
        ends = [
            (row, np.array(self._rigs[tracked.skeleton[row]].edges).reshape(-1, 2))
            for row in np.flatnonzero(tracked.valid)
        ]
        lines = [tracked.points[row, edges.ravel()] for row, edges in ends]
        seen = [tracked.observed[row, edges].all(1).repeat(2) for row, edges in ends]
        of = np.repeat([row for row, _ in ends], [2 * len(edges) for _, edges in ends]).astype(int)
        lined = self._colors(moment, of, np.concatenate([*seen, np.zeros(0, bool)]))
        placed = np.concatenate([*lines, np.zeros((0, 3), np.float32)])
        return self._make(
            "visualization_msgs/MarkerArray",
            markers=[
                self._marker(moment, "keypoints", 0, tracked.points[shown], spheres),
                self._marker(moment, "edges", 1, placed, lined),
            ],
        )

    def cloud(self, moment: LiftedMoment) -> Any:
        """``sensor_msgs/msg/PointCloud2`` with the fields of ``keypoints_3d``."""
        tracked = moment.tracked
        confidence = tracked.beside(moment.confidence)
        points = tracked_points(tracked, confidence, self._frames.slots_of(tracked))
        widths = np.array([len(rig) for rig in self._rigs], np.int64)[tracked.skeleton]
        cells = point_cells(points, widths)
        return self._make(
            "sensor_msgs/PointCloud2",
            header=self._header(moment),
            height=cells.shape[0],
            width=cells.shape[1],
            fields=self._fields(),
            is_bigendian=False,
            point_step=POINT_DTYPE.itemsize,
            row_step=POINT_DTYPE.itemsize * cells.shape[1],
            data=np.frombuffer(cells.tobytes(), np.uint8),
            is_dense=is_dense(cells),
        )

    def transforms(self, moment: LiftedMoment) -> Any:
        """``tf2_msgs/msg/TFMessage``: a frame an instance, named by slots as the node's are."""
        if moment.tracked.restarted:
            self._frames.reset()
        lent = self._frames.lend(moment.tracked, moment.frame.stamp_ns, self._strength)
        made = [
            self._transform(moment, f"{_NODE.tf_prefix}{slot}", *where)
            for slot, *where in zip(lent.slots, lent.origins, lent.quat_xyzw, strict=True)
        ]
        return self._make("tf2_msgs/TFMessage", transforms=made)

    def _transform(self, moment: LiftedMoment, name: str, origin: Array, quat_xyzw: Array) -> Any:
        transform = self._make(
            "geometry_msgs/Transform",
            translation=self._vector("geometry_msgs/Vector3", origin),
            rotation=self._quaternion(quat_xyzw),
        )
        header = self._header(moment)
        kind = "geometry_msgs/TransformStamped"
        return self._make(kind, header=header, child_frame_id=name, transform=transform)

    def _marker(
        self, moment: LiftedMoment, namespace: str, index: int, points: Array, colors: list[Any]
    ) -> Any:
        kind = self._types["visualization_msgs/msg/Marker"]
        place = self._make(
            "geometry_msgs/Pose",
            position=self._vector("geometry_msgs/Point", np.zeros(3)),
            orientation=self._quaternion(np.array([0.0, 0.0, 0.0, 1.0])),
        )
        point, line = _NODE.marker_point_size, _NODE.marker_line_width
        size = np.full(3, point) if index == 0 else np.array([line, 0, 0])
        sec, nanosec = divmod(round(1e9 * _NODE.marker_lifetime), 1_000_000_000)
        return kind(
            header=self._header(moment),
            ns=namespace,
            id=index,
            type=kind.SPHERE_LIST if index == 0 else kind.LINE_LIST,
            action=kind.ADD if len(points) else kind.DELETE,
            pose=place,
            scale=self._vector("geometry_msgs/Vector3", size),
            color=self._make("std_msgs/ColorRGBA", r=1.0, g=1.0, b=1.0, a=1.0),
            lifetime=self._make("builtin_interfaces/Duration", sec=sec, nanosec=nanosec),
            points=[self._vector("geometry_msgs/Point", point) for point in points],
            colors=colors,
            **self._unused(),
        )

    def _unused(self) -> dict[str, Any]:
        """The fields of a marker that ours have no use for; rosbags has no defaults."""
        never = self._make("builtin_interfaces/Time", sec=0, nanosec=0)
        header = self._make("std_msgs/Header", stamp=never, frame_id="")
        nothing = np.zeros(0, np.uint8)
        return {
            "frame_locked": False,
            "texture_resource": "",
            "texture": self._make(
                "sensor_msgs/CompressedImage", header=header, format="", data=nothing
            ),
            "uv_coordinates": [],
            "text": "",
            "mesh_resource": "",
            "mesh_file": self._make("visualization_msgs/MeshFile", filename="", data=nothing),
            "mesh_use_embedded_materials": False,
        }

    def _colors(
        self, moment: LiftedMoment, rows: NDArray[np.integer], seen: NDArray[np.bool_]
    ) -> list[Any]:
        """Colours of points of the instances ``rows``: fainter where they were filled in."""
        rgb = instance_colors(moment.tracked.instance_id[rows])
        alpha = np.where(seen, _NODE.marker_alpha, _NODE.marker_filled_alpha)
        return [
            self._make("std_msgs/ColorRGBA", r=float(r), g=float(g), b=float(b), a=float(a))
            for (r, g, b), a in zip(rgb, alpha, strict=True)
        ]

    def _header(self, moment: LiftedMoment) -> Any:
        sec, nanosec = divmod(moment.frame.stamp_ns, 1_000_000_000)
        stamp = self._make("builtin_interfaces/Time", sec=sec, nanosec=nanosec)
        return self._make("std_msgs/Header", stamp=stamp, frame_id=moment.frame_id)

    def _fields(self) -> list[Any]:
        assert POINT_DTYPE.fields is not None
        made = []
        for name in POINT_DTYPE.names or ():
            form, offset = POINT_DTYPE.fields[name][:2]
            kind = _DATATYPES[np.dtype(form).name]
            made.append(
                self._make(
                    "sensor_msgs/PointField", name=name, offset=offset, datatype=kind, count=1
                )
            )
        return made

    def _vector(self, kind: str, values: Any) -> Any:
        return self._make(kind, **dict(zip("xyz", map(float, values), strict=True)))

    def _quaternion(self, xyzw: Any) -> Any:
        numbers = dict(zip("xyzw", map(float, xyzw), strict=True))
        return self._make("geometry_msgs/Quaternion", **numbers)

    def _make(self, kind: str, **fields: Any) -> Any:
        package, name = kind.split("/")
        return self._types[f"{package}/msg/{name}"](**fields)

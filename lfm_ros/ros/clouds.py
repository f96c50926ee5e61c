"""The two PointCloud2 layouts: 2D keypoints in, 3D keypoints out.

Both have one row an instance and one column a keypoint, so an array of shape (B, K) and a cloud
of height B and width K are the same bytes. Rigs with fewer keypoints than the widest are padded.

``keypoints`` (20 bytes a point)::

    u          float32 @0    pixels, x right           confidence  float32 @8   0: missing
    v          float32 @4    pixels, y down            instance_id int32   @12
    (0, 0): missing                                    skeleton    int32   @16

``keypoints_3d`` and ``ground_truth`` (40 bytes a point)::

    x y z      float32 @0 @4 @8  metres, the header's frame, NaN: no point
    sigma      float32 @12   metres                    confidence   float32 @16
    observed   uint8   @20   0: filled in              scale_source uint8   @21
    slot       int16   @22   of its TF frame, -1: none
    instance_id int32  @24   skeleton int32 @28        keypoint     int32   @32  -1: padding
    place_sigma float32 @36  metres

Readers go by the field descriptions in the message, never by these offsets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import MessageError
from lfm_ros.ros.cdr_reader import CloudView
from lfm_ros.ros.point_fields import cloud_from_cells, cloud_layout

if TYPE_CHECKING:
    from sensor_msgs.msg import PointCloud2

KEYPOINT_DTYPE = np.dtype(
    {
        "names": ["u", "v", "confidence", "instance_id", "skeleton"],
        "formats": ["<f4", "<f4", "<f4", "<i4", "<i4"],
        "offsets": [0, 4, 8, 12, 16],
        "itemsize": 20,
    }
)
POINT_DTYPE = np.dtype(
    {
        "names": [
            *("x", "y", "z", "sigma", "confidence"),
            *("observed", "scale_source", "slot"),
            *("instance_id", "skeleton", "keypoint", "place_sigma"),
        ],
        "formats": [*["<f4"] * 5, "u1", "u1", "<i2", *["<i4"] * 3, "<f4"],
        "offsets": [0, 4, 8, 12, 16, 20, 21, 22, 24, 28, 32, 36],
        "itemsize": 40,
    }
)
# The fields of a keypoint; those of its instance, with what holds where the message has no such.
_SEEN = ("u", "v", "confidence")
_WHOSE = {"instance_id": -1, "skeleton": 0}
_LARGEST = 2**31 - 1
#: ``Points.slot`` of who has no TF frame.
NO_SLOT = -1


@dataclass(frozen=True)
class Keypoints:
    """What a ``keypoints`` cloud holds.

    Attributes:
        uv: Pixels, shape (B, K, 2), float32, x right, y down; NaN or (0, 0) where missing.
        confidence: Shape (B, K), float32.
        instance_id: Shape (B,), int32; -1 where the message has no such field.
        skeleton: Shape (B,), int32; 0 where the message has no such field.
    """

    uv: NDArray[np.float32]
    confidence: NDArray[np.float32]
    instance_id: NDArray[np.int32]
    skeleton: NDArray[np.int32]


@dataclass(frozen=True)
class Points:
    """What a ``keypoints_3d`` cloud holds.

    Attributes:
        xyz: Metres in the frame of the header, shape (B, K, 3), float32; NaN where there is none.
        sigma: Standard deviation of a keypoint within its object, metres, shape (B, K), float32.
        place_sigma: Standard deviation of the place of the whole object, metres, shape (B,),
            float32; NaN where the message has no such field.
        confidence: Of the 2D keypoint, shape (B, K), float32.
        observed: False where the network filled the keypoint in, shape (B, K), bool.
        scale_source: Index into ``lfm_ros.core.placement.SCALE_SOURCES``, shape (B,), uint8.
        slot: What stands for an instance in the name of its TF frame, shape (B,), int16; -1 for
            none, or where the message has no such field.
        instance_id: Shape (B,), int32.
        skeleton: Shape (B,), int32.
    """

    xyz: NDArray[np.float32]
    sigma: NDArray[np.float32]
    place_sigma: NDArray[np.float32]
    confidence: NDArray[np.float32]
    observed: NDArray[np.bool_]
    scale_source: NDArray[np.uint8]
    slot: NDArray[np.int16]
    instance_id: NDArray[np.int32]
    skeleton: NDArray[np.int32]


def encode_keypoints(header: Any, keypoints: Keypoints) -> PointCloud2:
    """The ``keypoints`` message of a frame.

    Args:
        header: ``std_msgs/msg/Header``, taken over as it is.
        keypoints: Arrays of one shape (B, K); padding has confidence 0.
    """
    cells = np.zeros(keypoints.uv.shape[:2], KEYPOINT_DTYPE)
    cells["u"], cells["v"] = keypoints.uv[..., 0], keypoints.uv[..., 1]
    cells["confidence"] = keypoints.confidence
    cells["instance_id"] = keypoints.instance_id[:, None]
    cells["skeleton"] = keypoints.skeleton[:, None]
    return cloud_from_cells(header, cells, dense=bool(np.isfinite(keypoints.uv).all()))


def decode_keypoints(message: PointCloud2 | CloudView) -> Keypoints:
    """Read a ``keypoints`` cloud by its own field descriptions.

    ``u``, ``v`` and ``confidence`` may be float32 or float64, ``instance_id`` and ``skeleton`` any
    integer type with values that fit into int32; both may be absent. A cloud without points needs
    no fields.

    Raises:
        MessageError: The cloud is big-endian, truncated, lacks a field, has one of a wrong type,
            or ``instance_id`` or ``skeleton`` changes along a row or is too large for int32.
    """
    return KeypointLayout(message).read(message.data)


class KeypointLayout:
    """How a ``keypoints`` cloud describes its points: checked once for all that say the same.

    Args:
        message: One of them.

    Raises:
        MessageError: As ``decode_keypoints``, but for what only the points themselves tell.
    """

    def __init__(self, message: PointCloud2 | CloudView) -> None:
        layout = cloud_layout(message, dict.fromkeys(_SEEN, "f"), dict.fromkeys(_WHOSE, "i"))
        self._shape = layout.shape
        self._seen = layout.planes(_SEEN)
        self._told = [name for name in _WHOSE if name in layout.fields]
        self._whose = layout.planes(self._told) if self._told else None

    def read(self, data: Any, start: int = 0) -> Keypoints:
        """The keypoints, copied.

        Args:
            data: What holds the points.
            start: Where in it they begin.

        Raises:
            MessageError: ``instance_id`` or ``skeleton`` changes along a row, or is too large.
        """
        uv = np.empty((*self._shape, 2), np.float32)
        uv[..., 0], uv[..., 1], confidence = self._seen.of(data, start)
        told = {} if self._whose is None else _row_values(self._told, self._whose.of(data, start))
        for name, default in _WHOSE.items():
            if name not in told:
                told[name] = np.full(len(uv), default, np.int32)
        return Keypoints(uv, confidence.astype(np.float32), **told)


def encode_points(header: Any, points: Points, widths: NDArray[np.integer]) -> PointCloud2:
    """The ``keypoints_3d`` (or ``ground_truth``) message of a frame.

    Args:
        header: ``std_msgs/msg/Header``, taken over as it is.
        points: Arrays of one shape (B, K).
        widths: How many keypoints the rig of each row has, shape (B,). What is to the right is
            padding: NaN, and keypoint -1.
    """
    cells = point_cells(points, widths)
    return cloud_from_cells(header, cells, dense=is_dense(cells))


def point_cells(points: Points, widths: NDArray[np.integer]) -> NDArray[np.void]:
    """The points of a ``keypoints_3d`` message, shape (B, K) of ``POINT_DTYPE``.

    Args:
        points: Arrays of one shape (B, K).
        widths: As for ``encode_points``.
    """
    shape = points.xyz.shape[:2]
    column = np.arange(shape[1], dtype=np.int32)[None, :]
    cells = np.zeros(shape, POINT_DTYPE)
    for axis, name in enumerate("xyz"):
        cells[name] = points.xyz[..., axis]
    cells["sigma"], cells["confidence"] = points.sigma, points.confidence
    cells["observed"], cells["keypoint"] = points.observed, column
    padding = column >= np.asarray(widths)[:, None]
    if padding.any():
        for name in ("x", "y", "z", "sigma"):
            cells[name][padding] = np.nan
        cells["confidence"][padding] = cells["observed"][padding] = 0
        cells["keypoint"][padding] = -1
    for name in ("scale_source", "slot", "instance_id", "skeleton", "place_sigma"):
        cells[name] = getattr(points, name)[:, None]
    return cells


def is_dense(cells: NDArray[np.void]) -> bool:
    """Whether every point of a ``keypoints_3d`` message has coordinates."""
    return bool(np.isfinite(cells["x"]).all())


def decode_points(message: PointCloud2) -> Points:
    """Read a ``keypoints_3d`` cloud by its own field descriptions.

    Raises:
        MessageError: The cloud is big-endian, truncated, lacks a field or has one of a wrong type.
    """
    floats = dict.fromkeys(("x", "y", "z", "sigma", "confidence"), "f")
    whole = dict.fromkeys(("observed", "scale_source", "instance_id", "skeleton"), "i")
    layout = cloud_layout(message, {**floats, **whole}, {"place_sigma": "f", "slot": "i"})
    columns = layout.columns(message.data)
    whose = ("scale_source", "instance_id", "skeleton")
    told = _row_values(whose, layout.planes(whose).of(message.data))
    return Points(
        xyz=np.stack([columns[axis] for axis in "xyz"], -1).astype(np.float32),
        sigma=columns["sigma"].astype(np.float32),
        place_sigma=_first(columns, "place_sigma", np.nan).astype(np.float32),
        confidence=columns["confidence"].astype(np.float32),
        observed=columns["observed"].astype(bool),
        scale_source=told["scale_source"].astype(np.uint8),
        slot=_first(columns, "slot", NO_SLOT).astype(np.int16),
        instance_id=told["instance_id"],
        skeleton=told["skeleton"],
    )


def _first(columns: Mapping[str, NDArray[Any]], name: str, default: float) -> NDArray[Any]:
    """What a field that may be absent says in the first point of each row, shape (B,)."""
    cells = columns.get(name)
    if cells is None or cells.size == 0:
        return np.full(len(columns["x"]), default)
    return cells[:, 0]


def _row_values(names: Sequence[str], cells: NDArray[Any]) -> dict[str, NDArray[np.int32]]:
    """The one value that each field of an instance has along its row, shape (B,).

    Args:
        names: Of the fields.
        cells: What they say, shape (fields, B, K).
    """
    first = cells[..., :1]
    same = cells == first
    if not same.all():
        field, row, _ = np.argwhere(~same)[0]
        raise MessageError(
            f"PointCloud2 field {names[field]} changes along row {row}; it belongs to the "
            "instance: put the same value in every point of a row (one row an instance)"
        )
    # Other integers may hold what int32 does not, and would come out as somebody else.
    if cells.dtype != np.int32 and (first > _LARGEST).any():
        field, row, _ = np.argwhere(first > _LARGEST)[0]
        raise MessageError(
            f"PointCloud2 field {names[field]} is {first[field, row, 0]} in row {row}; give "
            f"numbers up to {_LARGEST}, and -1 in an int32 where it is not known"
        )
    values = first.reshape(len(names), -1).astype(np.int32, order="C")
    return dict(zip(names, values, strict=True))

"""PointCloud2 messages as numpy structured arrays, and back, with every check on the way in.

Reading needs no ROS: whatever has the message's fields will do.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import MessageError
from lfm_ros.ros.cdr_reader import CloudView

if TYPE_CHECKING:
    from sensor_msgs.msg import PointCloud2, PointField

# The constants of sensor_msgs/msg/PointField, INT8 = 1 to FLOAT64 = 8.
_FORMATS = ("i1", "u1", "<i2", "<u2", "<i4", "<u4", "<f4", "<f8")
_DATATYPES = {code: np.dtype(form) for code, form in enumerate(_FORMATS, 1)}
_CODES = {dtype: code for code, dtype in _DATATYPES.items()}
_KINDS = {"f": "float32 or float64", "i": "an integer type"}


def cloud_from_cells(header: Any, cells: NDArray[np.void], *, dense: bool) -> PointCloud2:
    """A cloud of the structured array ``cells``, shape (height, width), field by field.

    Args:
        header: ``std_msgs/msg/Header``, taken over as it is.
        cells: Little-endian numbers; the field names and offsets become the message's.
        dense: That no point is NaN.
    """
    message = cloud_message(header, cells.dtype, cells.tobytes(), dense=dense)
    message.height, message.width = cells.shape
    message.row_step = cells.dtype.itemsize * cells.shape[1]
    return message


def cloud_message(header: Any, dtype: np.dtype, data: bytes, *, dense: bool) -> PointCloud2:
    """A cloud that does not say yet how its points stand in rows.

    Args:
        header: ``std_msgs/msg/Header``, taken over as it is.
        dtype: Of a point; the field names and offsets become the message's.
        data: The points, row by row.
        dense: That no point is NaN.
    """
    from sensor_msgs.msg import PointCloud2

    message = PointCloud2()
    message.header = header
    message.fields = _fields(dtype)
    message.point_step = dtype.itemsize
    message.is_bigendian = False
    message.is_dense = dense
    # rclpy copies an array('B') as one block but checks every element of anything else.
    message.data = array("B", data)
    return message


def _fields(dtype: np.dtype) -> list[PointField]:
    from sensor_msgs.msg import PointField

    assert dtype.fields is not None
    return [
        PointField(name=name, offset=offset, datatype=_CODES[kind], count=1)
        for name, (kind, offset) in ((n, dtype.fields[n][:2]) for n in dtype.names or ())
    ]


class Planes:
    """Fields of a cloud that are read together, as one array with a plane for each.

    Where they have one type and stand at equal distances, which is how nearly everybody lays them
    out, that is a single look at the bytes.

    Args:
        fields: Type and offset of each, at least one.
        shape: Height and width of the cloud.
        steps: Bytes from a row to the next, and from a point to the next.
    """

    def __init__(
        self, fields: Sequence[tuple[np.dtype, int]], shape: tuple[int, int], steps: tuple[int, int]
    ) -> None:
        self._fields, self._shape, self._steps = fields, shape, steps
        gaps = {after - before for (_, before), (_, after) in pairwise(fields)}
        self._together = None
        if len(gaps) <= 1 and len({dtype for dtype, _ in fields}) == 1:
            self._together = (len(fields), *shape), (max(gaps, default=0), *steps)

    def of(self, data: Any, start: int = 0) -> NDArray[Any]:
        """The fields, shape (fields, height, width); mostly a view of the bytes.

        Args:
            data: What holds the points.
            start: Where in it they begin.
        """
        if self._together is not None:
            dtype, offset = self._fields[0]
            shape, steps = self._together
            return np.ndarray(shape, dtype, data, start + offset, steps)
        return np.stack(
            [
                np.ndarray(self._shape, dtype, data, start + offset, self._steps)
                for dtype, offset in self._fields
            ]
        )


@dataclass(frozen=True)
class CloudLayout:
    """Where some fields of a cloud stand in its data, which is known to be long enough.

    Attributes:
        shape: Height and width.
        steps: Bytes from a row to the next, and from a point to the next.
        fields: Type and offset by name.
    """

    shape: tuple[int, int]
    steps: tuple[int, int]
    fields: Mapping[str, tuple[np.dtype, int]]

    def columns(self, data: Any) -> dict[str, NDArray[Any]]:
        """The fields one by one, shape (height, width) each; views of the data."""
        return {
            name: np.ndarray(self.shape, dtype, data, offset, self.steps)
            for name, (dtype, offset) in self.fields.items()
        }

    def planes(self, names: Sequence[str]) -> Planes:
        """Some of the fields to be read together."""
        return Planes([self.fields[name] for name in names], self.shape, self.steps)


def cloud_layout(
    message: PointCloud2 | CloudView, required: Mapping[str, str], optional: Mapping[str, str]
) -> CloudLayout:
    """Where the fields of a cloud stand.

    Args:
        message: Any point_step and row_step, padding and further fields are fine.
        required: Field name to kind: "f" (float32 or float64) or "i" (any integer type).
        optional: The same for fields that may be absent, and are then absent from the result.

    Returns:
        A cloud without points needs no fields and has shape (0, width): an unorganised empty cloud
        has height 1 and width 0, and no instance all the same.

    Raises:
        MessageError: The cloud is big-endian, truncated, lacks a field or has one of a wrong type.
    """
    if message.height * message.width == 0:
        nowhere = (np.dtype(np.float32), 0)
        return CloudLayout((0, message.width), (0, 0), dict.fromkeys(required, nowhere))
    if message.is_bigendian:
        raise MessageError(
            "PointCloud2 is big-endian (is_bigendian is true), which is not supported; "
            "publish little-endian data"
        )
    present = {field.name: field for field in message.fields}
    missing = [name for name in required if name not in present]
    if missing:
        raise MessageError(
            f"PointCloud2 has no field {', '.join(missing)}: found {', '.join(present) or 'none'}; "
            f"expected {', '.join([*required, *optional])}"
        )
    wanted = {n: k for n, k in {**required, **optional}.items() if n in present}
    fields = {n: _checked(present[n], k, message) for n, k in wanted.items()}
    _check_room(message)
    shape, steps = (message.height, message.width), (message.row_step, message.point_step)
    return CloudLayout(shape, steps, fields)


def _checked(field: Any, kind: str, message: PointCloud2 | CloudView) -> tuple[np.dtype, int]:
    dtype = _DATATYPES.get(field.datatype)
    if dtype is None or (dtype.kind == "f") != (kind == "f"):
        found = dtype.name if dtype is not None else f"unknown type {field.datatype}"
        raise MessageError(
            f"PointCloud2 field {field.name} is {found}; publish it as {_KINDS[kind]}"
        )
    # count 0 is what some publishers leave it at; PointField says it means nothing then.
    if field.count > 1:
        raise MessageError(
            f"PointCloud2 field {field.name} has count {field.count}; publish one value a point"
        )
    if field.offset + dtype.itemsize > message.point_step:
        raise MessageError(
            f"PointCloud2 field {field.name} ends at byte {field.offset + dtype.itemsize}, beyond "
            f"point_step {message.point_step}; correct the offset or point_step"
        )
    return dtype, field.offset


def _check_room(message: PointCloud2 | CloudView) -> None:
    row = message.width * message.point_step
    if message.row_step < row:
        raise MessageError(
            f"PointCloud2 row_step is {message.row_step}, less than width times point_step "
            f"({row}); correct row_step"
        )
    needed = (message.height - 1) * message.row_step + row
    if len(message.data) < needed:
        raise MessageError(
            f"PointCloud2 is truncated: {len(message.data)} bytes of data where height, row_step "
            f"and width ask for {needed}; publish the whole cloud"
        )

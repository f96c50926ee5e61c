"""``docs/topics.md``: topics, services and the layouts of the point clouds."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lfm_ros.core.placement import SCALE_SOURCES
from lfm_ros.ros.clouds import KEYPOINT_DTYPE, POINT_DTYPE
from lfm_ros.ros.endpoints import FIELDS, INPUTS, OUTPUTS, SERVICES, Endpoint
from lfm_ros.ros.input_types import INPUT_TYPES
from tools.docs.markdown import code, head, table

CLOUDS = {"keypoints": KEYPOINT_DTYPE, "keypoints_3d": POINT_DTYPE}


def page() -> str:
    about = (
        "Names without a slash are relative: namespaces and remapping work. Frames and units:\n"
        "[conventions](conventions.md); what happens with them: [the ROS 2 interface](ros.md)."
    )
    types = ", ".join(map(code, INPUT_TYPES))
    parts = [
        head("Topics and services of the lifter", "`lfm_ros/ros/endpoints.py`", about),
        f"## Read\n\n{_endpoints(INPUTS)}\nTypes that `input_type` knows: {types}.\n",
        f"## Published\n\n{_endpoints(OUTPUTS)}",
        f"## Services\n\n{_endpoints(SERVICES)}",
        *(_layout(name, dtype) for name, dtype in CLOUDS.items()),
    ]
    sources = ", ".join(f"{index} {name}" for index, name in enumerate(SCALE_SOURCES))
    return "\n".join([*parts, f"`scale_source`: {sources}.\n"])


def _endpoints(endpoints: Iterable[Endpoint]) -> str:
    rows = [(code(one.name), code(one.type), one.description) for one in endpoints]
    return table(("name", "type", ""), rows)


def _layout(name: str, dtype: np.dtype) -> str:
    """The table of a cloud's fields."""
    told = FIELDS[name]
    assert set(told) == set(dtype.names or ()), f"FIELDS of {name} are not those of its layout"
    rows = []
    for field in dtype.names or ():
        kind, offset = dtype.fields[field][:2]  # type: ignore[index]
        rows.append((code(field), np.dtype(kind).name, str(offset), told[field]))
    about = (
        f"`{name}`: {dtype.itemsize} bytes a point as it is published. Readers go by the field\n"
        "descriptions in the message, so other offsets and padding are read too."
    )
    fields = table(("field", "type", "offset", ""), rows)
    return f"## Layout of {name}\n\n{about}\n\n{fields}"

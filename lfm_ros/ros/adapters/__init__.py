"""Detection messages of many packages, read as ``Keypoints2D``.

An adapter is a module with ``MESSAGE``, the message class, and ``adapt(message, rigs)``; with
``RAW = True`` it gets the serialised message instead. It is
imported only when the parameter ``input_type`` names it, so none but the default's package has to
be there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from lfm_ros.core.errors import MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters.keypoints2d import Keypoints2D

DEFAULT_INPUT_TYPE = "sensor_msgs/msg/PointCloud2"

_MODULES = {
    DEFAULT_INPUT_TYPE: "lfm_ros.ros.adapters.pointcloud2",
}
INPUT_TYPES = tuple(_MODULES)


@dataclass(frozen=True)
class Adapter:
    """How one message type is read.

    Attributes:
        message: The message class to subscribe to.
        adapt: From a message and the rigs in use to ``Keypoints2D``; raises MessageError.
        raw: Whether ``adapt`` takes serialised messages, as a raw subscription hands them out.
    """

    message: type
    adapt: Callable[[Any, Sequence[Skeleton]], Keypoints2D]
    raw: bool = False


def load_adapter(input_type: str) -> Adapter:
    """The adapter of a message type such as ``sensor_msgs/msg/PointCloud2``.

    Raises:
        MessageError: The type is not known, or its package is not installed.
    """
    if input_type not in _MODULES:
        raise MessageError(f"input_type is {input_type!r}; choose one of {', '.join(INPUT_TYPES)}")
    try:
        module = import_module(_MODULES[input_type])
    except ModuleNotFoundError as error:
        package = input_type.split("/")[0]
        raise MessageError(
            f"input_type {input_type} needs the package {package}, which cannot be imported "
            f"({error}); install it, or source the workspace that has it"
        ) from error
    return Adapter(module.MESSAGE, module.adapt, getattr(module, "RAW", False))


__all__ = ["DEFAULT_INPUT_TYPE", "INPUT_TYPES", "Adapter", "Keypoints2D", "load_adapter"]

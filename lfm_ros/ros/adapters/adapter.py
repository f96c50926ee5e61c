"""How one message type is read: what the node knows of an adapter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters.keypoints2d import Keypoints2D


@dataclass(frozen=True)
class Adapter:
    """How one message type is read.

    Attributes:
        message: The message class to subscribe to.
        adapt: From a message and the rigs in use to ``Keypoints2D``; raises MessageError.
        rigs: The rigs in use.
        raw: Whether ``adapt`` takes serialised messages, as a raw subscription hands them out.
        topics: Patterns of the topics to read unless a parameter says otherwise; empty:
            ``keypoints``.
        names_optical_frame: Whether the messages name the frame that the pixels belong to; else it
            is that of camera_info.
    """

    message: type
    adapt: Callable[[Any, Sequence[Skeleton]], Keypoints2D]
    rigs: tuple[Skeleton, ...]
    raw: bool = False
    topics: tuple[str, ...] = ()
    names_optical_frame: bool = True

    @property
    def type_name(self) -> str:
        """The message type as ROS names it."""
        return f"{self.message.__module__.split('.')[0]}/msg/{self.message.__name__}"

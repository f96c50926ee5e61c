"""What an adapter for the messages of another package is: a reader of its instances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters.instance import Instance
from lfm_ros.ros.parameters import LifterParameters


class Reader(ABC):
    """Reads one message type by its fields, so that it needs no import of the package.

    Args:
        settings: Of which it takes what it needs.

    Attributes:
        fields: What it reads, for ``missing_fields``.
        topics: Patterns of the topics to read where the parameter ``input_topics`` has none, for
            messages of one object each; empty: ``keypoints``.
        normalized: Whether points are shares of the image.
        names_optical_frame: Whether the header names the frame that the pixels belong to.
        rig: Of the instances whose class has no other; None: the first of ``skeletons``.
    """

    fields: ClassVar[Mapping[str, str]]
    topics: ClassVar[tuple[str, ...]] = ()
    normalized: ClassVar[bool] = False
    names_optical_frame: ClassVar[bool] = True
    rig: Skeleton | None = None

    def __init__(self, settings: LifterParameters) -> None:
        del settings  # most messages say everything

    @abstractmethod
    def instances(self, message: Any) -> list[Instance]:
        """What was detected.

        Raises:
            MessageError: The content cannot be read.
        """

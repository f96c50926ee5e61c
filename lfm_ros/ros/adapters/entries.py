"""Parameters that are lists of ``left: right``, the only mapping that ROS parameters can hold."""

from __future__ import annotations

from collections.abc import Sequence

from lfm_ros.core.errors import MessageError


def read_entries(parameter: str, entries: Sequence[str], example: str) -> dict[str, str]:
    """The mapping in a list of texts, empty texts left out.

    Args:
        parameter: Its name, for the message.
        entries: Such as ``person: coco17``. The last colon parts the sides.
        example: An entry as it should be, for the message.

    Raises:
        MessageError: An entry has no two sides, or a left side is there twice.
    """
    mapping: dict[str, str] = {}
    for entry in entries:
        if not entry.strip():
            continue
        left, colon, right = (part.strip() for part in entry.rpartition(":"))
        if not (left and colon and right):
            raise MessageError(f"{parameter} has {entry!r}; write it like {example!r}")
        if left in mapping:
            raise MessageError(f"{parameter} has {left!r} twice; keep one of them")
        mapping[left] = right
    return mapping

"""Values that a command line or a file gives to parameters that there are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from rclpy.node import Node

# Declared when the endpoints are made that they are of.
_LATER = "qos_overrides."


def unknown_overrides(node: Node, known: Iterable[str]) -> Iterator[str]:
    """A sentence for each of them, for rclpy takes them in silence.

    Args:
        node: Everything that it has must be declared by now.
        known: Names that may have been meant.
    """
    # Nothing public tells; every rclpy from Humble on has it.
    for name in sorted(getattr(node, "_parameter_overrides", ())):
        if not node.has_parameter(name) and not name.startswith(_LATER):
            nearest = get_close_matches(name, known, 1)
            meant = f"; did you mean {nearest[0]}?" if nearest else ""
            yield f"{name} is no parameter of {node.get_name()}, so its value is not used{meant}"

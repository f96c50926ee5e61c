"""Which sizes of call an engine is built for, and how a call finds its place among them.

A builder chooses kernels for one range of shapes at a time. One instance, a frame and a crowd want
different ones, so an engine holds a profile for each; a call larger than all of them is cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from lfm_ros.core.errors import EngineError

FEWEST_KEYPOINTS, MOST_KEYPOINTS = 2, 256


class Shape(NamedTuple):
    """Size of a call."""

    batch: int
    keypoints: int


@dataclass(frozen=True)
class Profile:
    """A range of sizes.

    Attributes:
        name: What the range is for.
        lowest: Fewest instances and keypoints.
        usual: The size that kernels are chosen for.
        highest: Most instances and keypoints.
    """

    name: str
    lowest: Shape
    usual: Shape
    highest: Shape

    def holds(self, batch: int, keypoints: int) -> bool:
        """Whether a call of this size may use it."""
        fits_batch = self.lowest.batch <= batch <= self.highest.batch
        return fits_batch and self.lowest.keypoints <= keypoints <= self.highest.keypoints


#: In the order in which a call tries them; the index is the engine's.
PROFILES = (
    Profile("one instance", Shape(1, 2), Shape(1, 32), Shape(1, 256)),
    Profile("a frame", Shape(1, 2), Shape(8, 32), Shape(64, 256)),
    Profile("a crowd of few keypoints", Shape(64, 2), Shape(256, 32), Shape(1024, 32)),
    Profile("a crowd of many keypoints", Shape(64, 33), Shape(64, 136), Shape(256, 136)),
)


def choose(batch: int, keypoints: int) -> int:
    """Index of the profile that serves a call.

    Args:
        batch: Instances, after ``split``.
        keypoints: Keypoints of each.

    Raises:
        EngineError: No profile holds it: cut the batch with ``split`` first.
    """
    most = _most_instances(keypoints)
    for index, profile in enumerate(PROFILES):
        if profile.holds(batch, keypoints):
            return index
    raise EngineError(
        f"no profile holds {batch} instances of {keypoints} keypoints, from 1 to {most} do; cut "
        "the batch with lfm_ros.engines.profiles.split"
    )


def split(batch: int, keypoints: int) -> list[slice]:
    """Cut a batch into calls that a profile holds, all but the last of them of full size.

    Args:
        batch: Instances; 0 gives no call.
        keypoints: Keypoints of each.

    Raises:
        EngineError: More keypoints than an engine takes.
    """
    most = _most_instances(keypoints)
    return [slice(start, min(start + most, batch)) for start in range(0, batch, most)]


def dimensions(described: str, shape: Shape, rigs: int) -> tuple[int, ...]:
    """Dimensions of an input at a size of call.

    Args:
        described: What the model's manifest says of the input: ``float32 (B, K, 2): ...``.
        shape: Instances and keypoints.
        rigs: Number of rigs in the call.

    Raises:
        EngineError: The description has no shape, or one with unknown letters.
    """
    free = {"B": shape.batch, "K": shape.keypoints, "S": rigs}
    found = re.search(r"\(([^)]*)\)", described)
    parts = [part.strip() for part in found.group(1).split(",") if part.strip()] if found else []
    if not parts or any(part not in free and not part.isdigit() for part in parts):
        raise EngineError(
            f"the manifest describes an input as {described!r}; expected a shape of B, K, S and "
            "numbers, such as 'float32 (B, K, 2)': export the model again"
        )
    return tuple(free[part] if part in free else int(part) for part in parts)


def _most_instances(keypoints: int) -> int:
    if keypoints > MOST_KEYPOINTS:
        raise EngineError(
            f"{keypoints} keypoints are more than a TensorRT engine takes ({MOST_KEYPOINTS}); "
            "ONNX Runtime takes them: choose backend 'onnxruntime'"
        )
    if keypoints < FEWEST_KEYPOINTS:
        raise EngineError(
            f"{keypoints} keypoints are fewer than a TensorRT engine takes ({FEWEST_KEYPOINTS}); "
            "pad them with confidence 0"
        )
    fitting = [
        p.highest for p in PROFILES if p.lowest.keypoints <= keypoints <= p.highest.keypoints
    ]
    return max(shape.batch for shape in fitting)

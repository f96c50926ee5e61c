"""A call cut into smaller ones along its instances, and their results joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.engines.base import Arrays


def cut(inputs: Arrays, part: slice) -> dict[str, NDArray[Any]]:
    """The instances of a slice, and no rigs but theirs."""
    chosen = {name: value[part] for name, value in inputs.items() if name != "adjacency"}
    adjacency = inputs["adjacency"]
    if len(adjacency) > 1:
        rigs = chosen["skeleton_index"]
        used, index = np.unique(rigs, return_inverse=True)
        chosen["skeleton_index"] = index.astype(rigs.dtype)
        adjacency = adjacency[used]
    return {**chosen, "adjacency": adjacency}


def joined(found: Sequence[dict[str, NDArray[np.float32]]]) -> dict[str, NDArray[np.float32]]:
    """The outputs of all parts, one after the other."""
    if len(found) == 1:
        return found[0]
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}

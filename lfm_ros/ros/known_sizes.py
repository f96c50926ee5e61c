"""The parameter ``known_sizes``: how large the objects of a rig are, where that is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import MessageError
from lfm_ros.core.skeleton import LARGEST_SIZE, Skeleton
from lfm_ros.ros.adapters.entries import read_entries

_EXAMPLE = "car12: 25.4"


def known_sizes(entries: Sequence[str], rigs: Sequence[Skeleton]) -> NDArray[np.float64] | None:
    """Size in metres of each rig, shape (S,), NaN where it is not known; None if no entry is there.

    Args:
        entries: Texts such as ``car12: 25.4``, by ``lfm_ros.core.placement.size``.
        rigs: The S rigs in use.

    Raises:
        MessageError: An entry names no rig in use, or is no number of metres.
    """
    given = read_entries("known_sizes", entries, _EXAMPLE)
    if not given:
        return None
    place = {rig.name: index for index, rig in enumerate(rigs)}
    sizes = np.full(len(rigs), np.nan)
    for name, text in given.items():
        if name not in place:
            raise MessageError(
                f"known_sizes has {name!r}, which is not one of the rigs in use: {', '.join(place)}"
            )
        sizes[place[name]] = _metres(name, text)
    return sizes


def _metres(name: str, text: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = np.nan
    if not 0 < size <= LARGEST_SIZE:
        raise MessageError(
            f"known_sizes has {text!r} for {name!r}; write metres above 0, as in {_EXAMPLE!r}"
        )
    return size

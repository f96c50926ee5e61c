"""The parameter ``known_sizes``: how large the objects of a rig are, where that is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import MessageError
from lfm_ros.core.skeleton import LARGEST_SIZE, Skeleton
from lfm_ros.ros.adapters.entries import read_entries
from lfm_ros.size_doubts import size_doubt


def known_sizes(
    entries: Sequence[str], rigs: Sequence[Skeleton], doubt: Callable[[str], None]
) -> NDArray[np.float64] | None:
    """Size in metres of each rig, shape (S,), NaN where it is not known; None if no entry is there.

    Args:
        entries: Texts such as ``car12: 25.4``, by ``lfm_ros.core.placement.size``. Of one rig the
            metres will do.
        rigs: The S rigs in use.
        doubt: Told of a size that is hard to believe.

    Raises:
        MessageError: An entry names no rig in use, or is no number of metres.
    """
    example = f"{rigs[0].name}: {rigs[0].nominal_size or 1:g}"
    given = _alone(entries, rigs) or read_entries("known_sizes", entries, example)
    if not given:
        return None
    place = {rig.name: index for index, rig in enumerate(rigs)}
    sizes = np.full(len(rigs), np.nan)
    for name, text in given.items():
        if name not in place:
            raise MessageError(
                f"known_sizes has {name!r}, which is not one of the rigs in use: {', '.join(place)}"
            )
        sizes[place[name]] = metres = _metres(name, text, example)
        why = size_doubt(rigs[place[name]], metres)
        if why:
            doubt(why)
    return sizes


def _alone(entries: Sequence[str], rigs: Sequence[Skeleton]) -> dict[str, str]:
    """The metres of the only rig, where they stand without its name."""
    if len(entries) == len(rigs) == 1 and entries[0].strip() and ":" not in entries[0]:
        return {rigs[0].name: entries[0].strip()}
    return {}


def _metres(name: str, text: str, example: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = np.nan
    if not 0 < size <= LARGEST_SIZE:
        raise MessageError(
            f"known_sizes has {text!r} for {name!r}; write metres above 0, as in {example!r}"
        )
    return size

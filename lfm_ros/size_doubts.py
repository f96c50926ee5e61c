"""Known sizes that are far from the usual ones: somebody's height, as a rule.

A doubt is told once in a process: by whoever reads the size from a user if he can, else as a
Python warning.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton

# Times the usual size, whatever the rig; and standard deviations of rigs whose sizes differ more.
_TIMES, _SPREADS = 2.0, 4.0
_told: set[str] = set()


def size_doubt(rig: Skeleton, metres: float) -> str:
    """Why a known size is hard to believe, which counts as told; empty where it is not.

    Args:
        rig: Of the objects.
        metres: By the definition of ``lfm_ros.core.placement.size``; NaN where not known.
    """
    if rig.nominal_size is None or not _is_odd(rig, np.array(metres)):
        return ""
    _told.add(rig.name)
    name = rig.name or "a rig"
    meaning = "the summed length of the edges" if rig.edges else "twice the radius of the keypoints"
    return (
        f"known size of {name}: {metres:g} m, where {rig.nominal_size:g} m is usual; it is "
        f"{meaning}. Is {metres:g} a height, or a length?"
    )


def warn_of_sizes(
    sizes: NDArray[np.float64], rigs: Sequence[Skeleton | None], rig_index: NDArray[np.integer]
) -> None:
    """Warn once of each rig with a doubtful size, unless that was told before.

    Args:
        sizes: (B,) metres, NaN where not known.
        rigs: Those in use.
        rig_index: (B,) which of them each instance has.
    """
    for index, rig in enumerate(rigs):
        if rig is None or rig.nominal_size is None or rig.name in _told:
            continue
        ours = sizes[rig_index == index]
        for metres in ours[_is_odd(rig, ours)][:1].tolist():
            # Past make_cues, make_batch and Lifter.lift, to the line that gave the size.
            warnings.warn(size_doubt(rig, metres), stacklevel=5)


def warn_of_bone(metres: float, rig: Skeleton | None) -> None:
    """Warn once of each rig whose bone is said to be longer than the whole can be.

    Args:
        metres: Length of the longest bone that was given.
        rig: Whose it is.
    """
    if rig is None or rig.nominal_size is None or rig.name in _told:
        return
    if metres > rig.nominal_size and _is_odd(rig, np.array(metres)):
        _told.add(rig.name)
        # Past _bones, make_cues, make_batch and Lifter.lift.
        warnings.warn(
            f"known size of a bone of {rig.name or 'a rig'}: {metres:g} m, where all edges "
            f"together are {rig.nominal_size:g} m as a rule; give metres",
            stacklevel=6,
        )


def _is_odd(rig: Skeleton, metres: NDArray[np.float64]) -> NDArray[np.bool_]:
    assert rig.nominal_size is not None
    beyond = max(math.log(_TIMES), _SPREADS * rig.size_spread)
    return np.abs(np.log(metres / rig.nominal_size)) > beyond

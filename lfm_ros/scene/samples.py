"""Random poses of the scene's rigs, for training without any downloaded data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.scene.cast import RIGS


def sample_rig(name: str, n: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], Skeleton]:
    """Random bodies of one rig in random plausible poses.

    Args:
        name: One of ``RIGS``.
        n: How many.
        rng: Source of all randomness.

    Returns:
        Keypoints (n, K, 3) in metres with z up, and the rig's skeleton.

    Raises:
        InputError: There is no such rig, or ``n`` is negative.
    """
    if name not in RIGS:
        raise InputError(f"rig {name!r} is not in the scene; use one of {sorted(RIGS)}")
    if n < 0:
        raise InputError(f"cannot sample {n} poses; give a number of 0 or more")
    rig = RIGS[name]
    return rig.sample(n, rng), rig.skeleton

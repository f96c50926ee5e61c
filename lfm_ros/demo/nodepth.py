"""What no depth at all gives: the picture itself as a flat shape. Lifting must beat it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.normalize import virtual_view
from lfm_ros.core.placement import scale_by_size
from lfm_ros.core.skeleton import Skeleton

Array = NDArray[np.float64]


def flat_points(
    pixels: Array,
    observed: NDArray[np.bool_],
    cameras: Sequence[Intrinsics],
    rigs: Sequence[Skeleton],
    rig_index: NDArray[np.int64],
) -> Array:
    """Put every instance on a plane across its own ray, as far away as its usual size says.

    The same camera model and the same cue of size as the lifter's, with the depth left out.

    Args:
        pixels: (B, K, 2), any value where not observed.
        observed: (B, K), at least one a row.
        cameras: B cameras.
        rigs: The S different rigs.
        rig_index: (B,) into ``rigs``.

    Returns:
        (B, K, 3) metres in the camera's optical frame; keypoints that were not observed lie in
        the middle of the others.
    """
    view = virtual_view(pixels, observed, cameras)
    flat = view.without_depth()
    factor = scale_by_size(flat, None, rigs, rig_index).factor
    flat[..., 2] += 1 / view.radius[:, None]
    return factor[:, None, None] * view.to_camera(flat)

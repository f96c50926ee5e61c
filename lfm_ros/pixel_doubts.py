"""Keypoints that look like shares of an image where pixels are meant: lifted, but said.

Once in a process: by the node if it can, else as a Python warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics

#: No object that is worth lifting is this many pixels large, nor always in the same corner.
CORNER = 2.0
_told = False


def share_doubt(points: NDArray[np.floating], size: tuple[int, int]) -> str:
    """Why keypoints are hard to take for pixels, which counts as told; empty where they are not.

    Args:
        points: What was seen, (N, 2).
        size: Width and height of the camera's image in pixels.
    """
    global _told
    if min(size) <= 10 * CORNER or np.abs(points).max(initial=0.0) > CORNER:
        return ""
    _told = True
    return (
        f"all {len(points)} keypoints lie within {CORNER:g} pixels of the corner of an image of "
        f"{size[0]}x{size[1]}: they look normalised to 0..1"
    )


def warn_of_shares(
    pixels: NDArray[np.floating],
    seen: NDArray[np.bool_],
    cameras: Sequence[Intrinsics] | None,
    fewest: int = 4,
) -> None:
    """Warn unless that was told before.

    Args:
        pixels: (B, K, 2), zeros where not seen.
        seen: (B, K).
        cameras: Of the instances; without one nothing is said of pixels.
        fewest: Keypoints of whom something can be said.
    """
    # One number of nearly every frame says that it is in pixels.
    if _told or not cameras or not pixels.size or abs(pixels.item(0)) > CORNER:
        return
    points = pixels[seen]
    if len(points) < fewest or not points.any():
        return
    size = min((camera.size for camera in cameras), key=min)
    doubt = share_doubt(points, size)
    if doubt:
        # Past make_batch and Lifter.lift, to the line that gave the keypoints.
        warnings.warn(f"{doubt}; multiply them by the size of the image", stacklevel=4)

"""Depth images of objects whose truth is known, and what cameras do to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Intrinsics, Skeleton

Array = NDArray[np.float64]

_WIDTH = 480
_PER_EDGE = 24
# The wall behind, in distances of the object.
_WALL = 1.5
# Blocks in which pixels are wrong together: a window would average single ones away.
_BLOCK = 9


@dataclass(frozen=True)
class Fault:
    """What is wrong with a depth image.

    Attributes:
        noise: Standard deviation of the depth of a block of pixels, as a share of it.
        holes: Share of the blocks without depth.
        bias: Metres that every depth is too large by.
        shift: Pixels, of 480 across, that the image is out of line with the camera's.
    """

    noise: float = 0.0
    holes: float = 0.0
    bias: float = 0.0
    shift: int = 0


def render(
    points: Array, valid: NDArray[np.bool_], rig: Skeleton, camera: Intrinsics, thickness: float
) -> Array:
    """Depth image of round limbs along the edges before a wall, at a width of 480 pixels.

    Args:
        points: (K, 3) in the camera frame, metres.
        valid: (K,).
        rig: Its edges are the limbs.
        camera: Its whole field of view is in the image.
        thickness: Radius of the limbs, metres.
    """
    width, height = camera.size
    ratio = _WIDTH / width
    image = np.full((max(1, round(height * ratio)), _WIDTH), _WALL * points[valid, 2].mean())
    along = np.linspace(0, 1, _PER_EDGE)[:, None]
    limbs = [
        (1 - along) * points[a] + along * points[b] for a, b in rig.edges if valid[a] & valid[b]
    ]
    middles = np.concatenate([*limbs, points[valid]])
    places = camera.project(middles) * ratio + (ratio - 1) / 2
    reach = thickness * ratio * float(np.asarray(camera.matrix)[0, 0]) / middles[:, 2]
    _balls(image, middles[:, 2], places, np.maximum(reach, 1.0), thickness)
    return image


def spoiled(image: Array, fault: Fault, random: np.random.Generator) -> Array:
    """What a camera with a fault makes of a depth image; 0 is a hole."""
    blocks = tuple(-(-length // _BLOCK) for length in image.shape)

    def spread(values: NDArray[np.generic]) -> NDArray[np.generic]:
        whole = np.repeat(np.repeat(values, _BLOCK, 0), _BLOCK, 1)
        return whole[: image.shape[0], : image.shape[1]]

    made = image * (1 + fault.noise * spread(random.standard_normal(blocks))) + fault.bias
    made = np.roll(made, fault.shift, axis=1)
    return np.where(spread(random.random(blocks) < fault.holes), 0.0, np.maximum(made, 0.0))


def _balls(image: Array, depths: Array, places: Array, across: Array, thickness: float) -> None:
    """Paint the fronts of balls wherever they are nearer than what is there.

    Args:
        image: Shape (H, W), painted on.
        depths: Of their middles, metres, shape (N,).
        places: Of their middles in the image, shape (N, 2).
        across: Their radii in pixels, shape (N,).
        thickness: Their radius, metres.
    """
    last = (image.shape[1] - 1, image.shape[0] - 1)
    low = np.maximum(np.ceil(places - across[:, None]), 0).astype(int)
    high = np.minimum(np.floor(places + across[:, None]), last).astype(int)
    for i in np.flatnonzero((low <= high).all(-1)):
        (left, top), (right, bottom) = low[i], high[i]
        x = (np.arange(left, right + 1) - places[i, 0]) / across[i]
        y = (np.arange(top, bottom + 1) - places[i, 1]) / across[i]
        inside = 1 - np.square(x) - np.square(y)[:, None]
        front = depths[i] - thickness * np.sqrt(np.maximum(inside, 0.0))
        part = image[top : bottom + 1, left : right + 1]
        np.minimum(part, front, out=part, where=inside > 0)

"""The last step of lifting: the structure gets its size and its place in the camera's frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lfm_ros.batch import Batch
from lfm_ros.core.alignment import Similarity
from lfm_ros.core.depth import scale_by_depth
from lfm_ros.core.depth_image import surface_depths
from lfm_ros.core.ground import scale_by_ground
from lfm_ros.core.normalize import VirtualView
from lfm_ros.core.placement import (
    DEPTH,
    GROUND,
    KNOWN,
    SCALE_SOURCES,
    Scale,
    centroid,
    radius,
    scale_by_bones,
    scale_by_size,
)
from lfm_ros.lifted import Float, Lifted, Pose

Array = NDArray[np.float64]

# The share of the mean sigma of an object's points that their middle is off by. Fitted like the
# constants of lfm_ros.core.placement.
_MIDDLE_ERROR = 0.4


@dataclass(frozen=True)
class Structure:
    """What alignment leaves: B shapes of any size, each before its virtual camera.

    Attributes:
        points: (B, K, 3) in the virtual camera's frame, around the object's middle.
        known: (B, K) bool, what the network can know of.
        canonical: (B, K, 3) in the network's own orientation.
        fit: Finds the pose of ``canonical`` in the frame of ``points``, and the root mean square
            (B,) of what its projection is off by, in units of the image's radius.
        relative_sigma: (B, K), expected error of each point as a share of the object's radius.
    """

    points: Array
    known: NDArray[np.bool_]
    canonical: Array
    fit: Callable[[], tuple[Similarity, Array]]
    relative_sigma: Array


def place(
    structure: Structure, batch: Batch, view: VirtualView, nominal: bool, seconds: dict[str, float]
) -> Lifted:
    """Everything that is returned, in metres where a cue tells the size.

    Args:
        structure: The shapes.
        batch: What the caller gave, the cues among it.
        view: How it is seen.
        nominal: Whether a skeleton's nominal size may serve.
        seconds: Handed on.
    """
    in_rig = batch.in_rig if batch.tables.padded else None
    extent = radius(structure.points, in_rig)
    sigma = structure.relative_sigma * extent[:, None]
    offset = np.zeros((len(extent), 3))
    if batch.cameras is None:
        offset -= centroid(structure.points, in_rig)
    else:
        offset[:, 2] = 1 / view.radius
    points = view.to_camera(structure.points + offset[:, None])
    scale = _scale(structure, points, sigma, batch, view, nominal)
    factor = np.where(scale.source > 0, scale.factor, 1 / np.maximum(extent, 1e-9))
    sigma *= factor[:, None]
    sources = scale.source.tolist()
    return Lifted(
        points=_masked(factor[:, None, None] * points, in_rig),
        canonical=_masked(structure.canonical, in_rig),
        scale_error=scale.error.astype(np.float32),
        middle_sigma=_middle_sigma(sigma, structure.known),
        sigma=_masked(sigma, in_rig),
        observed=view.observed,
        known=structure.known,
        valid=np.ones(len(points), bool),
        scale_source=[SCALE_SOURCES[i] for i in sources],
        unit=["m" if i else "radius" for i in sources],
        find_pose=partial(_pose, structure.fit, view, offset, factor),
        seconds=seconds,
    )


def _pose(
    fit: Callable[[], tuple[Similarity, Array]], view: VirtualView, offset: Array, factor: Array
) -> Pose:
    """The canonical structures' pose before the camera, with the size and the place of the points.

    Args:
        fit: As ``Structure`` has it.
        view: How the objects are seen.
        offset: (B, 3) from the virtual camera, or from where the points are to have their middle.
        factor: (B,) unit of the result per unit of the structure.
    """
    found, off = fit()
    turn = np.swapaxes(view.rotation, -1, -2)
    moved = (turn @ (found.translation + offset)[..., None])[..., 0]
    return Pose(
        rotation=(turn @ found.rotation).astype(np.float32),
        translation=(moved * factor[:, None]).astype(np.float32),
        scale=(factor * found.scale).astype(np.float32),
        reprojection_px=(off * view.pixels_per_unit).astype(np.float32),
    )


def _scale(
    structure: Structure,
    points: Array,
    sigma: Array,
    batch: Batch,
    view: VirtualView,
    nominal: bool,
) -> Scale:
    """The scale by the cue that is trusted most of those that have a say."""
    observed, rigs = view.observed, batch.rig_index
    scale = scale_by_size(
        structure.points, sigma, batch.rigs, rigs, batch.cues.size, nominal, observed
    )
    for i, bones, metres in batch.cues.bones:
        found = scale_by_bones(structure.points, sigma, bones, metres, observed)
        factor = np.where(rigs == i, found[0], np.nan)
        scale = scale.or_better(factor, found[1], KNOWN)
    if batch.cues.ground is not None:
        found = scale_by_ground(points, sigma, observed, batch.cues.ground, batch.contact_heights)
        scale = scale.or_better(*found, GROUND)
    if batch.cues.depth is not None and batch.cameras is not None:
        sized = np.where(scale.source > 0, scale.factor, np.nan)[:, None]
        expected = sized * points[..., 2]
        depths = surface_depths(batch.cues.depth, batch.pixels, batch.cameras, expected)
        weights = np.where(observed, batch.confidence, 0.0)
        found = scale_by_depth(points, sigma, weights, depths, batch.surface_depth)
        scale = scale.or_better(*found, DEPTH)
    return scale


def _middle_sigma(sigma: Array, known: NDArray[np.bool_]) -> Float:
    """What the middle of the known points is off by in every direction."""
    mean = (sigma * known).sum(-1) / np.maximum(known.sum(-1), 1)
    return (_MIDDLE_ERROR * mean).astype(np.float32)


def _masked(values: Array, in_rig: NDArray[np.bool_] | None) -> Float:
    if in_rig is not None:
        values = values * in_rig.reshape(*in_rig.shape, *[1] * (values.ndim - 2))
    return np.ascontiguousarray(values, np.float32)

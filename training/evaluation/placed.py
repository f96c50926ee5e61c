"""How far objects are from where they should be, and whether the lifter knows it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Lifted
from lfm_ros.core.alignment import procrustes
from lfm_ros.core.placement import centroid
from training.evaluation.figures import Figures, rounded
from training.evaluation.recorded import Recorded

Array = NDArray[np.float64]

# Squared Mahalanobis distance within which 68 and 95 % of errors in three dimensions are.
_CHI_SQUARED_3 = {68: 3.506, 95: 7.815}
_SIGMAS = {68: 1.0, 95: 1.96}


def figures(answers: Sequence[Lifted], recorded: Recorded, source: str) -> Figures:
    """Errors of the root, the middle of the judged keypoints.

    Args:
        answers: One a frame, of one instance each.
        recorded: The truth, in metres.
        source: Which cue should have been used.

    Returns:
        ``used``: share of the frames in which it was, per cent. Over these: ``root_mm`` and
        ``root`` (per cent of the distance), medians; ``p90`` of the latter; ``bias``, the median of
        how much too far, per cent; ``expected``, the median of the error of distances that the
        lifter expects, per cent; ``scale_68``, ``scale_95``, ``place_68``, ``place_95``: shares of
        the distances and of the places within what it expects of so many.
    """
    used = np.array([out.scale_source[0] == source for out in answers])
    result = {"frames": float(len(answers)), "used": rounded(100 * used.mean())}
    rows = np.flatnonzero(used)
    if not len(rows):
        return result
    judged, truth = recorded.judged[rows], recorded.truth[rows]
    points = np.concatenate([answers[i].points for i in rows]).astype(np.float64)
    error = np.array([answers[i].scale_sigma[0] / answers[i].scale[0] for i in rows])
    covariance = np.concatenate([answers[i].translation_cov for i in rows]).astype(np.float64)
    root, true_root = centroid(points, judged), centroid(truth, judged)
    distance = np.linalg.norm(true_root, axis=-1)
    off = np.linalg.norm(root - true_root, axis=-1)
    further = np.log(np.linalg.norm(root, axis=-1) / distance)
    found = {
        "root_mm": 1000 * np.median(off),
        "root": 100 * np.median(off / distance),
        "p90": 100 * np.percentile(off / distance, 90),
        "bias": 100 * np.median(further),
        "expected": 100 * np.median(error),
    }
    lengths = _mahalanobis(root - true_root, covariance)
    for share in _SIGMAS:
        found[f"scale_{share}"] = 100 * np.mean(np.abs(further) <= _SIGMAS[share] * error)
        found[f"place_{share}"] = 100 * np.mean(lengths <= _CHI_SQUARED_3[share])
    return result | {name: rounded(value) for name, value in found.items()}


def reprojection(answers: Sequence[Lifted], recorded: Recorded) -> Figures:
    """Medians in pixels: of the pose nearest in space, of the refined one, of the detections."""
    points = np.concatenate([out.points for out in answers]).astype(np.float64)
    canonical = np.concatenate([out.canonical for out in answers]).astype(np.float64)
    known = np.concatenate([out.known for out in answers])
    residual = np.concatenate([out.residual for out in answers])
    nearest = procrustes(canonical, points, known).apply(canonical)
    ways = {"pose_before": nearest, "pose_after": points - residual, "points": points}
    result = {name: _off_px(way, recorded) for name, way in ways.items()}
    return {**result, "truth": _off_px(recorded.truth, recorded)}


def _off_px(points: Array, recorded: Recorded) -> float:
    """Median over the frames of the root mean square over the judged keypoints."""
    somewhere = np.where(recorded.judged[..., None], points, (0.0, 0.0, 1.0))
    pairs = zip(recorded.cameras, somewhere, strict=True)
    offset = np.stack([camera.project(row) for camera, row in pairs]) - recorded.pixels
    squared = (np.square(offset).sum(-1) * recorded.judged).sum(-1)
    return rounded(np.median(np.sqrt(squared / np.maximum(recorded.judged.sum(-1), 1))))


def _mahalanobis(offset: Array, covariance: Array) -> Array:
    """Squared lengths (N,) of offsets (N, 3) in units of their covariances (N, 3, 3)."""
    return np.einsum("ni,ni->n", offset, np.linalg.solve(covariance, offset[..., None])[..., 0])

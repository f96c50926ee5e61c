"""Keypoints that a detector or a person found in real images, through the real camera.

For every set with images: ``sources`` -> method -> figures, and ``frames``, ``in_training``, and
with a lens model ``lens``. Sources are ``uv_det`` (a detector), ``uv`` (labels) and ``projected``
(where the camera sees the truth of the labelled keypoints: perfect labels); all have the same
frames, those in which each source saw at least four different keypoints that have a truth. Methods:

``lifted``, ``lifted_level``
    The lifter told edges and camera, and gravity not at all or as the file says it.
``no_depth``
    The keypoints as a flat shape.
``mean_shape_pnp``
    The mean shape of training people placed by perspective-n-point, where the rig's names fit.

Figures: ``procrustes_mm`` (det = +1), ``camera_mm``, ``reflected_mm`` and ``procrustes`` in per
cent over the keypoints that the source saw; ``all_procrustes_mm`` over all that have a truth,
filled-in ones among them; ``root_mm``, the median distance of the keypoints' middle from its true
place, where the method knows metres.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Lifter
from lfm_ros.core.metrics import errors
from lfm_ros.core.normalize import virtual_view
from lfm_ros.core.placement import centroid
from training.data.poses import PoseSet, listed
from training.evaluation.examiner import Examiner
from training.evaluation.figures import Figures, rounded
from training.evaluation.mean_shape import SOURCE, mean_person, placed
from training.evaluation.recorded import Recorded, read
from training.evaluation.sets import Division

_SOURCES = ("uv_det", "uv")
_FEWEST = 4
# A figure needs many frames where each has few keypoints and much noise.
_TIMES = 10
_METRES = {"m"}

Array = NDArray[np.float64]


def recordings(examiner: Examiner, folder: Path, division: Division) -> dict[str, Any]:
    """Figures of every set of a folder that has images; see above."""
    result = {}
    for file, main in listed(folder, None):
        path = folder / file
        with np.load(path, allow_pickle=False) as arrays:
            sources = [s for s in _SOURCES if s in arrays.files and "K" in arrays.files]
            metric = str(arrays.get("unit", "")).split(" ")[0] in _METRES
        if main is None and sources and metric:
            name = Path(file).with_suffix("").as_posix()
            people = division.training.get(SOURCE)
            result[name] = {
                "in_training": name in division.training,
                **_of_file(examiner, path, sources, people),
            }
    return result


def _of_file(
    examiner: Examiner, path: Path, sources: list[str], people: PoseSet | None
) -> dict[str, Any]:
    found = {source: read(path, source, _TIMES * examiner.frames) for source in sources}
    enough = np.stack([f.different >= _FEWEST for f in found.values()]).all(0)
    rows = np.flatnonzero(enough)
    shown = {source: recorded.only(rows) for source, recorded in found.items()}
    best = shown[sources[-1]]
    shown["projected"] = best.projected()
    result = {
        "frames": len(rows),
        "sources": {n: _methods(examiner.lifter, r, people) for n, r in shown.items()},
    }
    if any(any(camera.distortion) for camera in best.cameras):
        result["lens"] = _lens(examiner.lifter, best)
    return result


def _methods(lifter: Lifter, recorded: Recorded, people: PoseSet | None) -> dict[str, Figures]:
    """Figures of every method on the same frames."""
    methods = {"lifted": _lifted(lifter, recorded, None)}
    if recorded.up is not None:
        methods["lifted_level"] = _lifted(lifter, recorded, recorded.up)
    view = virtual_view(recorded.pixels, recorded.confidence > 0, recorded.cameras)
    flat = view.to_camera(view.without_depth())
    methods["no_depth"] = _figures(flat, recorded, fills_in=False, metric=False)
    mean = None if people is None else mean_person(people, recorded.skeleton)
    if mean is not None:
        points, _ = placed(mean, recorded.pixels, recorded.confidence, recorded.cameras)
        methods["mean_shape_pnp"] = _figures(points, recorded, fills_in=True, metric=True)
    return methods


def _lifted(lifter: Lifter, recorded: Recorded, up: Array | None) -> Figures:
    out = lifter.lift(
        recorded.pixels, recorded.confidence, recorded.cameras, recorded.skeleton, up=up
    )
    points = out.points.astype(np.float64)
    return _figures(points, recorded, fills_in=True, metric="m" in out.unit)


def _figures(points: Array, recorded: Recorded, *, fills_in: bool, metric: bool) -> Figures:
    judged = recorded.judged
    seen = errors(points, recorded.truth, judged)
    figures = {f"{n}_mm": 1000 * getattr(seen, n) for n in ("procrustes", "camera", "reflected")}
    figures["procrustes"] = seen.relative("procrustes")
    if fills_in:
        whole = errors(points, recorded.truth, recorded.valid)
        figures["all_procrustes_mm"] = 1000 * whole.procrustes
    result = {name: rounded(values.mean()) for name, values in figures.items()}
    if metric:
        offset = centroid(points, judged) - centroid(recorded.truth, judged)
        result["root_mm"] = rounded(1000 * np.median(np.linalg.norm(offset, axis=-1)))
    return result


def _lens(lifter: Lifter, recorded: Recorded) -> dict[str, Any]:
    """What knowing the lens is worth: the same pixels with and without its distortion."""
    ways = {"known": recorded, "not_known": recorded.without_lens()}
    return {
        name: {"reprojection_px": rounded(way.reprojection_px()), **_lifted(lifter, way, way.up)}
        for name, way in ways.items()
    }

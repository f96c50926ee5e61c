"""KeypointNet: semantic keypoints that people set on ShapeNet models, JSON.

A list of ``{"class_id", "model_id", "keypoints": [{"xyz", "semantic_id", ...}]}``, one file a
category or all in one; the mesh's diagonal is 1, y is up. A semantic number keeps its meaning
within a category, and a model has only some of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lfm_ros.core.skeleton import Skeleton
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, entry, find, read_json, shaped
from training.data.formats.spanning import spanning_edges

#: WordNet numbers of the 16 categories.
CATEGORIES = {
    "02691156": "airplane",
    "02808440": "bathtub",
    "02818832": "bed",
    "02876657": "bottle",
    "02954340": "cap",
    "02958343": "car",
    "03001627": "chair",
    "03467517": "guitar",
    "03513137": "helmet",
    "03624134": "knife",
    "03642806": "laptop",
    "03790512": "motorcycle",
    "03797390": "mug",
    "04225987": "skateboard",
    "04379243": "table",
    "04530566": "vessel",
}
#: A keypoint that fewer models have is left out.
FEWEST_MODELS = 0.05


def read(folder: Path) -> Iterator[PoseFile]:
    """One set a category; a sequence is a model."""
    models: dict[str, dict[str, dict[int, Any]]] = {}
    for path in find(folder, "*.json"):
        for i, model in enumerate(read_json(path, list)):
            where = f"{path} model {i}"
            category = str(entry(model, "class_id", where))
            points = {
                int(entry(p, "semantic_id", where)): shaped(entry(p, "xyz", where), (3,), where)
                for p in entry(model, "keypoints", where)
            }
            # all.json repeats the files of the categories; a model counts once.
            models.setdefault(category, {})[str(entry(model, "model_id", where))] = points
    for category, parts in models.items():
        yield _set(CATEGORIES.get(category, category), parts)


def _set(category: str, models: dict[str, dict[int, Any]]) -> PoseFile:
    numbers = sorted({number for points in models.values() for number in points})
    xyz = np.full((len(models), len(numbers), 3), np.nan)
    for row, points in enumerate(models.values()):
        for number, point in points.items():
            xyz[row, numbers.index(number)] = point
    valid = np.isfinite(xyz).all(-1)
    kept = valid.mean(0) > FEWEST_MODELS
    xyz, valid = np.nan_to_num(xyz[:, kept]), valid[:, kept]
    names = [f"{category}_{n}" for n, stays in zip(numbers, kept, strict=True) if stays]
    skeleton = Skeleton(names, spanning_edges(xyz, valid))
    name = f"object/keypointnet_{category}"
    return PoseFile(name, xyz, skeleton, list(models), "mesh diagonal = 1", "+y", valid)


FORMAT = Format(
    holds="annotations: CATEGORY.json, any of them, or all.json (point clouds are not needed)",
    origin="github.com/qq456cvb/KeypointNet",
    license="MIT (KeypointNet); the ShapeNet models themselves, not read here, are research only",
    use="train",
    read=read,
)

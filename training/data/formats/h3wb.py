"""H3WB: 133 whole-body keypoints of Human3.6M (layout of COCO-WholeBody), JSON.

``{sample: {"keypoints_3d": {joint: {"x", "y", "z"}}, "image_path"?, ...}}``, both keys decimal
numbers as text. Millimetres, turned into the camera's frame but not moved (authors' issue 16);
samples 4 n to 4 n + 3 are one pose in four cameras, and neighbours are not neighbours in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lfm_ros.core.skeleton import Skeleton
from lfm_ros.skeletons import load_skeleton
from training.data.formats.face68 import FACE_EDGES, FACE_NAMES
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, entry, find, read_json, shaped

JOINTS, CAMERAS = 133, 4


def whole_body() -> Skeleton:
    """The 133 keypoints: 17 of the body, 6 of the feet, 68 of the face, 21 of each hand."""
    body, hand = load_skeleton("coco17"), load_skeleton("hand21")
    feet = [
        f"{side}_{part}" for side in ("left", "right") for part in ("big_toe", "small_toe", "heel")
    ]
    names = [*body.names, *feet, *FACE_NAMES]
    edges = [*body.edges, *((15, i) for i in (17, 18, 19)), *((16, i) for i in (20, 21, 22))]
    edges += [(a + 23, b + 23) for a, b in FACE_EDGES] + [(0, 53)]
    for side, start, wrist in (("left", 91, 9), ("right", 112, 10)):
        names += [f"{side}_hand_{name}" for name in hand.names]
        edges += [(a + start, b + start) for a, b in hand.edges] + [(wrist, start)]
    return Skeleton(names, edges)


def read(folder: Path) -> Iterator[PoseFile]:
    """One set: the file with image paths if it is there (it names the subjects), else the other."""
    paths = find(folder, "RGBto3D_train.json", "2Dto3D_train.json", "2Dto3D_train_part*.json")
    xyz, labels = [], []
    for path in paths:
        for sample, said in read_json(path, dict).items():
            xyz.append(_points(said, f"{path} sample {sample}"))
            labels.append(_label(sample, said))
    yield PoseFile(
        "human/h3wb133",
        np.array(xyz, np.float32) / 1000,
        whole_body(),
        labels,
        "m (mm * 0.001)",
        "-y (camera frame; the four cameras look 11 to 16 degrees down)",
    )


def _points(said: Any, where: str) -> np.ndarray:
    joints = entry(said, "keypoints_3d", where)
    points = [entry(joints, str(joint), f"{where} keypoints_3d") for joint in range(JOINTS)]
    return shaped([[entry(p, axis, where) for axis in "xyz"] for p in points], (JOINTS, 3), where)


def _label(sample: str, said: dict[str, Any]) -> str:
    """The subject, the first folder of the image's path; without it, the pose of four cameras."""
    path = str(said.get("image_path", ""))
    return path.split("/")[0] if path else f"pose {int(sample) // CAMERAS}"


FORMAT = Format(
    holds="RGBto3D_train.json (names the subjects) or 2Dto3D_train.json or its parts",
    origin="github.com/wholebody3d/wholebody3d; the images are of Human3.6M",
    license="annotations MIT; made from Human3.6M (academic use only): evaluation only",
    use="eval",
    read=read,
)

"""CMU Panoptic Studio: bodies, faces and hands of each frame, JSON, centimetres, y down.

Of a recording: ``hdPose3d_stage1_coco19/body3DScene_*.json`` (``bodies[].joints19``: 19 of x, y, z,
confidence), ``hdFace3d/faceRecon3D_hd*.json`` (``people[].face70``: landmarks, averageScore) and
``hdHand3d/handRecon3D_hd*.json`` (``people[].left_hand`` and ``right_hand``: the same of 21). A
person of id -1 is a detection that belongs to nobody; what is not seen has confidence -1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.skeletons import load_skeleton
from training.data.formats.face68 import FACE_EDGES, FACE_NAMES
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, entry, find, read_json, shaped

#: Less certain points are missing; the toolbox of the data set draws only those above.
LEAST_CONFIDENCE = 0.1

_ARM_AND_LEG = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
BODY_NAMES = ["neck", "nose", "body_center"]
BODY_NAMES += [f"{side}_{joint}" for side in ("left", "right") for joint in _ARM_AND_LEG]
BODY_NAMES += [f"{side}_{part}" for side in ("left", "right") for part in ("eye", "ear")]
BODY_EDGES = [(0, 1), (0, 2), (0, 3), (3, 4), (4, 5), (2, 6), (6, 7), (7, 8), (0, 9), (9, 10)]
BODY_EDGES += [(10, 11), (2, 12), (12, 13), (13, 14), (1, 15), (15, 16), (1, 17), (17, 18)]
#: The last two of the 70 points of a face are the pupils.
PUPIL_EDGES = [(39, 68), (42, 69)]


@dataclass
class _Part:
    """Points of one kind of rig, collected over all files."""

    name: str
    skeleton: Skeleton
    xyz: list[NDArray[np.float64]] = field(default_factory=list)
    valid: list[NDArray[np.bool_]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def add(self, xyz: NDArray[np.float64], confidence: NDArray[np.float64], label: str) -> None:
        self.xyz.append(xyz)
        self.valid.append(confidence > LEAST_CONFIDENCE)
        self.labels.append(label)

    def done(self) -> PoseFile:
        xyz = np.array(self.xyz) / 100
        unit, up = "m (cm * 0.01)", "-y"
        return PoseFile(self.name, xyz, self.skeleton, self.labels, unit, up, np.array(self.valid))


def read(folder: Path) -> Iterator[PoseFile]:
    """Up to three sets: bodies, faces, hands (a hand a row). A sequence is a recording."""
    face = Skeleton([*FACE_NAMES, "right_pupil", "left_pupil"], [*FACE_EDGES, *PUPIL_EDGES])
    body = _Part("human/panoptic19", Skeleton(BODY_NAMES, BODY_EDGES))
    parts = (
        body,
        _Part("face/panoptic70", face),
        _Part("hand/panoptic21", load_skeleton("hand21")),
    )
    for path in find(folder, "hd*/*3D*_*.json"):
        label = path.parent.parent.name
        if path.name.startswith("body3DScene_"):
            _bodies(path, parts[0], label)
        elif path.name.startswith("faceRecon3D_"):
            _landmarks(path, ("face70",), parts[1], label)
        elif path.name.startswith("handRecon3D_"):
            _landmarks(path, ("left_hand", "right_hand"), parts[2], label)
    if not any(part.xyz for part in parts):
        raise InputError(
            f"{folder}: no person in any file; expected hdPose3d_stage1_coco19, hdFace3d or "
            "hdHand3d of a recording, unpacked from their .tar files"
        )
    yield from (part.done() for part in parts if part.xyz)


def _bodies(path: Path, part: _Part, label: str) -> None:
    for person in entry(read_json(path, dict), "bodies", str(path)):
        values = shaped(entry(person, "joints19", str(path)), (19 * 4,), str(path)).reshape(19, 4)
        part.add(values[:, :3], values[:, 3], label)


def _landmarks(path: Path, kinds: tuple[str, ...], part: _Part, label: str) -> None:
    count = len(part.skeleton)
    for person in entry(read_json(path, dict), "people", str(path)):
        for kind in kinds:
            if kind in person and person.get("id", 0) >= 0:
                said: dict[str, Any] = person[kind]
                xyz = shaped(entry(said, "landmarks", str(path)), (count * 3,), str(path))
                score = shaped(entry(said, "averageScore", str(path)), (count,), str(path))
                sure = np.asarray(said.get("validity", np.ones(count)), np.float64) > 0
                part.add(xyz.reshape(count, 3), np.where(sure, score, -1), label)


FORMAT = Format(
    holds="RECORDING/hdPose3d_stage1_coco19, hdFace3d, hdHand3d, any of them, unpacked",
    origin="domedb.perception.cs.cmu.edu, by getData.sh and extractAll.sh of "
    "github.com/CMU-Perceptual-Computing-Lab/panoptic-toolbox",
    license="non-commercial and research purpose only: evaluation only",
    use="eval",
    read=read,
)

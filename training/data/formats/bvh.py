"""BVH motion files (BioVision): a HIERARCHY of joints, then one row of channels a frame.

A joint's rotation is the product of its rotation channels in the order in which they are listed;
position channels take the place of its OFFSET. Neither unit nor up axis is in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lfm_ros.core.errors import InputError
from training.data.formats.kinematics import distinct, joint_positions
from training.data.formats.motion import Recording, by_rig
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, find

Array = NDArray[np.float64]

UNIT = "BVH unit (the file does not say; often cm)"
UP = "+y (usual in BVH; the file does not say)"


@dataclass
class _Joints:
    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[list[float]] = field(default_factory=list)
    channels: list[list[str]] = field(default_factory=list)

    def add(self, name: str, parent: int) -> None:
        self.names.append(name)
        self.parents.append(parent)
        self.offsets.append([0.0, 0.0, 0.0])
        self.channels.append([])


def read(folder: Path) -> Iterator[PoseFile]:
    """Every ``.bvh`` below the folder; files of one rig make one set."""
    paths = find(folder, "*.bvh", "*.BVH")
    yield from by_rig(folder, (read_recording(path) for path in paths), paths, UNIT, UP)


def read_recording(path: Path) -> Recording:
    """Joint positions of one file.

    Raises:
        InputError: The file is not a BVH file, or its parts do not fit together.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    head, _, motion = text.partition("MOTION")
    try:
        joints = _hierarchy(head)
        rows = _frames(motion, sum(map(len, joints.channels)))
    except (ValueError, IndexError) as error:
        raise InputError(
            f"{path} is not a BVH file ({error}); expected HIERARCHY, ROOT ... MOTION, Frames:, "
            "Frame Time: and a row of channels a frame"
        ) from error
    first = 1 if _starts_at_scene(joints) else 0
    parents = [parent - first for parent in joints.parents[first:]]
    skeleton, kept = distinct(joints.names[first:], parents, np.array(joints.offsets)[first:])
    return Recording(skeleton, _positions(joints, rows)[:, first:][:, kept])


def _starts_at_scene(joints: _Joints) -> bool:
    """Whether the root is the scene's origin: its one child walks about by its own channels."""
    children = [joint for joint, parent in enumerate(joints.parents) if parent == 0]
    return len(children) == 1 and any(c.endswith("position") for c in joints.channels[children[0]])


def _hierarchy(text: str) -> _Joints:
    joints, open_joints = _Joints(), [-1]
    for words in filter(None, map(str.split, text.splitlines())):
        if words[0] in ("ROOT", "JOINT", "End"):
            parent = open_joints[-1]
            end = f"{joints.names[parent]}_end" if words[0] == "End" else ""
            joints.add(end or " ".join(words[1:]), parent)
        elif words[0] == "{":
            open_joints.append(len(joints.names) - 1)
        elif words[0] == "}" and len(open_joints) > 1:
            open_joints.pop()
        elif words[0] == "}":
            raise ValueError("a closing brace too many")
        elif words[0] == "OFFSET":
            joints.offsets[-1] = [float(word) for word in words[1:4]]
        elif words[0] == "CHANNELS":
            joints.channels[-1] = words[2:]
    if not joints.names or open_joints != [-1]:
        raise ValueError("no ROOT, or a closing brace too few")
    return joints


def _frames(text: str, width: int) -> Array:
    lines = text.strip().splitlines()
    if len(lines) < 2 or not lines[0].startswith("Frames:"):
        raise ValueError("no 'Frames:' after MOTION")
    count = int(lines[0].split(":")[1])
    values = np.array(" ".join(lines[2:]).split(), np.float64)
    if count < 1 or len(values) != count * width:
        raise ValueError(f"{len(values)} numbers for {count} frames of {width} channels")
    return values.reshape(count, width)


def _positions(joints: _Joints, rows: Array) -> Array:
    count = len(joints.names)
    offsets = np.tile(np.array(joints.offsets), (len(rows), 1, 1))
    local = np.tile(np.eye(3), (len(rows), count, 1, 1))
    start = 0
    for joint, channels in enumerate(joints.channels):
        values = rows[:, start : start + len(channels)]
        start += len(channels)
        turns = [i for i, name in enumerate(channels) if name.endswith("rotation")]
        for i, name in enumerate(channels):
            if name.endswith("position"):
                offsets[:, joint, "XYZ".index(name[0])] = values[:, i]
        if turns:
            axes = "".join(channels[i][0] for i in turns)
            turned = Rotation.from_euler(axes, values[:, turns], degrees=True)
            local[:, joint] = turned.as_matrix()
    return joint_positions(joints.parents, offsets, local, own=False)


FORMAT = Format(
    holds="*.bvh files, in any folders below; say --license and --use, often --metres 0.01",
    origin="any motion capture in BVH form",
    license="",
    use="eval",
    read=read,
)

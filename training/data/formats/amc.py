"""ASF/AMC motion files (Acclaim): a skeleton of bones, and the angles of their joints.

A bone's rotation is C M C', where C is its ``axis`` and M its degrees of freedom, both about fixed
axes in the listed order; the bone's end is its start plus the turned direction times length.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lfm_ros.core.errors import InputError
from training.data.formats.asf import Anatomy, Bone, read_anatomy, words_of
from training.data.formats.kinematics import distinct, joint_positions
from training.data.formats.motion import Recording, by_rig
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, find

Array = NDArray[np.float64]


def read(folder: Path) -> Iterator[PoseFile]:
    """Every ``.amc`` below the folder; files of one rig make one set, of all body sizes."""
    find(folder, "*.asf")
    paths = find(folder, "*.amc")
    recordings = (read_recording(skeleton_of(path), path) for path in paths)
    yield from by_rig(folder, recordings, paths, "m", "+y (usual in Acclaim files)")


def skeleton_of(motion: Path) -> Path:
    """The ASF file beside a motion whose name the motion's begins with, or the only one there."""
    beside = sorted(motion.parent.glob("*.asf"))
    fits = [path for path in beside if motion.stem.startswith(path.stem)]
    if not fits and len(beside) == 1:
        fits = beside
    if not fits:
        raise InputError(
            f"{motion} has {len(beside)} .asf files beside it and none of its name; put its "
            "skeleton beside it, named so that the motion's name begins with the skeleton's"
        )
    return max(fits, key=lambda path: len(path.stem))


def read_recording(skeleton: Path, motion: Path) -> Recording:
    """Root and bone ends, (T, K, 3) in metres.

    Raises:
        InputError: A file is not of the form, or the motion is of another skeleton.
    """
    try:
        anatomy = read_anatomy(skeleton.read_text(encoding="utf-8", errors="replace"))
        values = read_motion(motion.read_text(encoding="utf-8", errors="replace"), anatomy)
    except (ValueError, IndexError, KeyError, ZeroDivisionError) as error:
        raise InputError(
            f"{motion} with {skeleton.name}: {error!r}; expected an Acclaim skeleton (:units, "
            ":root, :bonedata, :hierarchy) and a motion of the same bones"
        ) from error
    names = list(anatomy.bones)
    parents = [names.index(anatomy.parents[n]) if n in anatomy.parents else -1 for n in names]
    offsets = np.array([bone.offset for bone in anatomy.bones.values()]) * anatomy.metres
    turns = [_turn(bone, values[name], anatomy.degrees) for name, bone in anatomy.bones.items()]
    xyz = joint_positions(parents, offsets[None], np.stack(turns, 1), own=True)
    place = [anatomy.bones["root"].dof.index(f"t{axis}") for axis in "xyz"]
    xyz += values["root"][:, None, place] * anatomy.metres
    rig, kept = distinct(names, parents, offsets)
    return Recording(rig, xyz[:, kept])


def _turn(bone: Bone, values: Array, degrees: bool) -> Array:
    turning = [i for i, name in enumerate(bone.dof) if name[0] == "r"]
    if not turning:
        return np.tile(np.eye(3), (len(values), 1, 1))
    axes = "".join(bone.dof[i][1] for i in turning)
    angles = Rotation.from_euler(axes, values[:, turning], degrees=degrees)
    return (bone.axis * angles * bone.axis.inv()).as_matrix()


def read_motion(text: str, anatomy: Anatomy) -> dict[str, Array]:
    """Read an AMC file: (T, degrees of freedom) of each bone, in the unit of the file.

    Raises:
        ValueError, KeyError: It is not of the form, or not of this anatomy.
    """
    rows: dict[str, list[list[float]]] = {name: [] for name in anatomy.bones}
    count = 0
    for words in words_of(text):
        if words[0].isdigit():
            count += 1
        elif not words[0].startswith(":"):
            rows[words[0]].append([float(word) for word in words[1:]])
    for name, bone in anatomy.bones.items():
        # A bone that cannot turn has no rows.
        wanted = [len(bone.dof)] * count if bone.dof else []
        if [len(row) for row in rows[name]] != wanted:
            raise ValueError(f"{name!r} has not {len(bone.dof)} values in each of {count} frames")
    if not count:
        raise ValueError("the motion has no frame")
    return {name: np.array(said or [[]] * count) for name, said in rows.items()}


FORMAT = Format(
    holds="*.amc motions, each with its *.asf skeleton beside it; say --license and --use",
    origin="any Acclaim motion capture, such as the CMU Graphics Lab Motion Capture Database "
    "(mocap.cs.cmu.edu: free for research and commercial use)",
    license="",
    use="eval",
    read=read,
)

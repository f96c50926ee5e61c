"""Sets of 3D poses: an ``.npz`` a set, in the form that ``docs/data.md`` describes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError, SkeletonError
from lfm_ros.core.skeleton import Skeleton
from training.data.hands import as_right_hands

#: Between a set's family and the rest of its name.
FAMILY_END = "+"
#: Of a pose; with fewer there is nothing to lift.
FEWEST_POINTS = 4
_NEEDED = {"xyz", "names", "edges"}


@dataclass(frozen=True)
class PoseSet:
    """Poses of one rig.

    Attributes:
        name: ``group/file`` without the suffix; ``family+rest`` where sets are made by one rule.
        xyz: (N, K, 3) float32 in the set's unit.
        valid: (N, K) bool.
        sequence: (N,) recording, animal or CAD model; a split never cuts one.
        up: (3,) unit vector against gravity, zeros where the set does not say.
        skeleton: Names and edges.
        license: What the file says of it.
    """

    name: str
    xyz: NDArray[np.float32]
    valid: NDArray[np.bool_]
    sequence: NDArray[np.int64]
    up: NDArray[np.float32]
    skeleton: Skeleton
    license: str = ""

    @property
    def group(self) -> str:
        """The kind of object: human, hand, face, animal, object, robot, shape."""
        return self.name.split("/")[0]

    @property
    def family(self) -> str:
        """The set that this one was made of, or that stands for all like it; else its own name."""
        return self.name.split(FAMILY_END)[0]

    def __len__(self) -> int:
        return len(self.xyz)

    def only(self, rows: NDArray[np.bool_]) -> PoseSet:
        """The same set with some of its frames."""
        kept = {"xyz": self.xyz[rows], "valid": self.valid[rows], "sequence": self.sequence[rows]}
        return PoseSet(**{**self.__dict__, **kept})

    def joined(self, other: PoseSet) -> PoseSet:
        """The same set with the frames of another one of the same rig behind its own."""
        joined = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("xyz", "valid", "sequence")
        }
        return PoseSet(**{**self.__dict__, **joined})


def load_folder(folder: Path, use: str | None = None) -> dict[str, PoseSet]:
    """Every set of a folder, by name.

    Clips of a set (``same_motion_as`` in the index) are joined to it. Without ``index.json`` every
    ``.npz`` below the folder is taken.

    Args:
        folder: Holds ``index.json`` and ``group/file.npz``.
        use: Only sets whose ``use`` in the index is this (``train`` or ``eval``).

    Raises:
        InputError: The folder or a file in it is not of the expected form.
    """
    files = listed(folder, use)
    if not files:
        raise InputError(f"{folder} has no sets for use {use!r}; see docs/data.md for the form")
    sets: dict[str, PoseSet] = {}
    for file, main in sorted(files, key=lambda f: f[1] is not None):
        poses = load_set(folder / file, file)
        home = f"{Path(file).parent.as_posix()}/{Path(main).stem}" if main else poses.name
        sets[home] = sets[home].joined(poses) if home in sets else poses
    return sets


def listed(folder: Path, use: str | None) -> list[tuple[str, str | None]]:
    """Each set's file, and the set whose motion it repeats, if any; without an index every file."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give one that holds group/set.npz files")
    index = folder / "index.json"
    if not index.exists():
        return [(str(p.relative_to(folder)), None) for p in sorted(folder.rglob("*.npz"))]
    try:
        entries = json.loads(index.read_text())["sets"]
        return [(e["file"], e.get("same_motion_as")) for e in entries if use in (None, e["use"])]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{index} is not of the expected form ({error!r}): it holds 'sets', each with a "
            "'file' and a 'use'; see docs/data.md, or remove it"
        ) from error


def load_set(path: Path, name: str = "") -> PoseSet:
    """Read one ``.npz``.

    Raises:
        InputError: Arrays are missing or their shapes do not fit.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            data = {key: arrays[key] for key in arrays.files}
        if missing := _NEEDED - set(data):
            raise TypeError(f"it has no {', '.join(sorted(missing))}, only {', '.join(data)}")
        up, stem = _up(str(data.get("up", ""))), Path(name or path.name).with_suffix("").as_posix()
        points = np.asarray(data["xyz"], np.float32)
        xyz, side = as_right_hands(stem, points, data.get("hand"), up)
        names = [str(n) for n in data["names"]]
        skeleton = Skeleton(names, data["edges"].reshape(-1, 2).tolist(), side=side)
        valid = np.asarray(data.get("valid", np.ones(xyz.shape[:2])), bool)
        sequence = _numbered(data.get("sequence", np.arange(len(xyz))))
    except (OSError, EOFError, BadZipFile, ValueError, KeyError, TypeError, SkeletonError) as error:
        raise InputError(f"{path}: not a set of poses ({error}); see docs/data.md") from error
    shapes = xyz.shape, valid.shape, sequence.shape
    if shapes != ((len(xyz), len(skeleton), 3), (len(xyz), len(skeleton)), (len(xyz),)):
        raise InputError(
            f"{path}: xyz, valid and sequence have shapes {shapes} for {len(skeleton)} names; "
            "expected (N, K, 3), (N, K) and (N,)"
        )
    valid = valid & np.isfinite(xyz).all(-1)
    enough = valid.sum(-1) >= FEWEST_POINTS
    if not enough.any():
        raise InputError(
            f"{path}: none of its {len(xyz)} poses has {FEWEST_POINTS} valid points, without which "
            "nothing is lifted; add keypoints, or take the set out"
        )
    return PoseSet(
        stem,
        np.where(valid[..., None], xyz, 0)[enough],
        valid[enough],
        sequence[enough],
        up,
        skeleton,
        license=str(data.get("license", "")),
    )


def _numbered(sequence: NDArray[np.generic]) -> NDArray[np.int64]:
    """Sequences by number, which may be given by name."""
    if sequence.dtype.kind in "US":
        return np.unique(sequence, return_inverse=True)[1].astype(np.int64).reshape(sequence.shape)
    return np.asarray(sequence, np.int64)


def _up(text: str) -> NDArray[np.float32]:
    """``+z (...)`` or ``-y (...)`` as a vector; 'z is up for most' counts as +z.

    Raises:
        ValueError: It is meant to be a direction, and is not of that form.
    """
    up = np.zeros(3, np.float32)
    if "z is up" in text:
        up[2] = 1
    elif len(text) >= 2 and text[0] in "+-" and text[1] in "xyz":
        up["xyz".index(text[1])] = 1 if text[0] == "+" else -1
    elif text.strip() and not re.search("[A-Za-z]{3}", text):  # words say why it is not known
        raise ValueError(f"up is {text!r}; write +x, -x, +y, -y, +z or -z, or 'unknown'")
    return up

"""The sets that a comparison trains and judges on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lfm_ros.core.errors import InputError
from training.data.poses import PoseSet, listed, load_folder
from training.data.splits import divide, held_out

#: People alone: differences show early.
HUMANS = (
    "human/cmu_amc_s1_s3",
    "human/cmu_cc_s1_s7",
    "human/cmu_daz_dance_martial",
    "human/precog_kinect20",
)
#: Over all groups, with sequences to hold out, neither flat nor of a single joint.
TWELVE = (
    "human/precog_kinect20",
    "human/cmu_daz_dance_martial",
    "hand/leap_recordings",
    "face/ict68_samples",
    "animal/dog_model",
    "animal/rodent_model",
    "object/airplane",
    "object/chair",
    "object/table",
    "robot/solo12",
    "robot/panda_arm",
    "robot/unitree_h1",
)
NAMED = {"humans": HUMANS, "twelve": TWELVE}


@dataclass(frozen=True)
class Bench:
    """Data that all entries of a comparison share."""

    folder: Path
    """Holds these sets and no others."""
    train: dict[str, PoseSet]
    validation: dict[str, PoseSet]
    """The held-out sequences of those sets that have some."""


def load(data: Path, choice: str, into: Path) -> Bench:
    """The sets of a folder that a comparison wants.

    Args:
        data: Folder of pose sets.
        choice: A name in ``NAMED``; anything else means every training set.
        into: An empty folder, for links to the chosen sets.
    """
    folder = only_sets(data, NAMED[choice], into) if choice in NAMED else data
    sets = load_folder(folder, use="train")
    train, validation = divide(sets, held_out(sets))
    if not validation:
        raise InputError(
            f"no set of {data} has sequences enough to hold some out; see docs/data.md"
        )
    return Bench(folder, train, validation)


def only_sets(data: Path, names: tuple[str, ...], into: Path) -> Path:
    """A folder with nothing but the named training sets of another one, linked into it.

    Raises:
        InputError: A set is not there.
    """
    entries = []
    for file, main in listed(data, "train"):
        if _name(Path(file).with_name(Path(main).name) if main else Path(file)) in names:
            entries.append({"file": file, "use": "train", "same_motion_as": main})
            (into / file).parent.mkdir(parents=True, exist_ok=True)
            (into / file).symlink_to((data / file).resolve())
    missing = sorted(set(names) - {_name(Path(str(e["file"]))) for e in entries})
    if missing:
        raise InputError(f"{data} has no training sets {missing}; --sets all takes what is there")
    (into / "index.json").write_text(json.dumps({"sets": entries}))
    return into


def _name(file: Path) -> str:
    return file.with_suffix("").as_posix()

"""Which sequences validate, and which sets are kept out of training altogether.

``python -m training.data.splits DATA_DIR`` writes ``training/splits.json``. It is in the
repository so that figures of different runs can be compared.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from training.data.poses import PoseSet, load_folder

PATH = Path(__file__).parent.parent / "splits.json"
SHARE = 0.15
FEWEST_SEQUENCES = 4
# The same CMU trials were converted to two rigs; the sequence numbers agree.
FAMILIES = ({"human/cmu_amc_s1_s3", "human/cmu_cc_s1_s7"},)
# Sets that are never trained on: other rigs of kinds that are, and kinds that are not.
OTHER_RIG = (
    "human/bandai1",
    "human/bandai2",
    "human/mct_markers28",
    "human/mvor10",
    "hand/manipnet_hand17",
    "hand/nyu_test14",
    "face/ict68_arkit_speech",
    "robot/icub",
    "animal/dog",
    "animal/mouse_avatar9",
    "object/car",
    "object/pascal_aeroplane",
    "object/pascal_boat",
    "object/pascal_bottle",
    "object/pascal_chair",
)
UNSEEN = (
    "animal/bat_fruitbat",
    "hand/manipnet_two_hands34",
    "object/bicycle",
    "object/bus",
    "object/diningtable",
    "object/sofa",
    "object/train",
    "object/tvmonitor",
)


def load_splits() -> dict[str, Any]:
    """The splits in the repository: ``seen`` (set -> sequences), ``other_rig``, ``unseen``."""
    return json.loads(PATH.read_text())


def held_out(sets: dict[str, PoseSet]) -> dict[str, list[int]]:
    """Validation sequences of each set: those in the repository; for other sets, chosen alike."""
    named = load_splits()["seen"]
    return named | choose({name: poses for name, poses in sets.items() if name not in named})


def divide(
    sets: dict[str, PoseSet], seen: dict[str, list[int]]
) -> tuple[dict[str, PoseSet], dict[str, PoseSet]]:
    """Training and validation part of each set; one that ``seen`` does not name all trains."""
    train, validation = {}, {}
    for name, poses in sets.items():
        held_out = np.isin(poses.sequence, seen.get(name, []))
        train[name] = poses.only(~held_out)
        if held_out.any():
            validation[name] = poses.only(held_out)
    return train, validation


def choose(sets: dict[str, PoseSet]) -> dict[str, list[int]]:
    """Validation sequences of every set that has enough of them, by a hash of the number."""
    chosen = {}
    for name, poses in sets.items():
        family = next((f for f in FAMILIES if name in f), {name})
        sequences = sorted({int(s) for n in family if n in sets for s in sets[n].sequence})
        if len(sequences) < FEWEST_SEQUENCES:
            continue
        held_out = sorted(sequences, key=_rank)[: max(1, round(SHARE * len(sequences)))]
        chosen[name] = sorted(set(held_out) & {int(s) for s in poses.sequence})
    return {name: numbers for name, numbers in chosen.items() if numbers}


def _rank(sequence: int) -> str:
    return hashlib.sha256(str(sequence).encode()).hexdigest()


def main() -> None:
    """Write the splits of the folder given on the command line."""
    seen = choose(load_folder(Path(sys.argv[1]), use="train"))
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in seen.items()
    )
    sets = f'"other_rig": {json.dumps(OTHER_RIG)},\n "unseen": {json.dumps(UNSEEN)}'
    PATH.write_text(f'{{"seen": {{\n{lines}\n }},\n {sets}}}\n')
    print(f"{len(seen)} sets with validation sequences -> {PATH}")


if __name__ == "__main__":
    main()

"""Where the training sets come from: ``python -m training.data.sources DATA_DIR``.

Writes ``docs/sources.md``: origin, commit, licence and hash of every set that may be trained on,
from ``index.json`` and from what each file says of itself.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lfm_ros.core.errors import InputError, LfmError
from training.data.poses import listed
from training.data.splits import load_splits

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
HEAD = """# Sources of the training data

Every set that the shipped weights may see: those whose licence permits weights that ship
(`use: train` in `index.json`), less the sets that `training/splits.json` keeps for evaluation. Of
these sets the sequences under `seen` in that file validate and are not trained on. The manifest of
each model names the sets that it saw under `trained_on`. The hash is of the `.npz` as read.

Manifests name three more, which no file holds: `shape/random`, `creature/random` and
`hand_like/random` are invented by `training/data/shapes.py`, `creatures.py` and `hand_plans.py` of
this project (BSD-3-Clause).

Made by `python -m training.data.sources DATA_DIR`; do not edit it by hand.

| set | frames | keypoints | origin | commit | licence | sha256 |
| --- | ---: | ---: | --- | --- | --- | --- |
"""
#: ``github.com/owner/name @ commit : path`` and ``github:owner/name@commit path``.
COMMIT = re.compile(r"^github(?:\.com/|:)(\S+?)\s*@\s*([0-9a-f]{7,40})(?:\s*:)?\s*(.*)$")


@dataclass(frozen=True)
class Source:
    """One row of the table."""

    name: str
    frames: int
    keypoints: int
    origin: str
    commit: str
    license: str
    sha256: str

    def row(self) -> str:
        cells = (self.name, self.frames, self.keypoints, self.origin, self.commit, self.license)
        text = " | ".join(str(cell).replace("|", "\\|") for cell in cells)
        return f"| {text} | `{self.sha256}` |"


def sources(folder: Path) -> list[Source]:
    """Origin of every set of a folder that training reads, by name.

    Args:
        folder: Of sets, as docs/data.md describes it.

    Raises:
        InputError: The folder is not of that form, or a set does not say where it comes from.
    """
    splits = load_splits()
    kept = {*splits["other_rig"], *splits["unseen"]}
    found = (_source(folder, file) for file, _ in listed(folder, "train"))
    return sorted((s for s in found if s.name not in kept), key=lambda s: s.name)


def _source(folder: Path, file: str) -> Source:
    path = folder / file
    try:
        content = path.read_bytes()
        with np.load(path, allow_pickle=False) as arrays:
            frames, keypoints = arrays["xyz"].shape[:2]
            said, license = str(arrays["source"]), str(arrays["license"])
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path}: {error}; a set for training has xyz, source and license (docs/data.md)"
        ) from error
    origin, commit = origin_and_commit(said)
    name = Path(file).with_suffix("").as_posix()
    sha256 = hashlib.sha256(content).hexdigest()
    return Source(name, frames, keypoints, origin, commit, license, sha256)


def origin_and_commit(said: str) -> tuple[str, str]:
    """What is in a set's ``source``: places, and the commits of those that are repositories."""
    places, commits = [], []
    for part in (part.strip() for part in said.split(";")):
        match = COMMIT.match(part)
        if match:
            repository, commit, path = match.groups()
            places.append(f"github.com/{repository}" + (f": {path}" if path else ""))
            commits.append(commit)
        else:
            places.append(part)
    return "; ".join(places), "; ".join(commits) or "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m training.data.sources",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", metavar="DATA_DIR", type=Path)
    parser.add_argument("--output", metavar="FILE", type=Path, default=PAGE)
    said = parser.parse_args(arguments)
    try:
        rows = [source.row() for source in sources(said.data)]
    except LfmError as error:
        print(f"sources: {error}", file=sys.stderr)
        return 1
    said.output.write_text(HEAD + "\n".join(rows) + "\n")
    print(f"{len(rows)} sets -> {said.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

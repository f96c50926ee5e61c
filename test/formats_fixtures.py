"""What the tests of the data formats share: convert a source folder, and read what was written."""

from __future__ import annotations

import json
from pathlib import Path

from training.data.poses import PoseSet, load_folder
from training.data.prepare import prepare


def converted(name: str, source: Path, **options) -> tuple[dict[str, PoseSet], list[dict]]:
    """Sets by name as training reads them, and the entries of the index."""
    output = source.parent / "converted"
    prepare(name, source, output, **options)
    return load_folder(output), json.loads((output / "index.json").read_text())["sets"]


def only(name: str, source: Path, **options) -> tuple[PoseSet, dict]:
    """The one set that a folder gives, and its entry of the index."""
    sets, rows = converted(name, source, **options)
    assert len(sets) == len(rows) == 1
    return next(iter(sets.values())), rows[0]


def write_json(path: Path, content: object) -> Path:
    """Write a file and its folders; returns the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path

"""Turn a public data set into our form: ``python -m training.data.prepare NAME SOURCE_DIR``.

Writes ``GROUP/SET.npz`` and updates ``index.json`` in the output folder (docs/data.md).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import InputError, LfmError
from training.data.formats import FORMATS
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format

NOTE = (
    "use=train: the licence permits weights that ship; use=eval: evaluation only, never in the "
    "training of weights that ship"
)
#: What only the files of a family leave open, and a user therefore may say.
OPEN = ("license", "use", "up", "metres")


def prepare(name: str, source: Path, output: Path, **said: Any) -> list[dict[str, Any]]:
    """Convert every set of a source folder.

    Args:
        name: Of the format, see ``FORMATS``.
        source: Folder with the files as their publisher packed them.
        output: Gets ``group/set.npz`` and ``index.json``.
        **said: The options of the command line (``group``, ``every`` and those in ``OPEN``).

    Returns:
        The entries of the index that were written.

    Raises:
        InputError: The name is unknown, the folder is not of the format, or an option contradicts
            what the source states.
    """
    given = {key: value for key, value in said.items() if value is not None}
    form = _stated(name, given)
    before = _entries(output)
    license, use = given.get("license", form.license), given.get("use", form.use)
    written = []
    for poses in form.read(source):
        row = _with(poses, given).write(output, license or "not stated", form.origin)
        written.append({**row, "use": use, "same_motion_as": None})
    new = {row["file"] for row in written}
    rows = sorted(
        [row for row in before if row["file"] not in new] + written, key=lambda r: r["file"]
    )
    (output / "index.json").write_text(json.dumps({"note": NOTE, "sets": rows}, indent=1) + "\n")
    return written


def _stated(name: str, given: dict[str, Any]) -> Format:
    """The format, once it is clear that the options do not contradict it."""
    if name not in FORMATS:
        raise InputError(f"there is no format {name!r}; use one of {', '.join(FORMATS)} (--help)")
    form = FORMATS[name]
    refused = [option for option in OPEN if option in given]
    if form.license and refused:
        raise InputError(
            f"--{refused[0]} was given, but the source of {name} states it (licence: "
            f"{form.license}); leave the option out"
        )
    if given.get("use") == "train" and not given.get("license"):
        raise InputError(
            "--use train was given without a licence; say with --license what permits it"
        )
    return form


def _with(poses: PoseFile, given: dict[str, Any]) -> PoseFile:
    group = given.get("group", poses.name.split("/")[0])
    poses = replace(poses, name=f"{group}/{poses.name.split('/')[1]}", up=given.get("up", poses.up))
    if "metres" in given:
        if poses.unit == "m":
            raise InputError("--metres was given, but the files state their unit; leave it out")
        poses = poses.scaled(given["metres"], f"m (unit of the file * {given['metres']:g})")
    return poses.every(given["every"]) if "every" in given else poses


def _entries(output: Path) -> list[dict[str, Any]]:
    """What the index of the output folder lists so far."""
    path = output / "index.json"
    if not path.exists():
        return []
    try:
        rows = json.loads(path.read_text())["sets"]
        return [row for row in rows if row["file"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not an index of sets ({error!r}); move it away, or give another --output"
        ) from error


def _overview() -> str:
    lines = ["formats, what SOURCE_DIR must hold, where it comes from, under which licence:"]
    for name, form in FORMATS.items():
        license = form.license or "not in the files: evaluation only unless you say otherwise"
        lines.append(f"  {name:12s} {form.holds}; from {form.origin}; licence: {license}")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.data.prepare",
        description=__doc__,
        epilog=_overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="a format, see below")
    parser.add_argument("source", metavar="SOURCE_DIR", type=Path, help="folder of its files")
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path("data"))
    parser.add_argument("--every", metavar="N", type=_count, help="keep every Nth frame")
    parser.add_argument("--group", help="human, hand, face, animal, object, robot or your own")
    family = parser.add_argument_group("bvh and amc only, which do not say it themselves")
    family.add_argument("--license", help="as the source of the files states it")
    family.add_argument("--use", choices=("train", "eval"), help="default: eval")
    family.add_argument("--metres", type=_length, help="length of the files' unit, for cm 0.01")
    family.add_argument("--up", help="+y, +z, -y, ...: the direction against gravity")
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _length(text: str) -> float:
    try:
        metres = float(text)
    except ValueError:
        metres = math.nan
    if not 0 < metres < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of metres above 0")
    return metres


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and convert."""
    said = vars(_parser().parse_args(arguments))
    name, source, output = said.pop("name"), said.pop("source"), said.pop("output")
    try:
        for row in prepare(name, source, output, **said):
            print(
                f"{output / row['file']}: {row['frames']} frames, {row['keypoints']} keypoints, "
                f"{row['sequences']} sequences, use: {row['use']}"
            )
    except LfmError as error:
        print(f"prepare: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``lfm skeleton``: the rigs that are registered, and new ones from a robot's URDF."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import SkeletonError
from lfm_ros.lifter import MIN_KEYPOINTS
from lfm_ros.skeletons import as_yaml, load_skeleton, registered
from lfm_ros.urdf import Robot, load_robot

# Poses that bring one robot about as far as it goes, in less than an hour of one core; without a
# number the training would take as long as that of a network for everything.
_ENOUGH = 150_000


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser("skeleton", help="list rigs, show one, make one from a URDF")
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    listed = tasks.add_parser("list", help="the registered rigs and how large they are")
    listed.set_defaults(run=_list)
    shown = tasks.add_parser("show", help="one rig as YAML")
    shown.add_argument("name", metavar="NAME", help="registered name, or path of a .yaml file")
    shown.set_defaults(run=_show)
    made = tasks.add_parser(
        "from-urdf",
        help="the rig of a robot, from its URDF",
        description="Write the rig whose keypoints are links of a robot, and say how to train for "
        "it. Meshes are not needed. A root that only carries a fixed joint, such as world, is not "
        "taken for the base; of links at one place the first is taken.",
    )
    made.add_argument("urdf", type=Path, metavar="ROBOT.urdf", help="expanded, not xacro")
    made.add_argument(
        "--links",
        type=_links,
        metavar="A,B,C",
        help="links that are keypoints, in this order; else the base, all that joints move, and "
        "the ends of fixed joints, such as tools, feet and cameras",
    )
    made.add_argument(
        "--output", type=Path, metavar="OUT.yaml", help="where to write it; else to the terminal"
    )
    made.set_defaults(run=_from_urdf)


def _list(_: argparse.Namespace) -> int:
    for name in registered():
        rig = load_skeleton(name)
        size = f"{rig.nominal_size:.4g} m" if rig.nominal_size else "unknown size"
        print(f"{name:16} {len(rig):4} keypoints {len(rig.edges):4} edges  {size}")
    return 0


def _show(options: argparse.Namespace) -> int:
    print(as_yaml(load_skeleton(options.name)), end="")
    return 0


def _from_urdf(options: argparse.Namespace) -> int:
    robot = load_robot(options.urdf, options.links)
    for note in robot.notes:
        print(f"note: {note}", file=sys.stderr)
    _refuse_few(robot)
    text = _head(robot, options.urdf) + as_yaml(robot.skeleton)
    if options.output is None:
        print(text, end="")
    else:
        _write(options.output, text)
        print(
            f"{robot.name}: {len(robot.skeleton)} keypoints, {len(robot.skeleton.edges)} edges, "
            f"{len(robot.skeleton.pairs or ())} left/right pairs -> {options.output}"
        )
    print(_next_step(robot, options), file=sys.stderr)
    return 0


def _refuse_few(robot: Robot) -> None:
    names = robot.skeleton.names
    if len(names) < MIN_KEYPOINTS:
        raise SkeletonError(
            f"{robot.name!r}: {len(names)} keypoints ({', '.join(names)}) are too few, since "
            f"{MIN_KEYPOINTS} are needed to lift it; name more links with --links"
        )


def _next_step(robot: Robot, options: argparse.Namespace) -> str:
    links = ["--links", ",".join(options.links)] if options.links else []
    command = ["python", "-m", "training.train", "--urdf", str(options.urdf), *links]
    command += ["--init", "base", "--run", f"runs/{robot.name}", "--samples", str(_ENOUGH)]
    return (
        "note: networks know a robot poorly that they were not trained on; train one for it, in a "
        f"checkout: {shlex.join(command)}"
    )


def _head(robot: Robot, path: Path) -> str:
    return (
        f"# The robot {robot.name!r}, by lfm skeleton from-urdf {path.name}\n"
        "# Pairs are guessed from names. nominal_size: the edges, median of random poses.\n"
    )


def _write(path: Path, text: str) -> None:
    if path.suffix not in (".yaml", ".yml"):
        raise SkeletonError(f"{path} is not a .yaml path; skeletons are read from such alone")
    try:
        path.write_text(text)
    except OSError as error:
        raise SkeletonError(f"{path} cannot be written: {error.strerror}") from error


def _links(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]

"""What the demo is asked for, and what the parameter files tell the nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lfm_ros.core.skeleton import Skeleton
from lfm_ros.resources import config_dir
from lfm_ros.skeletons import load_skeleton, registered

# A recording is to come back whole: its frames wait while the computer is busy for a moment.
_QUEUE_OF_A_RECORDING = 100


@dataclass(frozen=True)
class Wishes:
    """The command line of ``lfm demo``.

    Attributes:
        seconds: How long to play; None until Ctrl-C or the end of the recording.
        data: Recorded keypoints; None is the built-in scene.
        source: Which keypoints of the recording: ``auto``, ``uv_det``, ``uv`` or ``xyz``.
        port: Of the viewer's page.
        viewer: Whether to start the viewer.
        report: File for the summary as JSON, or None.
    """

    seconds: float | None = None
    data: Path | None = None
    source: str = "auto"
    port: int = 8080
    viewer: bool = True
    report: Path | None = None


@dataclass(frozen=True)
class Plan:
    """How the nodes are started.

    Attributes:
        rigs: The rigs in use, as the node will load them.
        min_confidence: Parameter of the node.
        min_keypoints: Parameter of the node.
        frames: How many frames the recording has; None for the scene, which has no end.
        lifter: Command line of the node.
        player: Command line of the player.
        viewer: Command line of the viewer.
    """

    rigs: list[Skeleton]
    min_confidence: float
    min_keypoints: int
    frames: int | None
    lifter: list[str]
    player: list[str]
    viewer: list[str]


def make_plan(wishes: Wishes, folder: Path) -> Plan:
    """Read the parameter files and, if there is one, the recording.

    Args:
        wishes: What was asked for.
        folder: Where rigs that are not registered are written.

    Raises:
        LfmError: The recording cannot be played.
    """
    values = {**_parameters("lifter.yaml", "lifter"), **_parameters("demo.yaml", "lifter")}
    names, frames = list(values["skeletons"]), None
    demo = config_dir() / "demo.yaml"
    lifter: dict[str, Any] = {"autostart": False}
    # The lifter, the monitor and the viewer: discovery takes a second or two, and frames that were
    # played to one of them only would count as lost.
    player: dict[str, Any] = {"min_subscribers": 2 + wishes.viewer}
    if wishes.data is not None:
        names, frames = _rigs_of(wishes, folder)
        lifter |= {"skeletons": names, "queue_depth": _QUEUE_OF_A_RECORDING}
        player |= {"data": str(wishes.data.resolve()), "source": wishes.source}
    return Plan(
        [load_skeleton(name) for name in names],
        float(values["min_confidence"]),
        int(values["min_keypoints"]),
        frames,
        arguments(lifter, demo),
        arguments(player, demo),
        arguments({"port": wishes.port}, demo),
    )


def rig_names(rigs: Sequence[Skeleton], folder: Path) -> list[str]:
    """Names under which the node can load the rigs; those that nobody knows are written down."""
    known = set(registered())
    return [
        rig.name if rig.name in known and load_skeleton(rig.name) == rig else _written(rig, folder)
        for rig in rigs
    ]


def arguments(parameters: Mapping[str, Any], file: Path | None = None) -> list[str]:
    """The command line of a node.

    Args:
        parameters: Stronger than those of the file.
        file: A parameter file.
    """
    made = ["--ros-args"] + (["--params-file", str(file)] if file else [])
    # JSON is YAML too, and quotes what needs it.
    for name, value in parameters.items():
        made += ["-p", f"{name}:={json.dumps(value)}"]
    return made


def _rigs_of(wishes: Wishes, folder: Path) -> tuple[list[str], int]:
    from lfm_ros.scene.recording import Recording

    recording = Recording(str(wishes.data), wishes.source)
    return rig_names(recording.skeletons, folder), len(recording)


def _written(rig: Skeleton, folder: Path) -> str:
    """The path of a new skeleton file."""
    described: dict[str, Any] = {
        "keypoints": list(rig.names),
        "edges": [[rig.names[a], rig.names[b]] for a, b in rig.edges],
        "pairs": [[rig.names[a], rig.names[b]] for a, b in rig.pairs],
        "nominal_size": rig.nominal_size,
    }
    if rig.root is not None:
        ends = {name: [rig.names[i] for i in getattr(rig.root, name)] for name in _ENDS}
        described["root"] = {
            "origin": ends["origin"],
            "z": [ends["z_from"], ends["z_to"]],
            "y": [ends["y_from"], ends["y_to"]],
        }
    path = folder / f"{rig.name or 'rig'}.yaml"
    path.write_text(yaml.safe_dump(described, sort_keys=False))
    return str(path)


_ENDS = ("origin", "z_from", "z_to", "y_from", "y_to")


def _parameters(file: str, node: str) -> dict[str, Any]:
    """The parameters of a file that apply to a node."""
    content = yaml.safe_load((config_dir() / file).read_text())
    found: dict[str, Any] = {}
    for pattern, section in content.items():
        if pattern.rsplit("/", 1)[-1] in ("**", node):
            found |= section["ros__parameters"]
    return found

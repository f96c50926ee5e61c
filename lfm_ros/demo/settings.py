"""What the demo is asked for, and what the parameter files tell the nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lfm_ros.core.skeleton import Skeleton
from lfm_ros.demo.rigs import rig_names, rig_of, with_size
from lfm_ros.resources import config_dir
from lfm_ros.skeletons import load_skeleton

# A recording is to come back whole: its frames wait while the computer is busy for a moment.
_QUEUE_OF_A_RECORDING = 100


@dataclass(frozen=True)
class DemoOptions:
    """The command line of ``lfm demo``.

    Attributes:
        seconds: How long to play; None until Ctrl-C or the end of the recording.
        data: Recorded keypoints; None is the built-in scene.
        source: Which keypoints of the recording: ``auto``, ``uv_det``, ``uv`` or ``xyz``.
        skeleton: Name or file of the recording's rig; None: as the file says.
        port: Of the viewer's page.
        viewer: Whether to start the viewer.
        report: File for the summary as JSON, or None.
    """

    seconds: float | None = None
    data: Path | None = None
    source: str = "auto"
    skeleton: str | None = None
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
        notes: What the user has to know about the recording, in sentences.
        lifter: Command line of the node.
        player: Command line of the player.
        viewer: Command line of the viewer.
    """

    rigs: list[Skeleton]
    min_confidence: float
    min_keypoints: int
    frames: int | None
    notes: list[str]
    lifter: list[str]
    player: list[str]
    viewer: list[str]


def make_plan(options: DemoOptions, folder: Path) -> Plan:
    """Read the parameter files and, if there is one, the recording.

    Args:
        options: What was asked for.
        folder: Where rigs that are not registered are written.

    Raises:
        LfmError: The recording cannot be played.
    """
    values = {**_parameters("lifter.yaml", "lifter"), **_parameters("demo.yaml", "lifter")}
    names, frames, notes = list(values["skeletons"]), None, []
    demo = config_dir() / "demo.yaml"
    # The ledger holds every answer against its own frame: who is not seen must not be shown.
    # Nor is it told of the silence before the player starts, which waits for everybody.
    lifter: dict[str, Any] = {"autostart": False, "prediction_time": 0.0, "input_timeout": 0.0}
    # The lifter, the monitor and the viewer: discovery takes a second or two, and frames that were
    # played to one of them only would count as lost.
    player: dict[str, Any] = {"min_subscribers": 2 + options.viewer}
    if options.data is not None:
        names, frames, notes = _rigs_of(options, folder)
        lifter |= {"skeletons": names, "queue_depth": _QUEUE_OF_A_RECORDING}
        player |= {"data": str(options.data.resolve()), "source": options.source}
    return Plan(
        [load_skeleton(name) for name in names],
        float(values["min_confidence"]),
        int(values["min_keypoints"]),
        frames,
        notes,
        arguments(lifter, demo),
        arguments(player, demo),
        arguments({"port": options.port}, demo),
    )


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


def _rigs_of(options: DemoOptions, folder: Path) -> tuple[list[str], int, list[str]]:
    """Names of the recording's rigs, its frames, and what there is to say about it."""
    from lfm_ros.scene.opening import open_recording

    recording = open_recording(str(options.data), options.source)
    rig, notes = rig_of(recording, options.skeleton), list(recording.remarks)
    if rig.nominal_size is None:
        rig, sentence = with_size(recording, rig)
        notes.append(sentence)
    return rig_names([rig], folder), len(recording), notes


def _parameters(file: str, node: str) -> dict[str, Any]:
    """The parameters of a file that apply to a node."""
    content = yaml.safe_load((config_dir() / file).read_text())
    found: dict[str, Any] = {}
    for pattern, section in content.items():
        if pattern.rsplit("/", 1)[-1] in ("**", node):
            found |= section["ros__parameters"]
    return found

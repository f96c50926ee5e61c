"""What is measured side by side at one size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.bench.flops import mlp_flop, network_flop
from lfm_ros.bench.interleave import Call
from lfm_ros.bench.plain_networks import MLP_BLOCKS, MLP_WIDTH
from lfm_ros.bench.workload import CAMERA, detections, tree_rig
from lfm_ros.core.camera import LEVEL_UP
from lfm_ros.engines.base import Arrays, Engine
from lfm_ros.lifter import Lifter


@dataclass(frozen=True)
class Contender:
    """One that takes its turn.

    Attributes:
        what: ``engine`` (the network alone), ``lifter`` (the whole call) or ``peer``.
        model: What it runs.
        backend: In which runtime.
        call: One call.
        flop: Operations of one call of the network, None where they are not known.
        width: Channels of the network: which roof is its own.
        steps: Seconds of each step of the last calls, of a ``lifter``.
    """

    what: str
    model: str
    backend: str
    call: Call
    flop: float | None = None
    width: int | None = None
    steps: list[Mapping[str, float]] = field(default_factory=list)


def ours(name: str, lifter: Lifter, count: int, keypoints: int) -> tuple[Contender, Contender]:
    """The network alone and the whole lifter at one size, on the same detections."""
    pixels, rig = detections(count, keypoints), tree_rig(keypoints)
    inputs, steps = _network_inputs(lifter, count, keypoints), []

    def lift() -> None:
        steps.append(lifter.lift(pixels, None, CAMERA, rig, up=LEVEL_UP).seconds)

    def infer() -> None:
        lifter.engine.infer(inputs)

    architecture = lifter.model.manifest.get("architecture")
    flop = network_flop(architecture, count, keypoints) if architecture else None
    width = architecture["width"] if architecture else None
    backend = lifter.engine.name
    return (
        Contender("engine", name, backend, infer, flop, width),
        Contender("lifter", name, backend, lift, steps=steps),
    )


def peer(engine: Engine, count: int, keypoints: int) -> Contender:
    """The plain residual MLP at one size."""
    drawn = np.random.default_rng(0).uniform(-0.7, 0.7, (count, keypoints, 2))
    # It reads none but the first; by the others a runtime cuts large calls.
    inputs = {
        "keypoints": drawn.astype(np.float32),
        "confidence": np.ones((count, keypoints), np.float32),
        "adjacency": np.zeros((1, keypoints, keypoints), np.float32),
    }

    def infer() -> None:
        engine.infer(inputs)

    flop = mlp_flop(MLP_WIDTH, MLP_BLOCKS, count, keypoints)
    return Contender("peer", f"mlp_{MLP_BLOCKS}x{MLP_WIDTH}", engine.name, infer, flop)


class _Tap:
    """An engine that keeps what it was given."""

    def __init__(self, engine: Engine) -> None:
        self.name, self._engine = engine.name, engine
        self.seen: Arrays = {}

    def infer(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        self.seen = inputs
        return self._engine.infer(inputs)

    def close(self) -> None:
        """The engine belongs to another."""


def _network_inputs(lifter: Lifter, count: int, keypoints: int) -> dict[str, NDArray[Any]]:
    """What the lifter gives its network for the same detections."""
    tap = _Tap(lifter.engine)
    Lifter(lifter.model, tap).lift(
        detections(count, keypoints), None, CAMERA, tree_rig(keypoints), up=LEVEL_UP
    )
    return dict(tap.seen)

"""From a model's ONNX file to a serialized engine ("plan"), with NVIDIA's builder."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.nvidia import Capability, NvidiaModule, Progress
from lfm_ros.engines.nvidia_log import Entry
from lfm_ros.engines.profiles import PROFILES, Profile, Shape, dimensions
from lfm_ros.models import Model

PRECISIONS = ("fp16", "fp32")

# The log's layout is nobody's promise: these find nothing in a version that words it otherwise.
_KERNEL = re.compile(r"^(?:Name: ([^,]+), LayerType: |Layer\(\w+\): ([^,]+), Tactic: )", re.M)
_PROFILE = re.compile(r"\[profile (\d+)\]|_myl(\d+)_\d+$")
_SCRATCH = re.compile(r"Total Activation Memory: (\d+)")
# Two builds at once would only slow each other down, and share one log.
_one_build = threading.Lock()


class BuildError(EngineError):
    """The library does not take the file, or cannot build it.

    Attributes:
        log: All that it said until then.
    """

    def __init__(self, sentence: str, log: Sequence[Entry] = ()) -> None:
        super().__init__(sentence)
        self.log = tuple(log)


@dataclass(frozen=True)
class BuiltEngine:
    """A serialized engine and what the builder said of it.

    Attributes:
        plan: The engine; runs only with the version and the kind of GPU it was built for.
        seconds: How long it took.
        kernels: Names of the kernels of each profile; empty where the log does not tell.
        scratch_bytes: GPU memory that one call needs beside weights, of each profile likewise.
        log: All that NVIDIA's library said.
    """

    plan: bytes
    seconds: float
    kernels: tuple[tuple[str, ...], ...]
    scratch_bytes: tuple[int, ...]
    log: tuple[Entry, ...] = field(repr=False)

    @property
    def warnings(self) -> list[str]:
        """What the library complained of."""
        return [entry.text for entry in self.log if entry.serious]


def build(
    model: Model,
    nvidia: NvidiaModule,
    precision: str = "fp16",
    targets: Sequence[Capability] = (),
    progress: Progress | None = None,
) -> BuiltEngine:
    """Build an engine.

    Args:
        model: The model.
        nvidia: From ``lfm_ros.engines.nvidia.find``.
        precision: Which of the model's ONNX files, ``fp16`` or ``fp32``.
        targets: Compute capabilities to build for without having the GPUs (RTX only); none: for
            the GPU that this process runs on.
        progress: Called with a phase's name and its share done.

    Raises:
        BuildError: The file is not taken, or the builder fails; with NVIDIA's own last error.
        EngineError: No such precision.
    """
    if precision not in PRECISIONS:
        raise EngineError(f"precision {precision!r} is not known; use one of {PRECISIONS}")
    began = time.monotonic()
    with _one_build, nvidia.log.recording() as log:
        try:
            plan = _serialized(model, nvidia, precision, targets, progress)
        except EngineError as error:
            raise BuildError(str(error), log) from error
        # The binding's own, such as for a GPU that is there and cannot be used.
        except (RuntimeError, TypeError, ValueError) as error:
            raise BuildError(_failure(nvidia, str(error)), log) from error
    text = "\n".join(entry.text for entry in log)
    return BuiltEngine(
        plan, time.monotonic() - began, kernel_names(text), scratch_memory(text), tuple(log)
    )


def kernel_names(log: str) -> tuple[tuple[str, ...], ...]:
    """Kernels of each profile, in the order of their execution, from a verbose build log."""
    by_profile: dict[int, list[str]] = {}
    for pair in _KERNEL.findall(log):
        name = pair[0] or pair[1]
        said = _PROFILE.search(name)
        number = int(said.group(1) or said.group(2)) if said else 0
        by_profile.setdefault(number, []).append(name)
    return tuple(tuple(by_profile[number]) for number in sorted(by_profile))


def scratch_memory(log: str) -> tuple[int, ...]:
    """Scratch memory of each profile in bytes, from a build log."""
    return tuple(int(number) for number in _SCRATCH.findall(log))


def _serialized(
    model: Model,
    nvidia: NvidiaModule,
    precision: str,
    targets: Sequence[Capability],
    progress: Progress | None,
) -> bytes:
    builder = nvidia.module.Builder(nvidia.logger)
    network = _parse(model.path(precision), builder, nvidia)
    config = _configure(builder, network, nvidia, model)
    nvidia.aim(config, targets)
    monitor = nvidia.show_progress(config, progress) if progress is not None else None
    plan = builder.build_serialized_network(network, config)
    del monitor  # until here the builder called it
    if plan is None:
        raise EngineError(_failure(nvidia, nvidia.log.last_error()))
    return bytes(plan)


def _parse(path: Path, builder: Any, nvidia: NvidiaModule) -> Any:
    network = nvidia.create_network(builder)
    parser = nvidia.module.OnnxParser(network, nvidia.logger)
    if not parser.parse(path.read_bytes()):
        errors = "; ".join(parser.get_error(i).desc() for i in range(parser.num_errors))
        raise EngineError(
            f"{nvidia.name} {nvidia.version} does not take {path.name}: {errors}. ONNX Runtime "
            "does: choose backend 'onnxruntime'"
        )
    return network


def _configure(builder: Any, network: Any, nvidia: NvidiaModule, model: Model) -> Any:
    config = builder.create_builder_config()
    # Without this the log does not name the kernels.
    config.profiling_verbosity = nvidia.module.ProfilingVerbosity.DETAILED
    # A second stream costs more in signals between the two than it gains in a network this small.
    config.max_aux_streams = 0
    nvidia.keep_types(network, config)
    nvidia.share_profiles(config)
    inputs = [network.get_input(i).name for i in range(network.num_inputs)]
    described = {name: model.manifest["inputs"][name] for name in inputs}
    for profile in PROFILES:
        made = builder.create_optimization_profile()
        for name, text in described.items():
            made.set_shape(name, *_range(text, profile))
        if config.add_optimization_profile(made) < 0:
            raise EngineError(
                f"{nvidia.name} {nvidia.version} does not take the profile for {profile.name}: "
                f"{nvidia.log.last_error()}"
            )
    return config


def _range(described: str, profile: Profile) -> tuple[tuple[int, ...], ...]:
    """Lowest, usual and highest dimensions of an input; every instance may have its own rig."""
    most_rigs = profile.highest.batch
    sizes: tuple[tuple[Shape, int], ...] = (
        (profile.lowest, 1),
        (profile.usual, 1),
        (profile.highest, most_rigs),
    )
    return tuple(dimensions(described, shape, rigs) for shape, rigs in sizes)


def _failure(nvidia: NvidiaModule, reason: str) -> str:
    return f"{nvidia.name} {nvidia.version} could not build the engine: {reason}"

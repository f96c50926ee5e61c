"""NVIDIA's builder and runtime, whichever is installed, and all that differs between versions.

``tensorrt`` 8.6 (JetPack 6.0), 10.3 (6.1, 6.2), 10.16 (7.2) and 11.4, and ``tensorrt_rtx`` 1.7 are
used through what they share. Where they differ, the difference is a method of ``NvidiaModule``:

================================  ====  =====  ======  =====  ======
                                   8.6   10.3   10.16   11.4  RTX 1.7
================================  ====  =====  ======  =====  ======
``EXPLICIT_BATCH`` must be said   yes   no     no      gone   gone
strongly typed networks           no    yes    yes     yes    always
``BuilderFlag.FP16``              yes   -      -       gone   gone
contexts may share a profile      ask   yes    yes     yes    yes
``IProgressMonitor``              no    yes    yes     yes    yes
builds for another GPU            no    no     no      no     yes
================================  ====  =====  ======  =====  ======

The precision is in the ONNX file, not in builder flags, so that a file means the same everywhere.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.nvidia_log import NvidiaLog, library_logger

TENSORRT, RTX = "tensorrt", "tensorrt_rtx"
#: In the order in which they are looked for.
NAMES = (TENSORRT, RTX)
OLDEST = (8, 6)

_REMEDY = {
    TENSORRT: "on a Jetson: sudo apt install python3-libnvinfer; on a desktop: install NVIDIA's "
    "TensorRT (python3-libnvinfer from NVIDIA's apt repository)",
    RTX: "on an RTX desktop: pip install tensorrt-rtx-cu13",
}
_found: dict[str, NvidiaModule] = {}
_finding = threading.Lock()

Capability = tuple[int, int]
"""Of a GPU, major and minor: (8, 7) is written 8.7."""

Progress = Callable[[str, float], None]
"""Called with the phase's name and its share done, 0 to 1."""


@dataclass(frozen=True)
class NvidiaModule:
    """An imported library.

    Attributes:
        name: ``tensorrt`` or ``tensorrt_rtx``.
        version: Full version; a plan of another one is not loaded.
        module: The Python module.
        logger: The process's one logger, to be given to ``Builder``, ``OnnxParser``, ``Runtime``.
        log: What the logger has heard.
    """

    name: str
    version: str
    module: Any
    logger: Any = field(repr=False)
    log: NvidiaLog = field(repr=False)

    @property
    def capabilities(self) -> tuple[Capability, ...] | None:
        """Compute capabilities it can build for; None if only for the GPU that it runs on.

        A plan for a compute capability runs on every such GPU, whatever its driver.
        """
        kinds = getattr(self.module, "ComputeCapability", None)
        if kinds is None:
            return None
        numbers = [name[2:] for name in kinds.__members__ if name.startswith("SM")]
        return tuple(sorted((int(digits[:-1]), int(digits[-1])) for digits in numbers))

    def create_network(self, builder: Any) -> Any:
        """An empty network that takes types from the ONNX file where the version can."""
        kinds = self.module.NetworkDefinitionCreationFlag
        flags = 0
        for name in ("EXPLICIT_BATCH", "STRONGLY_TYPED"):
            if hasattr(kinds, name):
                flags |= 1 << int(getattr(kinds, name))
        return builder.create_network(flags)

    def keep_types(self, network: Any, config: Any) -> None:
        """Hold a network without strong types (8.6) to the types of the ONNX file."""
        if hasattr(self.module.NetworkDefinitionCreationFlag, "STRONGLY_TYPED"):
            return
        types = self.module.DataType
        for index in range(network.num_layers):
            layer = network.get_layer(index)
            made = {layer.get_output(i).dtype for i in range(layer.num_outputs)}
            if made in ({types.HALF}, {types.FLOAT}):
                layer.precision = made.pop()
        config.set_flag(self.module.BuilderFlag.FP16)
        config.set_flag(self.module.BuilderFlag.OBEY_PRECISION_CONSTRAINTS)

    def share_profiles(self, config: Any) -> None:
        """Let several contexts use one profile at a time: every recorded graph wants its own."""
        if _numbers(self.version) < (10, 0) and self.name == TENSORRT:
            config.set_preview_feature(self.module.PreviewFeature.PROFILE_SHARING_0806, True)

    def aim(self, config: Any, targets: Sequence[Capability]) -> None:
        """Choose the GPUs to build for; none: the one that this process runs on.

        Raises:
            EngineError: This library cannot build for one of them.
        """
        self.require(targets)
        if targets:
            config.num_compute_capabilities = len(targets)
        for index, (major, minor) in enumerate(targets):
            kind = getattr(self.module.ComputeCapability, f"SM{major}{minor}")
            config.set_compute_capability(kind, index)

    def require(self, targets: Sequence[Capability]) -> None:
        """Refuse GPUs that this library cannot build for.

        Raises:
            EngineError: One of them is such; says what to use.
        """
        known = self.capabilities
        if targets and known is None:
            raise EngineError(
                f"{self.name} {self.version} builds only for the GPU that it runs on, not for "
                f"compute capability {dotted(targets)}; leave it out, or use {RTX}: {_REMEDY[RTX]}"
            )
        unknown = [target for target in targets if target not in (known or ())]
        if unknown:
            raise EngineError(
                f"{self.name} {self.version} cannot build for compute capability "
                f"{dotted(unknown)}, only for {dotted(known or ())}; use the full TensorRT "
                f"there, {_REMEDY[TENSORRT]}"
            )

    def show_progress(self, config: Any, progress: Progress) -> Any:
        """Report the builder's phases; 8.6 cannot.

        Returns:
            What must be kept until the build is over, since ``config`` does not keep it.
        """
        base = getattr(self.module, "IProgressMonitor", None)
        monitor = None if base is None else _monitor(base, progress)
        if monitor is not None:
            config.progress_monitor = monitor
        return monitor


def find(name: str | None = None) -> NvidiaModule:
    """Import NVIDIA's library.

    Args:
        name: ``tensorrt``, ``tensorrt_rtx``, or None for the first of them that is there.

    Raises:
        EngineError: It is not there, or cannot be used; says how to install it.
    """
    if name is not None and name not in NAMES:
        raise EngineError(f"NVIDIA library {name!r} is not known; use one of {NAMES}")
    reasons = []
    with _finding:
        for candidate in NAMES if name is None else (name,):
            try:
                return _load(candidate)
            except EngineError as error:
                reasons.append(str(error))
    raise EngineError("; ".join(reasons))


def dotted(capabilities: Sequence[Capability]) -> str:
    """Compute capabilities as people write them: ``8.6, 8.9``."""
    return ", ".join(f"{major}.{minor}" for major, minor in capabilities)


def _load(name: str) -> NvidiaModule:
    if name not in _found:
        try:
            module = importlib.import_module(name)
            version = str(module.__version__)
        # A binding without its library fails with any of these, by version and platform.
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            raise EngineError(f"{name} cannot be imported ({error}); {_REMEDY[name]}") from error
        if name == TENSORRT and _numbers(version) < OLDEST:
            raise EngineError(
                f"{name} is version {version}, {'.'.join(map(str, OLDEST))} is the oldest that "
                f"works; {_REMEDY[name]}"
            )
        log = NvidiaLog()
        _found[name] = NvidiaModule(name, version, module, library_logger(module, log), log)
    return _found[name]


def _monitor(base: Any, progress: Progress) -> Any:
    class Monitor(base):  # type: ignore[misc]
        def __init__(self) -> None:
            base.__init__(self)
            self.steps: dict[str, int] = {}

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            self.steps[phase] = max(steps, 1)
            progress(phase, 0.0)

        def step_complete(self, phase: str, step: int) -> bool:
            progress(phase, min((step + 1) / self.steps.get(phase, 1), 1.0))
            return True  # False would cancel the build

        def phase_finish(self, phase: str) -> None:
            progress(phase, 1.0)

    return Monitor()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())

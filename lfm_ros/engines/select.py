"""Which runtime carries out the network, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lfm_ros.core.errors import EngineError
from lfm_ros.engines import first_load, nvidia, onnxruntime, openvino
from lfm_ros.engines.base import Engine, Notice
from lfm_ros.engines.cuda import opening
from lfm_ros.models import Model

AUTO = "auto"


@dataclass(frozen=True)
class Backend:
    """A runtime that may be chosen.

    Attributes:
        unavailable: Why it cannot run here, in a sentence, or None. Takes no memory of a GPU.
        create: Makes the engine from the model, the number of CPU threads (0: as the engine
            chooses), and whom to tell what the user should know.
        distributions: Names on PyPI of what it may run by; their versions decide how fast it is.
        on_cpu: Whether the processor does the arithmetic, so that its limits are the runtime's.
        by_name_only: Why ``auto`` leaves it out, or empty.
    """

    unavailable: Callable[[], str | None]
    create: Callable[[Model, int, Notice], Engine]
    distributions: tuple[str, ...]
    on_cpu: bool
    by_name_only: str = ""


def _nvidia(library: str, *distributions: str) -> Backend:
    def create(model: Model, _threads: int, notice: Notice) -> Engine:
        return first_load.open_engine(model, library, notice)

    names = (*distributions, "pycuda", "cuda-bindings")
    return Backend(partial(first_load.unavailable, library), create, names, on_cpu=False)


#: In the order in which ``auto`` tries them.
BACKENDS = {
    nvidia.TENSORRT: _nvidia(nvidia.TENSORRT, "tensorrt", "tensorrt-cu12", "tensorrt-cu13"),
    nvidia.RTX: _nvidia(nvidia.RTX, "tensorrt-rtx-cu13"),
    "onnxruntime": Backend(
        onnxruntime.unavailable,
        lambda model, threads, _notice: onnxruntime.OnnxRuntimeEngine(model, threads),
        distributions=("onnxruntime", "onnxruntime-gpu"),
        on_cpu=True,
    ),
    "openvino": Backend(
        openvino.unavailable,
        lambda model, threads, _notice: openvino.OpenVinoEngine(model, threads),
        distributions=("openvino",),
        on_cpu=True,
        by_name_only="only when asked for by name",
    ),
}


def create_engine(
    model: Model, backend: str = AUTO, threads: int = 0, notice: Notice | None = None
) -> tuple[Engine, str]:
    """Load the model into a runtime.

    Args:
        model: The model.
        backend: ``auto`` or the name of a runtime. A runtime asked for by name is never replaced.
        threads: Most CPU threads of one call; 0: as the engine chooses.
        notice: Told in a sentence before anything that takes long, such as building an engine.

    Returns:
        The engine, and a sentence that says why it was chosen and why each other was not. Where
        there is no GPU it says no more than that: nothing is missing that would be of use.

    Raises:
        EngineError: No such runtime, or it cannot run here.
    """
    told = notice or (lambda _: None)
    if backend == AUTO:
        return _first_that_runs(model, threads, told)
    if backend not in BACKENDS:
        raise EngineError(
            f"backend {backend!r} is not known; use {AUTO!r} or one of {sorted(BACKENDS)}"
        )
    return BACKENDS[backend].create(model, threads, told), "asked for by name"


def _first_that_runs(model: Model, threads: int, notice: Notice) -> tuple[Engine, str]:
    passed_over: dict[str, str] = {}
    names = list(BACKENDS)
    for name in names:
        candidate = BACKENDS[name]
        try:
            reason = candidate.by_name_only or candidate.unavailable()
            if reason is None:
                engine = candidate.create(model, threads, notice)
                break
            passed_over[name] = reason
        except EngineError as error:
            passed_over[name] = str(error)
    else:
        raise EngineError(f"no backend can run {model.name}: {_told(passed_over)}")
    if passed_over and set(passed_over.values()) == {opening.NO_GPU}:
        return engine, "it runs on the CPU; there is no NVIDIA GPU here"
    for later in names[names.index(name) + 1 :]:
        passed_over[later] = BACKENDS[later].by_name_only or f"{name} comes first"
    return engine, f"auto chose it; not {_told(passed_over)}"


def _told(reasons: dict[str, str]) -> str:
    """Reasons as a clause, each said once."""
    sharing: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        sharing.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in sharing.items())

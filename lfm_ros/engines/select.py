"""Which runtime carries out the network, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lfm_ros.core.errors import EngineError
from lfm_ros.engines import onnxruntime
from lfm_ros.engines.base import Engine
from lfm_ros.models import Model

AUTO = "auto"


@dataclass(frozen=True)
class Backend:
    """A runtime that may be chosen.

    Attributes:
        unavailable: Why it cannot run here, or None.
        create: Makes the engine from the model and the number of CPU threads.
    """

    unavailable: Callable[[], str | None]
    create: Callable[[Model, int], Engine]


#: In the order in which ``auto`` tries them.
BACKENDS = {"onnxruntime": Backend(onnxruntime.unavailable, onnxruntime.OnnxRuntimeEngine)}


def create_engine(model: Model, backend: str = AUTO, threads: int = 1) -> tuple[Engine, str]:
    """Load the model into a runtime.

    Args:
        model: The model.
        backend: ``auto`` or the name of a runtime. A runtime asked for by name is never replaced.
        threads: CPU threads of one call.

    Returns:
        The engine, and a sentence that says why it was chosen.

    Raises:
        EngineError: No such runtime, or it cannot run here.
    """
    if backend != AUTO:
        if backend not in BACKENDS:
            raise EngineError(
                f"backend {backend!r} is not known; use {AUTO!r} or one of {sorted(BACKENDS)}"
            )
        return BACKENDS[backend].create(model, threads), "asked for by name"
    passed_over: list[str] = []
    for name, candidate in BACKENDS.items():
        try:
            engine = candidate.create(model, threads)
        except EngineError as error:
            passed_over.append(f"{name}: {error}")
            continue
        why = "; ".join(passed_over) or "the only backend of this version"
        return engine, f"auto chose it ({why})"
    raise EngineError(f"no backend can run {model.name}: {'; '.join(passed_over)}")

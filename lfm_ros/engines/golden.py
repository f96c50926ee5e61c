"""The model's golden batch: inputs with the outputs that every engine must come near to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.base import Arrays
from lfm_ros.models import Model

#: Limits of a usable engine, as shares of the radius.
GOLDEN_MEAN, GOLDEN_WORST = 1e-3, 5e-3

Infer = Callable[[Arrays], Mapping[str, NDArray[np.float32]]]


@dataclass(frozen=True)
class GoldenDifference:
    """How far an engine's outputs are from the model's fp32 outputs, as shares of the radius."""

    mean: float
    worst: float

    @property
    def acceptable(self) -> bool:
        """Whether the engine may be used; if not, build it in fp32."""
        return self.mean < GOLDEN_MEAN and self.worst < GOLDEN_WORST


def golden_difference(model: Model, infer: Infer) -> GoldenDifference:
    """Run the model's golden batch through an engine and compare.

    Args:
        model: The model.
        infer: The engine's.

    Raises:
        EngineError: An output is missing, of another shape, or not finite.
    """
    with np.load(model.path("golden")) as golden:
        arrays = dict(golden)
    inputs = {n[len("input_") :]: v for n, v in arrays.items() if n.startswith("input_")}
    outputs = infer(inputs)
    seen = (inputs["confidence"] > 0).any(1)
    truth = arrays["output_canonical"][seen]
    centred = truth - truth.mean(1, keepdims=True)
    radius = np.linalg.norm(centred, axis=-1).max(1)
    distances = []
    for name in ("canonical", "uvd"):
        if f"output_{name}" not in arrays:
            continue
        expected, found = arrays[f"output_{name}"], np.asarray(outputs.get(name))
        if found.shape != expected.shape or not np.isfinite(found[seen]).all():
            raise EngineError(
                f"the engine's output {name!r} has the shape {found.shape} or values that are not "
                f"finite; expected finite {expected.shape}: build it again or use onnxruntime"
            )
        distances.append(np.linalg.norm((found - expected)[seen], axis=-1) / radius[:, None])
    every = np.concatenate(distances)
    return GoldenDifference(float(every.mean()), float(every.max()))

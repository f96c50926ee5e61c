"""The roof: what this processor reaches in the products that a network consists of."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lfm_ros.bench.interleave import Call, interleaved
from lfm_ros.bench.plain_networks import product
from lfm_ros.engines.onnxruntime import OnnxRuntimeEngine

#: Rows of the product, tokens of a batch: few enough for the caches, enough to hide the calls.
_TOKENS = (256, 768, 2048)
#: One sample is so much arithmetic, lest a shorter call be disturbed less often than a network's.
_SAMPLE_FLOP = 5e8


@dataclass(frozen=True)
class Roof:
    """The fastest product at one width.

    Attributes:
        width: D of the network.
        shape: (T, inner, outer) of the product.
        call: Carries out ``flop`` operations.
        flop: Operations of one call.
    """

    width: int
    shape: tuple[int, int, int]
    call: Call
    flop: float


def find_roof(
    width: int, mlp_ratio: int, threads: int, folder: Path, seconds: float, stack: ExitStack
) -> Roof:
    """Try the products of a block, at several numbers of tokens, in ONNX Runtime.

    Args:
        width: D of the network.
        mlp_ratio: How much wider its MLP is.
        threads: CPU threads, each of which multiplies by itself.
        folder: Where the networks are written.
        seconds: For each.
        stack: Gives back what they hold.

    Raises:
        LfmError: The package onnx is missing.
    """
    wide = mlp_ratio * width
    pool = stack.enter_context(ThreadPoolExecutor(threads)) if threads > 1 else None
    candidates: list[Roof] = []
    for inner, outer in ((width, 3 * width), (width, width), (width, wide), (wide, width)):
        engine = OnnxRuntimeEngine(product(folder, inner, outer), threads=1)
        stack.callback(engine.close)
        candidates += [_roof(engine, width, (t, inner, outer), threads, pool) for t in _TOKENS]
    times = interleaved([roof.call for roof in candidates], seconds)
    rates = [roof.flop / np.median(t.cpu) for roof, t in zip(candidates, times, strict=True)]
    return candidates[int(np.argmax(rates))]


def _roof(
    engine: OnnxRuntimeEngine,
    width: int,
    shape: tuple[int, int, int],
    threads: int,
    pool: ThreadPoolExecutor | None,
) -> Roof:
    tokens, inner, outer = shape
    drawn = np.random.default_rng(0).normal(size=(tokens, inner)).astype(np.float32)
    # To the engine it is one instance of so many keypoints, which it never cuts.
    inputs = {"keypoints": drawn, "confidence": np.ones((1, tokens), np.float32)}
    once = 2.0 * tokens * inner * outer
    repeats = max(1, round(_SAMPLE_FLOP / once))

    def multiply(_: int = 0) -> None:
        for _ in range(repeats):
            engine.infer(inputs)

    if pool is None:
        return Roof(width, shape, multiply, repeats * once)
    every = range(threads)
    return Roof(width, shape, lambda: list(pool.map(multiply, every)), threads * repeats * once)

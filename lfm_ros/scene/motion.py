"""Smooth periodic curves that the motions of the rigs are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def wave(phase: ArrayLike) -> Array:
    """Cosine of a phase counted in turns: 1 at 0, -1 at one half."""
    return np.cos(2 * np.pi * np.asarray(phase, np.float64))


def bump(phase: ArrayLike, centre: float, width: float) -> Array:
    """Smooth periodic bump of height 1 at ``centre``; phase, centre and width in turns.

    A von Mises bell: near ``centre`` a Gaussian with standard deviation ``width``.
    """
    sharpness = 1.0 / (2 * np.pi * width) ** 2
    return np.exp(sharpness * (wave(np.asarray(phase) - centre) - 1.0))


def ease(phase: ArrayLike, keyframes: Sequence[Sequence[float]]) -> Array:
    """Values (..., D) of D curves through evenly spaced ``keyframes`` (M, D), once a turn.

    The motion rests in every keyframe: its speed is zero there and continuous everywhere.
    """
    table = np.asarray(keyframes, np.float64)
    position = np.mod(np.asarray(phase, np.float64), 1.0) * len(table)
    before = np.floor(position).astype(int) % len(table)
    part = (position - np.floor(position))[..., None]
    smooth = part * part * (3.0 - 2.0 * part)
    return table[before] * (1.0 - smooth) + table[(before + 1) % len(table)] * smooth

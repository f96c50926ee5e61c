"""Sizes that calls are padded to, and where a call's tensors lie in one block of memory.

A few sizes serve every call, so that each of them can be prepared once and recorded. All tensors of
a direction lie behind one another, so that one copy carries them.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_ALIGNMENT = 256  # bytes; what CUDA's own allocations have, and what kernels may expect


class Bucket(NamedTuple):
    """Instances, keypoints and rigs that calls are padded to."""

    batch: int
    keypoints: int
    rigs: int


class Tensor(NamedTuple):
    """A tensor of known shape."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype


def bucket(batch: int, keypoints: int, rigs: int) -> Bucket:
    """The smallest bucket that holds a call.

    Small frames cost the same whatever they hold, so few sizes serve them: powers of two. From 64
    instances on padding is paid for, and at most a fifth is padded. The edges of all profiles
    are buckets.
    """
    return Bucket(_batch(batch), _keypoints(keypoints), 1 << (rigs - 1).bit_length())


def _keypoints(keypoints: int) -> int:
    if keypoints <= 32:
        return -(-keypoints // 4) * 4
    if keypoints <= 136:
        return -(-keypoints // 8) * 8
    return 136 + -(-(keypoints - 136) // 40) * 40


def _batch(batch: int) -> int:
    power = 1 << (batch - 1).bit_length()
    if power <= 64:
        return power
    quarter = power // 8
    return -(-batch // quarter) * quarter


class Layout:
    """Where tensors lie in a block.

    Attributes:
        size: Bytes of the block that they take.
        offsets: First byte of each tensor.
    """

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self.offsets: dict[str, int] = {}
        self._tensors = {tensor.name: tensor for tensor in tensors}
        end = 0
        for tensor in self._tensors.values():
            self.offsets[tensor.name] = end
            taken = prod(tensor.shape) * tensor.dtype.itemsize
            end += -(-taken // _ALIGNMENT) * _ALIGNMENT
        self.size = end

    def views(self, block: NDArray[np.uint8]) -> dict[str, NDArray[np.generic]]:
        """The tensors as arrays on the bytes of a block."""
        return {
            name: np.ndarray(tensor.shape, tensor.dtype, block.data, self.offsets[name])
            for name, tensor in self._tensors.items()
        }


def padded_into(view: NDArray[np.generic], value: NDArray[np.generic]) -> None:
    """Write an array into the beginning of a larger one, zeros behind it.

    A confidence of 0 says that a keypoint is missing, so the network ignores what is padded.
    """
    if view.shape != value.shape:
        view[...] = 0
    view[tuple(slice(length) for length in value.shape)] = value

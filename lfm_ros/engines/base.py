"""What every runtime offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
Notice = Callable[[str], None]
"""Told in a sentence what the user should know before it happens, such as a build."""


class Engine(Protocol):
    """A loaded network.

    ``infer`` takes ``keypoints (B, K, 2)``, ``confidence (B, K)`` with 0 for missing, ``adjacency
    (S, K, K)`` of the S rigs in the batch, ``skeleton_index (B,)`` of integers, ``camera (B, C)``
    and ``side (B, K)``; all others float32. It returns the outputs that the manifest names. Any
    thread may call it.
    """

    name: str
    """Which runtime this is, as in the parameter ``backend``."""

    def infer(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run the network once."""
        ...

    def close(self) -> None:
        """Give back what the runtime holds. Calling it twice is harmless."""
        ...

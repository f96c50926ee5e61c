"""One detected object, before anybody asked which rig it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import MessageError
from lfm_ros.ros.adapters.keypoints2d import UNKNOWN

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Instance:
    """What an adapter reads out of a message, N keypoints in any order.

    Attributes:
        labels: What it is, from the most to the least exact (``tag36h11:5``, ``tag36h11``).
        points: Shape (N, 2), pixels, or shares of the image where the message has shares. NaN,
            infinite ones and (0, 0) are missing.
        confidence: Shape (N,); what is not above 0 is missing.
        places: Index of each keypoint in the detector's own order, shape (N,).
        names: Name of each place where the message type fixes them; None: the detector decides.
        score: Of the whole detection in [0, 1]; None where the message has none.
        instance_id: ``identity`` of the tracker's id.
    """

    labels: tuple[str, ...]
    points: Floats
    confidence: Floats
    places: NDArray[np.int64]
    names: tuple[str, ...] | None = None
    score: float | None = None
    instance_id: int = UNKNOWN


def table(rows: list[Any], width: int) -> Floats:
    """Rows of numbers as an array of shape (len(rows), width), also when there are none.

    Raises:
        MessageError: A row has another width, which message types with lists in them allow.
    """
    try:
        return np.array(rows, np.float64).reshape(len(rows), width)
    except ValueError as error:
        raise MessageError(
            f"a keypoint of the message has not the {width} numbers it should have ({error})"
        ) from error

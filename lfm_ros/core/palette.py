"""Colours by which a person tells the instances of a frame apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito's colour-blind-safe set ("Color Universal Design", 2008), without its black and its
# blue, which vanish on a dark background, ordered so that neighbouring ids differ in lightness too.
_RGB8 = (
    (0, 158, 115),
    (230, 159, 0),
    (86, 180, 233),
    (213, 94, 0),
    (240, 228, 66),
    (204, 121, 167),
)
_FULL: NDArray[np.float32] = np.asarray(_RGB8, dtype=np.float32) / 255.0
# Then the same hues half way to white: hue and lightness together tell twelve apart.
_PALETTE: NDArray[np.float32] = np.concatenate([_FULL, 0.5 + 0.5 * _FULL])

PALETTE_SIZE = len(_PALETTE)


def instance_color(instance_id: int) -> NDArray[np.float32]:
    """Colour of an instance, the same wherever it is drawn.

    Args:
        instance_id: Any integer; ids repeat their colour every `PALETTE_SIZE`.

    Returns:
        RGB in [0, 1], shape (3,), float32; a fresh array.
    """
    return _PALETTE[int(instance_id) % PALETTE_SIZE].copy()


def instance_colors(instance_ids: NDArray[np.integer]) -> NDArray[np.float32]:
    """Colours of many instances at once.

    Args:
        instance_ids: Integer ids, any shape.

    Returns:
        RGB in [0, 1], float32, shape of `instance_ids` with a last axis of 3.
    """
    return _PALETTE[np.asarray(instance_ids, dtype=np.int64) % PALETTE_SIZE]

"""All that is invented: designs of what is in no data set, for kinds that nobody recorded."""

from __future__ import annotations

from training.data.creatures import random_creatures
from training.data.hand_plans import random_hands
from training.data.poses import PoseSet
from training.data.shapes import random_shapes

# Objects of a design are stiff; animals and hands take postures, too.
_OBJECTS, _POSES = 60, 100


def invented_sets(designs: int) -> dict[str, PoseSet]:
    """So many designs of objects, half as many of animals, a quarter of hands; the same each time.

    Their groups (``shape``, ``creature``, ``hand_like``) are those of no other set.
    """
    return {
        **random_shapes(designs, _OBJECTS),
        **random_creatures(designs // 2, _POSES),
        **random_hands(designs // 4, _POSES),
    }

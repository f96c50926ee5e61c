"""Edges for keypoints that come without a skeleton."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree

from lfm_ros.core.skeleton import Edge

#: Added to lengths, since the tree takes a length of 0 for "no edge".
_TINY = 1e-9


def spanning_edges(xyz: NDArray[np.floating], valid: NDArray[np.bool_]) -> list[Edge]:
    """The shortest tree that joins all keypoints, by their mean distances over the frames.

    Args:
        xyz: (N, K, 3) in any unit; each frame is scaled to its own size first.
        valid: (N, K).
    """
    xyz, valid = xyz[valid.any(-1)], valid[valid.any(-1)]
    size = np.sqrt(np.nanvar(np.where(valid[..., None], xyz, np.nan), axis=1).sum(-1))
    both = valid[:, :, None] & valid[:, None]
    lengths = np.linalg.norm(xyz[:, :, None] - xyz[:, None], axis=-1)
    total = (lengths / (size[:, None, None] + _TINY) * both).sum(0)
    # Points that are never seen together get no edge.
    mean = np.where(both.any(0), total / np.maximum(both.sum(0), 1) + _TINY, 0)
    tree = minimum_spanning_tree(mean).tocoo()
    return sorted((int(min(e)), int(max(e))) for e in zip(tree.row, tree.col, strict=True))

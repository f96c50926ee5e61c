"""PnP with the category's mean shape: what a pipeline for rigid objects does.

On a set that is one rigid shape this is an oracle: the mean is the truth.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lfm_ros.core.pose import fit_pose
from training.cameras import Views, normalized
from training.data.poses import PoseSet
from training.gpa import mean_shape
from training.peers.peer import Task, Untrained

Array = NDArray[np.float64]

# More shapes do not move a mean of a few dozen points.
MOST_SHAPES = 2000


class MeanShape(Untrained):
    """One mean shape for each set; the ``Peer`` protocol."""

    def __init__(self, task: Task) -> None:
        """Average the training shapes of each set of the task."""
        self.shapes = {name: shape_of(poses) for name, poses in task.sets.items()}
        self.parameters = sum(shape.size for shape in self.shapes.values())

    def predict(self, views: Views, poses: PoseSet) -> Tensor:
        """The mean shape where it explains the keypoints best."""
        image, weight = views.keypoints.double().numpy(), views.confidence.double().numpy()
        shape = np.broadcast_to(self.shapes[poses.name], (*weight.shape, 3))
        pose = fit_pose(shape, image, weight, views.radius.double().numpy())
        return torch.from_numpy(pose.apply(shape))


def shape_of(poses: PoseSet) -> Array:
    """Mean (K, 3) of the shapes of a set, of radius 1 each; zeros for points that none has."""
    rows = np.linspace(0, len(poses) - 1, min(MOST_SHAPES, len(poses))).astype(int)
    valid = poses.valid[rows]
    shapes = normalized(torch.as_tensor(poses.xyz[rows]).double(), torch.as_tensor(valid)).numpy()
    return mean_shape(shapes, valid)

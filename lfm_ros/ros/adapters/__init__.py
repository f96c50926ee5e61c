"""Detection messages of many packages, read as ``Keypoints2D``.

A message type of another package is read by a ``Reader``, chosen by the message's name and checked
by its fields; ``PointCloud2``, the node's own input, by the module ``pointcloud2``. No package but
the default's has to be there.
"""

from lfm_ros.ros.adapters.adapter import Adapter
from lfm_ros.ros.adapters.keypoints2d import UNKNOWN, Keypoints2D
from lfm_ros.ros.adapters.loading import load_adapter

__all__ = [
    "UNKNOWN",
    "Adapter",
    "Keypoints2D",
    "load_adapter",
]

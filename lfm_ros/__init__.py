"""Lift 2D keypoints of any object to 3D with one network."""

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import LfmError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.lifted import Lifted
from lfm_ros.lifter import Lifter

__all__ = ["Intrinsics", "LfmError", "Lifted", "Lifter", "Skeleton"]
__version__ = "0.1.0"

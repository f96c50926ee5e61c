"""Everything lfm_ros raises on purpose.

Each message says what was found, what was expected, and what to do next, so that it can be
shown to a user as it is: in a terminal, in a ROS log line, in ``/diagnostics``.
"""

from __future__ import annotations


class LfmError(Exception):
    """Base of every error that lfm_ros raises on purpose."""


class InputError(LfmError):
    """Keypoints, confidence, camera or skeleton do not fit together."""


class SkeletonError(LfmError):
    """A skeleton is unknown or its description is inconsistent."""


class ModelError(LfmError):
    """A model file is missing, corrupt, or not what its manifest says."""


class EngineError(LfmError):
    """A runtime that was asked for cannot run the model."""


class MessageError(LfmError):
    """A ROS message cannot be read as keypoints or as a camera."""


class FrameError(LfmError):
    """A coordinate frame cannot be related to another, or not at the time that is asked for."""

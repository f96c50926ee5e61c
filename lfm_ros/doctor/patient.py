"""All that the checks look at, so that a test can show them another computer."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lfm_ros.doctor.probe import Tried, try_module
from lfm_ros.host import Host


@dataclass(frozen=True)
class Patient:
    """The computer, its environment variables, and how to try a module.

    Attributes:
        host: The computer.
        environment: Environment variables.
        python: Version of the interpreter.
        try_module: As ``lfm_ros.doctor.probe.try_module``.
    """

    host: Host = field(default_factory=Host)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    python: tuple[int, ...] = tuple(sys.version_info[:3])
    try_module: Callable[..., Tried] = try_module

    @property
    def distro(self) -> str:
        """The name of the sourced ROS 2, empty if none is."""
        return self.environment.get("ROS_DISTRO", "")

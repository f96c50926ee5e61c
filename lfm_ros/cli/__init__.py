"""The command ``lfm``."""

from lfm_ros.cli.command import main

__all__ = ["main"]

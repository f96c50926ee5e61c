"""Export a run and build its engine: ``python -m training.build_engine``.

The second half is ``lfm build-engine``, which needs no torch and does on the robot what this does
where the network was trained.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lfm_ros.cli.build_engine import capability
from lfm_ros.cli.engine_building import BuildOptions, build_engine
from lfm_ros.core.errors import InputError
from training.command import options_of, sentences
from training.export import ExportConfig, export


@dataclass(frozen=True)
class BuildConfig(ExportConfig):
    """What to export and build."""

    module: Literal["tensorrt", "tensorrt_rtx"] | None = None
    """NVIDIA's library; None: the first that is installed."""
    precision: Literal["fp16", "fp32"] = "fp16"
    """Which of the exported files the engine is built of."""
    compute_capability: tuple[str, ...] = ()
    """Build for these GPUs without having them, such as 8.6 8.9 (tensorrt_rtx only)."""
    engine: Path | None = None
    """One file for all of these; left out: the cache, where the node finds them."""
    force: bool = False
    """Build even if it is there."""


def run(config: BuildConfig) -> list[Path]:
    """Export, build, and say where the engines are.

    Raises:
        LfmError: The export is refused, or the engine cannot be built.
    """
    try:
        targets = tuple(capability(text) for text in config.compute_capability)
    except argparse.ArgumentTypeError as error:
        raise InputError(f"--compute-capability: {error}") from error
    export(ExportConfig(config.run, config.name, config.output, config.data, config.license))
    return build_engine(
        BuildOptions(
            str(config.output),
            config.module,
            config.precision,
            targets,
            config.engine,
            config.force,
        )
    )


def main() -> None:
    """Read the command line, export and build."""
    with sentences():
        run(options_of("training.build_engine", BuildConfig, __doc__))


if __name__ == "__main__":
    main()

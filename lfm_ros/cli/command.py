"""What ``lfm`` does with its command line: choose a sub-command, turn errors into sentences."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import lfm_ros
from lfm_ros.core.errors import LfmError

#: In the order in which the help lists them. Each is a module of ``lfm_ros.cli``.
COMMANDS = ("demo", "lift", "view", "bench", "build-engine", "models", "skeleton", "doctor")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the sub-command; see ``lfm_ros.cli.main``."""
    options = parser().parse_args(arguments)
    try:
        status = options.run(options)
        # What a pipe no longer takes must be known here, not when the interpreter ends.
        sys.stdout.flush()
        return status
    except LfmError as error:
        print(f"lfm {options.command}: {error}", file=sys.stderr)
        return 2
    except ImportError as error:
        print(f"lfm {options.command}: {_broken_sentence(error)}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read the output has left (lfm models | head). Python would complain about it
        # again when it flushes stdout at its end, so nothing must be left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    made = argparse.ArgumentParser(
        prog="lfm", description="Lift 2D keypoints of any rig to 3D.", allow_abbrev=False
    )
    made.add_argument("--version", action="version", version=f"lfm {lfm_ros.__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        try:
            module = importlib.import_module(f"lfm_ros.cli.{name.replace('-', '_')}")
        except ImportError as error:
            _add_broken(commands, name, error)
            continue
        module.add_parser(commands)
    return made


def _broken_sentence(reason: ImportError) -> str:
    return f"this cannot run here ({reason}); `lfm doctor` says what is missing"


def _add_broken(commands: Any, name: str, reason: ImportError) -> None:
    """A sub-command that cannot be loaded leaves the others in peace, above all the doctor."""

    def run(_: argparse.Namespace) -> int:
        raise reason

    # Without a prefix nothing is an option, so that whatever is said is taken.
    about = {"help": f"cannot run here: {reason}", "add_help": False, "prefix_chars": "\0"}
    broken = commands.add_parser(name, **about)
    broken.add_argument("anything", nargs="*")
    broken.set_defaults(run=run)

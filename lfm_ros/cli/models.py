"""``lfm models``: which networks there are, and whether their files are sound."""

from __future__ import annotations

import argparse
from typing import Any

from lfm_ros.core.errors import ModelError
from lfm_ros.models import DEFAULT, Model, available, load_model


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "models",
        help="list the networks and verify their files",
        description="List the networks that ship, or the given ones, and verify every file.",
    )
    parser.add_argument("names", nargs="*", metavar="MODEL", help="name, or path of a folder")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List and verify.

    Returns:
        0 if every file is what its manifest says, else 1.
    """
    names = options.names or available()
    if not names:
        raise ModelError("no model is installed; install the package again")
    sound = [_show(name) for name in names]
    return 0 if all(sound) else 1


def _show(name: str) -> bool:
    try:
        model = load_model(name)
    except ModelError as error:
        print(f"{name}: NOT USABLE: {error}")
        return False
    print(_description(name, model))
    return True


def _description(name: str, model: Model) -> str:
    entries = model.manifest["files"].items()
    files = [f"  {role:7} {file['name']}, {file['size'] / 1e6:.1f} MB" for role, file in entries]
    default = " (default)" if name == DEFAULT else ""
    head = f"{name}{default}: {model.name}, verified, outputs {', '.join(model.outputs)}"
    return "\n".join([head, f"  in      {model.folder}", *files])

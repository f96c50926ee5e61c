"""``lfm models``: which networks there are, where to get others, and whether they are sound."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import EngineError, ModelError
from lfm_ros.engines.golden import golden_difference
from lfm_ros.engines.select import AUTO, create_engine
from lfm_ros.model_archive import fetch, pack
from lfm_ros.models import DEFAULT, Model, available, load_model


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "models",
        help="list, verify, fetch and pack networks",
        description="Without a task: list the networks that ship or were fetched.",
    )
    parser.set_defaults(run=_list, names=[])
    tasks = parser.add_subparsers(dest="task", metavar="TASK")
    _add(tasks, "list", _list, "the networks, their size, licence, hashes and place")
    made = _add(tasks, "verify", _verify, "check every file, and run the golden batch")
    made.add_argument("names", nargs="*", metavar="MODEL", help="name, or path of a folder")
    made.add_argument("--backend", default=AUTO, help="what runs the golden batch")
    made = _add(
        tasks, "fetch", _fetch, "bring a packed network to the user's data folder ($LFM_DATA_DIR)"
    )
    made.add_argument("source", metavar="URL_OR_FILE", help="https: or a file, a .tar.gz")
    made.add_argument("--sha256", required=True, metavar="HEX", help="of the archive")
    made.add_argument("--replace", action="store_true", help="replace one of the same name")
    made = _add(tasks, "pack", _pack, "write a network as one file that fetch reads")
    made.add_argument("names", nargs=1, metavar="MODEL", help="name, or path of a folder")
    made.add_argument("--output", type=Path, required=True, metavar="OUT.tar.gz")


def _add(tasks: Any, name: str, run: Callable[[argparse.Namespace], int], help: str) -> Any:
    made = tasks.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
    made.set_defaults(run=run, names=[])
    return made


def _list(_: argparse.Namespace) -> int:
    return _each([], _description)


def _verify(options: argparse.Namespace) -> int:
    """Exit status 0 if every file is what its manifest says and the networks run as they did."""
    return _each(options.names, lambda name, model: _golden(name, model, options.backend))


def _fetch(options: argparse.Namespace) -> int:
    model = fetch(options.source, options.sha256, replace=options.replace)
    print(f"{model.name} is in {model.folder}; use it as {model.folder.name}")
    return 0


def _pack(options: argparse.Namespace) -> int:
    digest = pack(load_model(options.names[0]), options.output)
    print(f"{options.output}\nsha256 {digest}")
    return 0


def _each(names: list[str], tell: Callable[[str, Model], str]) -> int:
    """Print what there is to say of each model, or why it cannot be used; 0 if all can."""
    chosen = names or available()
    if not chosen:
        raise ModelError("no model is installed; install the package again")
    sound = 0
    for name in chosen:
        try:
            print(tell(name, load_model(name)))
            sound += 1
        except (ModelError, EngineError) as error:
            print(f"{name}: NOT USABLE: {error}")
    return 0 if sound == len(chosen) else 1


def _description(name: str, model: Model) -> str:
    entries = model.manifest["files"].items()
    files = [
        f"  {role:7} {file['name']}, {file['size'] / 1e6:.1f} MB, sha256 {file['sha256']}"
        for role, file in entries
    ]
    default = " (default)" if name == DEFAULT else ""
    licence = model.manifest.get("license", "not stated")
    head = f"{name}{default}: {model.name}, verified, outputs {', '.join(model.outputs)}"
    return "\n".join([head, f"  licence {licence}", f"  in      {model.folder}", *files])


def _golden(name: str, model: Model, backend: str) -> str:
    engine, _ = create_engine(model, backend)
    try:
        off = golden_difference(model, engine.infer)
    finally:
        engine.close()
    if not off.acceptable:
        raise EngineError(
            f"its golden batch comes out {off.mean:.2%} of the radius off on {engine.name} (at "
            f"worst {off.worst:.2%}); use another backend, or build the engine again"
        )
    return (
        f"{name}: {model.name}, every file as its manifest says; golden batch on {engine.name} "
        f"{off.mean:.4%} of the radius off (at worst {off.worst:.4%})"
    )

"""Models as folders: ``config/models/NAME/`` with ``manifest.yaml``, ONNX files, a golden batch.

The manifest names the network's inputs and outputs, so that a network can grow without the
runtime changing, and every file's size and SHA-256, so that a damaged one is never run.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lfm_ros.core.errors import ModelError
from lfm_ros.resources import config_dir

DEFAULT = "lfm_base"
MANIFEST = "manifest.yaml"
INPUTS = ("keypoints", "confidence", "adjacency", "skeleton_index", "camera", "side")
_READS = "1"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Model:
    """A verified model.

    Attributes:
        name: What the manifest calls it, ``lfm_<size>.<tag>``.
        folder: Where its files are.
        manifest: All that the manifest says.
    """

    name: str
    folder: Path
    manifest: dict[str, Any]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the network's outputs, in order."""
        return tuple(self.manifest["outputs"])

    def path(self, role: str) -> Path:
        """A file of the model by its role: ``fp32``, ``fp16``, ``golden``.

        Raises:
            ModelError: The model has no such file.
        """
        files = self.manifest["files"]
        if role not in files:
            raise ModelError(f"model {self.name} has no {role} file, only {sorted(files)}")
        return self.folder / files[role]["name"]


def available() -> list[str]:
    """Names of the models that come with the package or were fetched."""
    places = (config_dir() / "models", user_models())
    return sorted({path.parent.name for at in places for path in at.glob(f"[!.]*/{MANIFEST}")})


def user_models() -> Path:
    """Where fetched models are; perhaps not there yet.

    ``$LFM_DATA_DIR``, else ``$XDG_DATA_HOME/lfm_ros``, else ``~/.local/share/lfm_ros``; in it
    ``models``.
    """
    own, xdg = os.environ.get("LFM_DATA_DIR"), os.environ.get("XDG_DATA_HOME")
    root = Path(own) if own else Path(xdg or Path.home() / ".local" / "share") / "lfm_ros"
    return root / "models"


def load_model(name: str | None = None) -> Model:
    """Find a model and verify every one of its files.

    Args:
        name: A folder's name under ``config/models`` or ``user_models()``, the path of a model
            folder, or None for the model that ships.

    Raises:
        ModelError: There is no such model, or one of its files is not what the manifest says.
    """
    folder = _find(name or DEFAULT)
    try:
        manifest = yaml.safe_load((folder / MANIFEST).read_text())
        missing = {"name", "format", "inputs", "outputs", "files"} - set(manifest)
    except (OSError, yaml.YAMLError, TypeError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder / MANIFEST} cannot be read: {error}") from error
    if missing or str(manifest["format"]) != _READS:
        raise ModelError(
            f"{folder / MANIFEST} lacks {sorted(missing)} or has a format other than {_READS}; "
            "export the model again with this version"
        )
    try:
        for entry in manifest["files"].values():
            _verify(folder / entry["name"], entry)
    except (AttributeError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder / MANIFEST}: 'files' is not of the expected form ({error!r}); each needs a "
            "name, a size and a sha256: export the model again"
        ) from error
    return Model(manifest["name"], folder, manifest)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()


def _find(name: str) -> Path:
    for folder in (Path(name), config_dir() / "models" / name, user_models() / name):
        if (folder / MANIFEST).is_file():
            return folder
    raise ModelError(
        f"model {name!r} is not there; use one of {available()}, or the path of a folder "
        f"with a {MANIFEST}"
    )


def _verify(path: Path, entry: dict[str, Any]) -> None:
    if not path.is_file():
        raise ModelError(f"{path} is missing; install the package again")
    found = path.stat().st_size
    if found != entry["size"]:
        raise ModelError(
            f"{path} has {found} bytes, the manifest says {entry['size']}: the file is truncated "
            "or foreign; install the package again"
        )
    if sha256(path) != entry["sha256"]:
        raise ModelError(
            f"{path} does not have the SHA-256 of the manifest: the file is damaged; "
            "install the package again"
        )

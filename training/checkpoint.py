"""A run on disk: weights as safetensors, everything else that an exact resume needs beside them.

``weights.safetensors`` (the moving average, what is evaluated and exported), ``config.json``, and
``state.pt`` (optimizer, raw weights, random states), each replaced atomically.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from lfm_ros.core.errors import ModelError
from training.model import Lifting, ModelConfig

WEIGHTS, CONFIG, STATE = "weights.safetensors", "config.json", "state.pt"
# What a state has in any case.
_STATED = {"model", "averaged", "optimizers", "samples", "steps"}


def save_weights(
    folder: Path, model: Lifting, weights: dict[str, Tensor], about: dict[str, Any]
) -> None:
    """Write the averaged weights and what they are, for evaluation and export."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: t.detach().cpu().contiguous() for name, t in weights.items()}
    _replace(folder / WEIGHTS, lambda path: save_file(tensors, path))
    config = json.dumps({"model": model.config.as_dict(), **about}, indent=1)
    _replace(folder / CONFIG, lambda path: path.write_text(config + "\n"))


def load_weights(folder: Path) -> tuple[Lifting, dict[str, Any]]:
    """The network of a run, in evaluation mode, and what its ``config.json`` says.

    Raises:
        ModelError: The folder is no run, or its files do not fit together.
    """
    try:
        about = json.loads((folder / CONFIG).read_text())
        model = Lifting(ModelConfig(**about["model"]))
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{folder} holds no usable run ({error}); expected {CONFIG} and {WEIGHTS} "
            "as training.train writes them"
        ) from error
    return model.eval(), about


def settings_of(folder: Path) -> dict[str, Any]:
    """How the run was trained, as ``config.json`` has it; empty where that cannot be read."""
    try:
        return json.loads((folder / CONFIG).read_text()).get("train", {})
    except (OSError, ValueError, AttributeError):
        return {}


def save_state(folder: Path, state: dict[str, Any]) -> None:
    """Write what an exact resume needs."""
    _replace(folder / STATE, lambda path: torch.save(state, path))


def load_state(folder: Path) -> dict[str, Any] | None:
    """What ``save_state`` wrote, or None where no run has begun.

    Raises:
        ModelError: The file is damaged.
    """
    path = folder / STATE
    if not path.exists():
        return None
    try:
        # Our own file of tensors, numbers and random states; nothing in it runs code.
        state = torch.load(path, weights_only=True)
        missing = _STATED - set(state)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
    except (EOFError, RuntimeError, TypeError, ValueError, KeyError, UnpicklingError) as error:
        # torch's own text advises to run what is in the file.
        raise ModelError(_damaged(path, type(error).__name__)) from error
    if missing:
        raise ModelError(_damaged(path, f"it lacks {', '.join(sorted(missing))}"))
    return state


def _damaged(path: Path, why: str) -> str:
    return (
        f"{path} is damaged, or not of training.train ({why}); remove it to begin anew, or go on "
        f"from the weights beside it: another --run with --init {path.parent}"
    )


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside, then rename: a run that is killed leaves the old file or the new one."""
    beside = path.with_suffix(path.suffix + ".part")
    write(beside)
    os.replace(beside, path)

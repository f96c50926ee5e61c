"""A public data set or family of files, and how its files are found and checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError
from training.data.formats.pose_file import PoseFile


@dataclass(frozen=True)
class Format:
    """One name of the command line.

    Attributes:
        holds: What the folder must hold.
        origin: Where that comes from.
        license: What its source states, and in which words it limits the use. Empty for a family
            of files that anyone may have written: the user must then say it.
        use: ``train`` if the licence permits weights that ship, else ``eval``.
        read: Turns the folder into sets.
    """

    holds: str
    origin: str
    license: str
    use: str
    read: Callable[[Path], Iterator[PoseFile]]


def find(folder: Path, *patterns: str) -> list[Path]:
    """Files below the folder that fit the first pattern which any file fits, sorted by name.

    Raises:
        InputError: The folder is not there, or no file fits any pattern.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give the one that holds {_listed(patterns)}")
    for pattern in patterns:
        found = sorted(p for p in folder.rglob(pattern) if p.is_file())
        if found:
            return found
    inside = sorted(p.name for p in folder.iterdir())
    shown = _listed(inside[:6]) + (f" and {len(inside) - 6} more" if len(inside) > 6 else "")
    raise InputError(
        f"{folder} holds {shown or 'nothing'}; expected {_listed(patterns)} in it or below; "
        "unpack the download there, or give the folder it was unpacked to"
    )


def read_json(path: Path, kind: type | tuple[type, ...]) -> Any:
    """The content of a JSON file that is a list or a dict.

    Raises:
        InputError: It is not JSON, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not JSON ({error}); download it once more") from error
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(content, kinds) or not content:
        raise InputError(
            f"{path} holds {'a' if content else 'an empty'} {type(content).__name__}; expected a "
            f"{' or '.join(k.__name__ for k in kinds)} with entries; is it the file of another set?"
        )
    return content


def shaped(values: Any, shape: Sequence[int], where: str) -> NDArray[np.float64]:
    """Numbers of a shape, in which -1 stands for any length.

    Raises:
        InputError: They are not numbers, or of another shape.
    """
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {error}; expected numbers of shape {tuple(shape)}") from error
    fits = len(array.shape) == len(shape) and all(
        wanted in (-1, found) for wanted, found in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise InputError(
            f"{where} has shape {array.shape}; expected {tuple(shape)} (-1: any length); "
            "this file is of another data set or version"
        )
    return array


def entry(record: Any, key: Any, where: str) -> Any:
    """``record[key]``, or a sentence that says what is there instead.

    Raises:
        InputError: There is no such entry.
    """
    try:
        return record[key]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        names = getattr(getattr(record, "dtype", None), "names", None)
        found = sorted(map(str, names or record))[:8] if names or isinstance(record, dict) else None
        raise InputError(
            f"{where} has no entry {key!r}, but {found or type(record).__name__}; "
            "this file is of another data set or version"
        ) from error


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)

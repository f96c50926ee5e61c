"""The arrays of an ``.npz`` file, or one sentence that says why there are none."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError


def load_npz(path: str | Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file, by name; no pickles.

    Raises:
        InputError: There is no such file, it is damaged, or it is something else.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no file {path}; give the path of an .npz of keypoints")
    if not _is_numpy(path):
        raise InputError(
            f"{path} is not an npz; read it with what knows its form, such as np.loadtxt, and save "
            "the arrays with np.savez"
        )
    try:
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.ndarray):
            raise InputError(
                f"{path} is a single npy array without a name; save it as "
                f"np.savez({path.stem + '.npz'!r}, keypoints=array)"
            )
        with content:
            return {name: content[name] for name in content.files}
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is damaged ({error}); copy it again") from error
    except (ValueError, OSError, EOFError) as error:
        raise InputError(
            f"{path} is not an npz of plain arrays ({error}); save it with np.savez, no objects"
        ) from error


def _is_numpy(path: Path) -> bool:
    """Whether a file begins as those of numpy do; else it would be taken for a pickle."""
    with path.open("rb") as file:
        return file.read(6).startswith((b"PK", b"\x93NUMPY"))

"""Pickles of plain containers and numpy arrays, read without running what is in them.

Unpickling calls whatever function the file names, so a pickle from the net can do anything. This
reader knows the five functions that numpy's own pickles name and refuses every other one.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from lfm_ros.core.errors import InputError


def _encoded(text: str, encoding: str) -> bytes:
    """Stands for ``_codecs.encode``, by which protocols 0 to 2 spell bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes spelt in {encoding}, not latin1")
    return text.encode("latin1")


# numpy moved these functions to numpy._core in version 2, and files name either place.
_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encoded,
}
for _core in ("numpy.core", "numpy._core"):
    _ALLOWED[f"{_core}.multiarray", "_reconstruct"] = np.zeros(1).__reduce__()[0]
    _ALLOWED[f"{_core}.multiarray", "scalar"] = np.float64(0).__reduce__()[0]
    _ALLOWED[f"{_core}.numeric", "_frombuffer"] = np.zeros(1).__reduce_ex__(5)[0]


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        try:
            return _ALLOWED[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module_name}.{global_name}, which is not an array"
            ) from None


def read_pickle(path: Path) -> Any:
    """Content of a pickle that holds dicts, lists, numbers, text and numpy arrays.

    Raises:
        InputError: It holds anything else, or is not a pickle.
    """
    try:
        with path.open("rb") as file:
            return _load(file)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error}); check its name and rights") from error
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise _refused(path, error) from error


def read_pickled_array(path: Path, name: str) -> Any:
    """The object that ``np.savez(path, name=object)`` wrote, for instance a dict.

    Raises:
        InputError: There is no such array, it is not one object, or it holds more than arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            version = np.lib.format.read_magic(file)
            read_header = getattr(np.lib.format, f"read_array_header_{version[0]}_0")
            shape, _, dtype = read_header(file)
            if shape or dtype.kind != "O":
                raise pickle.UnpicklingError(f"{name!r} is {dtype} {shape}, not one object")
            return _load(file).item()
    except (OSError, KeyError) as error:
        raise InputError(
            f"{path} cannot be read as an npz with {name!r} ({error}); give the file whose 3D "
            f"poses are under {name!r}"
        ) from error
    except Exception as error:
        raise _refused(path, error) from error


def _load(file: IO[bytes]) -> Any:
    # latin1: numpy arrays that Python 2 wrote have their bytes spelt as text.
    return _ArraysOnly(file, encoding="latin1").load()


def _refused(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path} is not a pickle of plain numpy arrays ({error}); expected dicts, lists and "
        "arrays alone; do not load it by other means unless you trust its source"
    )

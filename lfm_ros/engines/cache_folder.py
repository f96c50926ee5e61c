"""The folder of built engines: where it is, who may write to it, how files get there and go."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lfm_ros.core.errors import EngineError

VARIABLE = "LFM_CACHE_DIR"
#: A plan that nobody has loaded for so long may be deleted.
UNUSED_DAYS = 30
_PAUSE_S = 0.2


def cache_folder() -> Path:
    """The folder for engines, made if need be.

    ``$LFM_CACHE_DIR``, else ``$XDG_CACHE_HOME/lfm_ros``, else ``~/.cache/lfm_ros``; in it
    ``engines``.

    Raises:
        EngineError: Others than its owner may write to it, or it is another user's.
    """
    folder = _root() / "engines"
    # A folder that cannot be made is no error yet: engines are then built and not kept.
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for place in (folder, folder.parent):
        _refuse_foreign(place)
    for place in folder.parent.parents:
        _refuse_open(place)
    return folder


@contextmanager
def locked(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a file, so that two processes do not build the same.

    The system gives the lock back when a process ends, however it ends. Where no lock file can be
    written there is nothing to share either.

    Args:
        path: The file that is about to be read or written.
        say: Called with a sentence if another process has the lock.
    """
    try:
        handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield
        return
    try:
        _wait(handle, path, say)
        yield
    finally:
        os.close(handle)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that readers see whole or not at all.

    Raises:
        OSError: It cannot be written; nothing is left behind.
    """
    handle, scratch = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def mark_used(plan: Path) -> None:
    """Note that a plan was loaded just now."""
    with contextlib.suppress(OSError):  # nothing is deleted from a folder that is only read
        os.utime(plan)


def delete_unused(folder: Path) -> list[str]:
    """Delete the plans that nobody has loaded for ``UNUSED_DAYS``, and all that lies beside them.

    After an update of driver, library or model the old plans are of no use to this computer. Others
    may share the folder, and only they know what is of use to them: so what counts is the last use.
    A process that has such a plan in hand all the same goes on, and builds it at its next start.

    Returns:
        File names of the plans.
    """
    oldest = time.time() - 86400 * UNUSED_DAYS
    deleted: list[str] = []
    # *.plan-* is what a process that was killed has left half written.
    for plan in folder.glob("*.plan*"):
        with contextlib.suppress(OSError):
            if plan.stat().st_mtime < oldest:
                for suffix in (".json", plan.suffix, ".log", ".lock"):
                    plan.with_suffix(suffix).unlink(missing_ok=True)
                deleted.append(plan.name)
    return deleted


def _root() -> Path:
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE]).expanduser().absolute()
    xdg = Path(os.environ.get("XDG_CACHE_HOME") or "")
    base = xdg if xdg.is_absolute() else Path("~/.cache").expanduser()
    return base / "lfm_ros"


def _refuse_open(above: Path) -> None:
    """In a folder that everyone writes to, anyone can put another in place of ours.

    Not where the sticky bit is set, as it is for /tmp.
    """
    with contextlib.suppress(OSError):
        mode = above.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise _writable_by_all(above)


def _refuse_foreign(folder: Path) -> None:
    try:
        found = folder.stat()
    except OSError:
        return
    if found.st_mode & stat.S_IWOTH:
        raise _writable_by_all(folder)
    if found.st_uid not in (os.getuid(), 0):
        raise EngineError(
            f"{folder} belongs to another user (uid {found.st_uid}), who could put any engine "
            f"there; name a folder of your own in {VARIABLE}"
        )


def _writable_by_all(folder: Path) -> EngineError:
    return EngineError(
        f"{folder} may be written to by everyone, and an engine is code that runs on the GPU; "
        f"run chmod o-w {folder}, or name another folder in {VARIABLE}"
    )


def _wait(handle: int, path: Path, say: Callable[[str], None]) -> None:
    waiting = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not waiting:
                say(f"another process is building {path.name}; waiting for it")
            waiting = True
            time.sleep(_PAUSE_S)

"""A model as one file: packed here, fetched from elsewhere, and trusted only by its SHA-256."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from lfm_ros.core.errors import ModelError
from lfm_ros.models import MANIFEST, Model, available, load_model, user_models
from lfm_ros.models import sha256 as sha256_of

_CHUNK = 1 << 20
#: Bytes; the largest model that is believed to be one.
LARGEST = 4 << 30
_TIMEOUT_S = 30.0


def pack(model: Model, path: Path) -> str:
    """Write a model as one ``.tar.gz``.

    Args:
        model: Its manifest and the files that this names go in.
        path: Of the archive.

    Returns:
        The SHA-256 that ``fetch`` asks for.

    Raises:
        ModelError: It cannot be written.
    """
    names = [MANIFEST, *(entry["name"] for entry in model.manifest["files"].values())]
    names += ["README.md"] if (model.folder / "README.md").is_file() else []
    try:
        with tarfile.open(path, "w:gz") as archive:
            for name in names:
                archive.add(model.folder / name, f"{model.folder.name}/{name}")
        return sha256_of(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be written: {error.strerror}") from error


def fetch(source: str, sha256: str, *, replace: bool = False) -> Model:
    """Bring a model into the user's data folder.

    Nothing is unpacked before the hash is right, nothing is there under its name before every file
    is what the manifest says, and what was there before stays until then.

    Args:
        source: An ``https:`` URL, or the path or ``file:`` URL of an archive.
        sha256: Of the archive, 64 hexadecimal digits.
        replace: Whether a model of this name in that folder may go.

    Returns:
        The model, verified.

    Raises:
        ModelError: The source is refused or cannot be read, the hash is another one, the archive
            is not one of a model, or a model of this name is there.
    """
    wanted = sha256.strip().lower()
    if len(wanted) != 64 or set(wanted) - set("0123456789abcdef"):
        raise ModelError(f"{sha256!r} is no SHA-256; give the 64 hexadecimal digits of the archive")
    with _workshop() as folder:
        archive = folder / "archive"
        found = _download(source, archive)
        if found != wanted:
            raise ModelError(
                f"{source} has the SHA-256 {found}, expected {wanted}; it is damaged or another "
                "file, so it was not unpacked: ask for the right hash where the model comes from"
            )
        unpacked = _unpack(archive, folder / "unpacked")
        load_model(str(unpacked))
        return load_model(str(_moved(unpacked, replace)))


@contextmanager
def _workshop() -> Iterator[Path]:
    """A folder beside the models, so that what is done there can be moved in one step."""
    try:
        user_models().mkdir(mode=0o755, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".fetch_", dir=user_models()))
    except OSError as error:
        raise ModelError(
            f"{user_models()} cannot be written to ({error.strerror}); make it writable, or set "
            "LFM_DATA_DIR to another folder"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _download(source: str, target: Path) -> str:
    """Copy a source to a file; returns its SHA-256."""
    try:
        with _opened(source) as stream, target.open("wb") as file:
            digest, size = hashlib.sha256(), 0
            while block := stream.read(_CHUNK):
                size += len(block)
                if size > LARGEST:
                    raise ModelError(
                        f"{source} has more than {LARGEST} bytes: no model is so large"
                    )
                digest.update(block)
                file.write(block)
            return digest.hexdigest()
    # An address that is none is a ValueError or an HTTPException, as it goes.
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ModelError(f"{source} cannot be read: {error}") from error


def _opened(source: str) -> IO[bytes]:
    parts = urlsplit(source)
    if parts.scheme == "https":
        opener = urllib.request.build_opener(_OnlyHttps)
        return opener.open(source, timeout=_TIMEOUT_S)
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path)).open("rb")
    if "://" not in source:
        return Path(source).open("rb")
    raise ModelError(f"{source} is refused; give an https: URL or a file")


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows no redirection to where anybody could have changed the file on its way."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if urlsplit(newurl).scheme != "https":
            raise ModelError(f"{req.full_url} redirects to {newurl}, which is refused: not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _unpack(archive: Path, folder: Path) -> Path:
    """The model's folder in an archive of one folder with plain files, and nothing else."""
    try:
        with tarfile.open(archive, "r:*") as opened:
            members = [member for member in opened.getmembers() if not member.isdir()]
            places = [member.name.removeprefix("./").split("/") for member in members]
            names = {place[0] for place in places}
            plain = all(len(place) == 2 and ".." not in place for place in places)
            if len(names) != 1 or not plain or not all(member.isreg() for member in members):
                raise ModelError("the archive is not that of a model: one folder with plain files")
            if sum(member.size for member in members) > LARGEST:
                raise ModelError("the archive unpacks to more than any model has")
            (name,) = names
            (folder / name).mkdir(parents=True)
            for member, (_, file) in zip(members, places, strict=True):
                content = opened.extractfile(member)
                assert content is not None, "it is a regular file"
                with content, (folder / name / file).open("wb") as target:
                    shutil.copyfileobj(content, target)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ModelError(f"the archive cannot be unpacked: {error}") from error
    return folder / name


def _moved(unpacked: Path, replace: bool) -> Path:
    target = user_models() / unpacked.name
    shipped = unpacked.name in available() and not target.exists()
    if shipped or (target.exists() and not replace):
        remedy = "pack it under another name" if shipped else "replace it with --replace"
        raise ModelError(f"a model {unpacked.name!r} is there already; {remedy}")
    if target.exists():
        os.replace(target, unpacked.parent.parent / "replaced")
    os.replace(unpacked, target)
    return target

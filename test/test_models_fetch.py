"""``lfm models``: fetch, pack, verify and list."""

from __future__ import annotations

import hashlib
import io
import shutil
import ssl
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lfm_ros import model_archive
from lfm_ros.cli import main
from lfm_ros.core.errors import ModelError
from lfm_ros.model_archive import fetch, pack
from lfm_ros.models import MANIFEST, available, load_model, user_models
from lfm_ros.resources import config_dir


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LFM_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data" / "models"


@pytest.fixture
def mine(tmp_path) -> Path:
    """A model of one's own."""
    folder = tmp_path / "lfm_mine"
    shutil.copytree(config_dir() / "models" / "lfm_tiny", folder)
    return folder


@pytest.fixture
def packed(mine, tmp_path) -> tuple[Path, str]:
    path = tmp_path / "mine.tar.gz"
    return path, pack(load_model(str(mine)), path)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_packed_and_fetched_it_is_the_same_model(packed, mine, data_folder):
    path, digest = packed
    assert digest == sha256(path)
    model = fetch(str(path), digest.upper())
    assert model.folder == data_folder / "lfm_mine"
    assert "lfm_mine" in available()
    assert load_model("lfm_mine").manifest == load_model(str(mine)).manifest
    assert left_over(data_folder) == ["lfm_mine"]
    assert fetch(path.as_uri(), digest, replace=True).folder == model.folder


@pytest.mark.parametrize("digest", ["0" * 64, "abc", "", "z" * 64])
def test_another_hash_is_refused_and_nothing_stays(digest, packed, data_folder):
    with pytest.raises(ModelError, match=r"expected 0|no SHA-256"):
        fetch(str(packed[0]), digest)
    assert left_over(data_folder) == []


@pytest.mark.parametrize(
    "source", ["http://example.com/a.tar.gz", "ftp://example.com/a", "s3://a/b"]
)
def test_only_https_and_files(source, data_folder):
    with pytest.raises(ModelError, match="refused"):
        fetch(source, "0" * 64)
    assert left_over(data_folder) == []


@pytest.mark.parametrize(
    "source",
    [
        "https://127.0.0.1/a model.tar.gz",
        "https://127.0.0.1:port/a",
        "https://[::1/a",
        "file://[/a",
    ],
)
def test_an_address_that_is_none_is_one_sentence(source, data_folder):
    with pytest.raises(ModelError, match="cannot be read"):
        fetch(source, "0" * 64)
    assert left_over(data_folder) == []


def test_a_model_that_is_there_stays(packed, data_folder):
    fetch(str(packed[0]), packed[1])
    before = (data_folder / "lfm_mine" / MANIFEST).stat().st_mtime_ns
    with pytest.raises(ModelError, match="there already; replace"):
        fetch(str(packed[0]), packed[1])
    assert (data_folder / "lfm_mine" / MANIFEST).stat().st_mtime_ns == before


def test_a_model_that_ships_is_not_shadowed(tmp_path):
    path = tmp_path / "tiny.tar.gz"
    digest = pack(load_model("lfm_tiny"), path)
    with pytest.raises(ModelError, match="another name"):
        fetch(str(path), digest, replace=True)


def archive(path: Path, members: dict[str, bytes], change: Callable | None = None) -> str:
    with tarfile.open(path, "w:gz") as made:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if change:
                change(info)
            made.addfile(info, io.BytesIO(content))
    return sha256(path)


def as_link(info: tarfile.TarInfo) -> None:
    info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0


@pytest.mark.parametrize(
    ("members", "change"),
    [
        ({"../manifest.yaml": b"x"}, None),
        ({"/etc/manifest.yaml": b"x"}, None),
        ({"a/../manifest.yaml": b"x"}, None),
        ({"a/..": b"x"}, None),
        ({"a/b/manifest.yaml": b"x"}, None),
        ({"a/manifest.yaml": b"x", "b/manifest.yaml": b"x"}, None),
        ({"manifest.yaml": b"x"}, None),
        ({"a/manifest.yaml": b""}, as_link),
        ({}, None),
        ({"a/manifest.yaml": b"name: a"}, None),
        ({"a/model.onnx": b"x"}, None),
    ],
    ids=str,
)
def test_an_archive_of_something_else_is_refused(members, change, tmp_path, data_folder):
    path = tmp_path / "bad.tar.gz"
    digest = archive(path, members, change)
    with pytest.raises(ModelError):
        fetch(str(path), digest)
    assert left_over(data_folder) == []
    assert not list(tmp_path.glob("manifest.yaml"))


def test_a_damaged_file_in_a_right_archive_is_refused(mine, tmp_path, data_folder):
    path = tmp_path / "bad.tar.gz"
    members = {f"lfm_mine/{file.name}": file.read_bytes() for file in mine.iterdir()}
    members["lfm_mine/fp32.onnx"] = b"\0" + members["lfm_mine/fp32.onnx"][1:]
    digest = archive(path, members)
    with pytest.raises(ModelError, match="SHA-256 of the manifest"):
        fetch(str(path), digest)
    assert left_over(data_folder) == []


def test_what_is_no_archive_and_what_is_not_there(tmp_path, data_folder):
    path = tmp_path / "text.tar.gz"
    path.write_text("this is no archive")
    with pytest.raises(ModelError, match="cannot be unpacked"):
        fetch(str(path), sha256(path))
    with pytest.raises(ModelError, match="cannot be read"):
        fetch(str(tmp_path / "nowhere.tar.gz"), "0" * 64)
    assert left_over(data_folder) == []


def test_more_than_any_model_has_is_refused(packed, monkeypatch, data_folder):
    monkeypatch.setattr(model_archive, "LARGEST", 1000)
    with pytest.raises(ModelError, match="no model is so large"):
        fetch(str(packed[0]), packed[1])
    assert left_over(data_folder) == []


@pytest.fixture
def https(tmp_path, monkeypatch) -> Iterator[tuple[str, Path]]:
    """A server on this machine with a certificate of its own: its address, and what it serves."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate for a server of our own")
    served, key, certificate = tmp_path / "served", tmp_path / "key.pem", tmp_path / "cert.pem"
    served.mkdir()
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/to_http":
                self.send_response(302)
                self.send_header("Location", "http://localhost/model.tar.gz")
                self.end_headers()
                return
            file = served / Path(self.path).name
            self.send_response(200 if file.exists() else 404)
            self.end_headers()
            if file.exists():
                self.wfile.write(file.read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("localhost", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    yield f"https://localhost:{server.server_port}", served
    server.shutdown()
    server.server_close()


def test_over_https(https, packed, data_folder):
    address, served = https
    shutil.copy(packed[0], served / "model.tar.gz")
    model = fetch(f"{address}/model.tar.gz", packed[1])
    assert model.folder == data_folder / "lfm_mine"
    with pytest.raises(ModelError, match="404"):
        fetch(f"{address}/nothing.tar.gz", packed[1])
    with pytest.raises(ModelError, match="not https"):
        fetch(f"{address}/to_http", packed[1])


def test_a_certificate_that_nobody_signed_is_refused(https, packed, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ModelError, match=r"cannot be read.*certificate"):
        fetch(f"{https[0]}/model.tar.gz", packed[1])


def test_the_commands(packed, mine, tmp_path, capsys, data_folder):
    assert main(["models", "fetch", str(packed[0]), "--sha256", packed[1]]) == 0
    assert "use it as lfm_mine" in capsys.readouterr().out
    assert main(["models", "list"]) == 0
    shown = capsys.readouterr().out
    assert str(data_folder / "lfm_mine") in shown
    assert "licence BSD-3-Clause" in shown
    assert sha256(mine / "fp32.onnx") in shown
    assert main(["models", "pack", "lfm_mine", "--output", str(tmp_path / "again.tar.gz")]) == 0
    assert sha256(tmp_path / "again.tar.gz") in capsys.readouterr().out
    assert main(["models", "fetch", str(packed[0]), "--sha256", "0" * 64]) == 2
    assert "expected 0000" in capsys.readouterr().err


def test_verify_runs_the_golden_batch(mine, capsys):
    assert main(["models", "verify", str(mine), "--backend", "onnxruntime"]) == 0
    assert "golden batch on onnxruntime" in capsys.readouterr().out
    swap_outputs(mine)
    assert main(["models", "verify", str(mine), "--backend", "onnxruntime"]) == 1
    assert "golden batch comes out" in capsys.readouterr().out


def swap_outputs(folder: Path) -> None:
    """A golden batch that this network never gave, with a manifest that agrees with it."""
    import numpy as np
    import yaml

    path = folder / "golden.npz"
    with np.load(path) as file:
        arrays = dict(file)
    arrays["output_canonical"] = arrays["output_canonical"][..., ::-1] + 0.1
    np.savez(path, **arrays)
    manifest = yaml.safe_load((folder / MANIFEST).read_text())
    entry = manifest["files"]["golden"]
    entry["size"], entry["sha256"] = path.stat().st_size, sha256(path)
    (folder / MANIFEST).write_text(yaml.safe_dump(manifest))


def test_the_data_folder_is_where_people_expect_it(monkeypatch, tmp_path):
    monkeypatch.delenv("LFM_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert user_models() == tmp_path / "xdg" / "lfm_ros" / "models"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert user_models() == Path.home() / ".local" / "share" / "lfm_ros" / "models"

"""Installed copies, built for real: by pip and by colcon."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.static
ROOT = Path(__file__).resolve().parents[1]
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "build", "install", "log", "runs")
FIND_CONFIG = """
import lfm_ros
from lfm_ros.resources import config_dir
print(lfm_ros.__file__)
for pattern in ("skeletons/*.yaml", "models/*/manifest.yaml", "lifter.yaml"):
    print(next(config_dir().glob(pattern)))
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy to build in, since setuptools leaves build folders beside what it builds."""
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    return copy


def run(command: list[object], cwd: Path, **variables: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def test_a_pip_installed_copy_finds_its_configuration(checkout: Path, tmp_path: Path) -> None:
    pytest.importorskip("setuptools", minversion="64", reason="needs setuptools 64 to build")
    site = tmp_path / "site"
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "-q", "--target", site]
    run([sys.executable, "-m", "pip", "install", *offline, checkout], tmp_path)
    shutil.rmtree(checkout)
    found = run([sys.executable, "-c", FIND_CONFIG], tmp_path, PYTHONPATH=str(site))
    assert all(line.startswith(str(site)) for line in found.splitlines()), found


def colcon(verb: str, checkout: Path, *arguments: object) -> str:
    pytest.importorskip("colcon_core", reason="colcon is not installed")
    top = checkout.parent
    places = ["--base-paths", checkout, "--build-base", top / "build"]
    places += ["--install-base", top / "install"]
    log = ["--log-base", top / "log"]
    return run([sys.executable, "-m", "colcon", *log, verb, *places, *arguments], top)


def below(folder: Path) -> set[Path]:
    return {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()}


def test_colcon_puts_everything_where_ros_looks_for_it(checkout: Path) -> None:
    colcon("build", checkout)
    prefix = checkout.parent / "install" / "lfm_ros"
    for name in ("lifter", "player", "viewer", "lfm"):
        assert os.access(prefix / "lib" / "lfm_ros" / name, os.X_OK)
    assert (prefix / "share/ament_index/resource_index/packages/lfm_ros").is_file()
    for folder in ("config", "launch"):
        assert below(prefix / "share/lfm_ros" / folder) >= below(checkout / folder) != set()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_colcon_test_passes(checkout: Path) -> None:
    colcon("build", checkout)
    colcon(
        "test",
        checkout,
        "--return-code-on-test-failure",
        "--pytest-args",
        "-m",
        "unit and not slow",
    )
    where = ["--test-result-base", checkout.parent / "build", "--all"]
    counted = run([sys.executable, "-m", "colcon", "test-result", *where], checkout.parent)
    assert " 0 tests" not in counted

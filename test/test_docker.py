"""The Dockerfiles, read and not built: what they copy, install and start must exist."""

from __future__ import annotations

import fnmatch
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from lfm_ros.engines.cache_folder import VARIABLE

pytestmark = pytest.mark.static
ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
KNOWN = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "RUN", "SHELL", "VOLUME", "WORKDIR",
}  # fmt: skip
PIP = re.compile(r"-m pip install ([^&]*)")
#: What comes from pip beside the packages of setup.py's extras: the bound of apt's messages.
BOUNDS = {"numpy"}


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile, its continued lines joined."""

    word: str
    rest: str


def instructions(path: Path) -> list[Instruction]:
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [Instruction(word, rest) for word, rest in pairs]


def of(path: Path, word: str) -> list[str]:
    return [found.rest for found in instructions(path) if found.word == word]


def ids(path: Path) -> str:
    return path.stem


def test_there_is_one_for_a_desktop_and_one_for_a_jetson() -> None:
    assert [path.stem for path in FILES] == ["desktop", "jetson"]


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_instructions_are_known_and_begin_with_a_base(path: Path) -> None:
    words = [found.word for found in instructions(path)]
    assert set(words) <= KNOWN
    assert words[0] in ("ARG", "FROM")
    assert words.count("CMD") == words.count("ENTRYPOINT") == 1
    declared = {arg.split("=")[0] for arg in of(path, "ARG")}
    declared |= {pair.split("=")[0] for env in of(path, "ENV") for pair in env.split()}
    used = {name for found in instructions(path) for name in re.findall(r"\${(\w+)}", found.rest)}
    assert used <= declared


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_what_is_copied_is_there_and_not_ignored(path: Path) -> None:
    ignored = [
        line
        for line in (ROOT / ".dockerignore").read_text().split("\n")
        if line[:1] not in ("", "#")
    ]
    copied = [rest.split() for rest in of(path, "COPY") if not rest.startswith("--from")]
    assert copied
    for *sources, _ in copied:
        for source in sources:
            assert (ROOT / source).exists(), source
            assert not any(fnmatch.fnmatch(source, pattern) for pattern in ignored), source
    stages = {rest.split(" AS ")[1] for rest in of(path, "FROM") if " AS " in rest}
    taken = {
        rest.split()[0].split("=")[1] for rest in of(path, "COPY") if rest.startswith("--from")
    }
    assert taken <= stages


def test_nothing_that_the_package_needs_is_ignored() -> None:
    names = {path.name for path in ROOT.iterdir()}
    ignored = set((ROOT / ".dockerignore").read_text().split())
    needed = {"lfm_ros", "config", "launch", "resource", "setup.py", "setup.cfg", "package.xml"}
    assert needed <= names - ignored
    assert {".git", ".venv"} <= ignored


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_packages_from_pip_are_those_of_the_extras(path: Path) -> None:
    setup = (ROOT / "setup.py").read_text()
    runtimes = [arg.split("=", 1)[1] for arg in of(path, "ARG") if arg.startswith("RUNTIMES")]
    installed = [found[1] for run in of(path, "RUN") if (found := PIP.search(run))]
    text = " ".join([*installed, *runtimes])
    text += " " + " ".join(re.findall(r'RUNTIMES="([^"]*)"', path.read_text()))
    words = [word for word in text.replace('"', " ").split() if not word.startswith(("-", "$"))]
    names = {re.split(r"[<>=\[]", word)[0] for word in words} - BOUNDS
    assert "onnxruntime" in names
    assert {name for name in names if not re.search(rf'"{name}[\[<>=;"]', setup)} == set()
    for pinned in (word for word in words if "==" in word):
        assert pinned in setup, f"{pinned} is not the version that setup.py pins"


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_shell_commands_are_whole_and_leave_no_lists_behind(path: Path) -> None:
    for command in of(path, "RUN"):
        subprocess.run(["bash", "-n", "-c", command], check=True)
        if "apt-get install" in command:
            assert "apt-get install -y --no-install-recommends" in command
            assert command.rstrip().endswith("rm -rf /var/lib/apt/lists/*")
        if "pip install" in command:
            assert "--no-cache-dir" in command


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_what_is_started_exists(path: Path) -> None:
    (started,) = of(path, "CMD")
    launch = re.findall(r'"([^"]+)"', started)
    assert launch[:3] == ["ros2", "launch", "lfm_ros"]
    assert (ROOT / "launch" / launch[3]).exists()
    (entry,) = of(path, "ENTRYPOINT")
    (program,) = re.findall(r'"([^"]+)"', entry)
    sources = dict(reversed(rest.split()) for rest in of(path, "COPY") if rest.endswith(program))
    script = ROOT / sources[program]
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)
    assert f"{VARIABLE}=/cache" in of(path, "ENV")


def test_the_entrypoint_sources_both_and_becomes_the_command(tmp_path: Path) -> None:
    text = (ROOT / "docker" / "entrypoint.sh").read_text()
    for folder in ("opt/ros/jazzy", "ws/install"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "setup.bash").write_text(f"echo sourced {folder}\n")
    script = tmp_path / "entrypoint.sh"
    script.write_text(
        text.replace("/opt/ros", f"{tmp_path}/opt/ros").replace("/ws", f"{tmp_path}/ws")
    )
    done = subprocess.run(
        ["bash", script, "echo", "a b"],
        env={"ROS_DISTRO": "jazzy", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["sourced opt/ros/jazzy", "sourced ws/install", "a b"]

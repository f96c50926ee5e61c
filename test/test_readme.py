"""The commands that the documents tell people to type.

Every ``bash`` block is read: its make targets, subcommands, programs and launch files must exist.
A block that starts with three backticks and ``bash run`` or ``python run`` is executed as well, in
a folder that shows the checkout but keeps whatever the commands write.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from lfm_ros.ros.launch_arguments import LAUNCH_FILES, LIFTER

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
ASSIGNMENT = re.compile(r"[A-Z_]+=.*")  # SECONDS=20, as make and the shell take it
FENCE = re.compile(r"^```(bash|python)( run)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language, whether it is executed, and its text."""

    place: str
    language: str
    executed: bool
    text: str

    @staticmethod
    def all_in(path: Path) -> list[Block]:
        text = path.read_text() if path.exists() else ""
        return [
            Block(f"{path.name}:{text[: m.start()].count(chr(10)) + 1}", m[1], bool(m[2]), m[3])
            for m in FENCE.finditer(text)
        ]


BLOCKS = [block for path in DOCUMENTS for block in Block.all_in(path)]


def chosen(language: str, executed_only: bool = False) -> list[object]:
    blocks = [b for b in BLOCKS if b.language == language and (b.executed or not executed_only)]
    return [pytest.param(block, id=block.place) for block in blocks]


def test_the_readme_has_commands_that_are_executed() -> None:
    places = [block.place for block in BLOCKS if block.executed]
    assert any(place.startswith("README.md") for place in places), places


@pytest.mark.parametrize("block", chosen("bash"))
def test_commands_name_things_that_exist(block: Block) -> None:
    lines = block.text.replace("\\\n", " ").splitlines()
    wrong = {line: why for line in lines if (why := unknown_in(line))}
    assert not wrong, f"{block.place}: {wrong}"


def unknown_in(line: str) -> str | None:
    """What a command line names that is not there."""
    match [w for w in shlex.split(line, comments=True) if not ASSIGNMENT.fullmatch(w)]:
        case ["make", *targets]:
            return none_of(targets, make_targets(), "make")
        case ["lfm", verb, *rest] if not verb.startswith("-"):
            known = lfm_help(verb) if verb in lfm_help() else set()
            return none_of([verb], lfm_help(), "lfm") or none_of(options(rest), known, verb)
        case ["ros2", "run", "lfm_ros", program, *_]:
            return none_of([program], programs(), "setup.py")
        case ["ros2", "launch", "lfm_ros", file, *rest]:
            given = [word.split(":=")[0] for word in rest if ":=" in word]
            return none_of(given, launch_arguments(file), file)
        case ["python" | "python3", "-m", module, *rest]:
            return none_of(options(rest), option_names(module), module)
    return None


def none_of(wanted: list[str], known: set[str], where: str) -> str | None:
    missing = [name for name in wanted if name not in known]
    return f"{where} has no {', '.join(missing)}" if missing else None


def options(words: list[str]) -> list[str]:
    return [word.split("=")[0] for word in words if word.startswith("--")]


@cache
def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def programs() -> set[str]:
    return set(re.findall(r"f\"(\w+) = \{PACKAGE\}", (ROOT / "setup.py").read_text()))


@cache
def lfm_help(*verb: str) -> set[str]:
    """Every word, and every option, in the help of ``lfm`` or of one of its subcommands."""
    code = "from lfm_ros.cli import main; main()"
    command = [sys.executable, "-c", code, *verb, "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"-{0,2}[a-z][a-z0-9-]+", shown))


def launch_arguments(file: str) -> set[str]:
    """A launch file's own arguments, and those of the one that it hands on to."""
    return {*LAUNCH_FILES[file], *LIFTER}


@cache
def option_names(module: str) -> set[str]:
    """The fields of the dataclasses of a module: tyro makes its options from them."""
    found = importlib.util.find_spec(module)
    assert found is not None, f"no module {module}"
    assert found.origin is not None
    source = Path(found.origin).read_text()
    if "import TrainConfig" in source:
        source += (ROOT / "training" / "config.py").read_text()
    names = re.findall(r"^    (\w+): ", source, re.MULTILINE)
    return {"--" + name.replace("_", "-") for name in names}


@pytest.mark.parametrize("block", chosen("python"))
def test_python_blocks_are_python(block: Block) -> None:
    compile(block.text, block.place, "exec")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder that looks like the checkout; files written into it stay out of the checkout."""
    for path in ROOT.iterdir():
        if not path.name.startswith("."):
            (tmp_path / path.name).symlink_to(path)
    return tmp_path


@pytest.mark.parametrize("block", chosen("bash", True) + chosen("python", True))
def test_executed_block(block: Block, desk: Path) -> None:
    shell = ["bash", "-euo", "pipefail", "-c"]
    interpreter = shell if block.language == "bash" else [sys.executable, "-c"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [*interpreter, block.text],
        cwd=desk,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{block.place}:\n{done.stdout}{done.stderr}"

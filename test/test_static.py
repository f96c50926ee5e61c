"""Lint, formatting, types, import contracts and sizes, as tests, so that one run covers all."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.static
ROOT = Path(__file__).resolve().parents[1]
MOST_LINES_OF_A_FILE = 350
MOST_LINES_OF_A_FUNCTION = 70
IMPORT_LINTER = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
CHECKS = {
    "ruff-lint": ("ruff", ["-m", "ruff", "check", "."]),
    "ruff-format": ("ruff", ["-m", "ruff", "format", "--check", "."]),
    "pyright": ("pyright", ["-m", "pyright", "--pythonpath", sys.executable]),
    "import-contracts": ("importlinter", ["-c", IMPORT_LINTER]),
}


@pytest.mark.parametrize("name", CHECKS)
def test_tool_finds_nothing(name: str) -> None:
    module, arguments = CHECKS[name]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed here (make lint installs it)")
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name} found:\n{done.stdout}{done.stderr}"


def sources() -> list[Path]:
    folders = ("lfm_ros", "training", "tools", "launch")
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def test_files_are_readable_in_one_sitting() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in sources()}
    assert lengths, "no source file found: is the folder list of this test right?"
    assert not {name: n for name, n in lengths.items() if n > MOST_LINES_OF_A_FILE}


def test_functions_fit_on_a_screen() -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    lengths = {
        f"{path.relative_to(ROOT)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, kinds)
    }
    assert not {name: n for name, n in lengths.items() if n > MOST_LINES_OF_A_FUNCTION}

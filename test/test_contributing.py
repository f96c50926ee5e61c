"""``docs/contributing.md`` names files, words in them and commands; they are there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "contributing.md").read_text()
PATHS = sorted(
    set(re.findall(r"`([\w/]+(?:/|\.(?:py|yaml|toml|md))|\w+/\w+)`", PAGE)) - {"NAME.yaml"}
)
NAMED = re.findall(r"`(\w+)`(?: and `(\w+)`)? (?:in|of) `([\w/]+\.py)`", PAGE)


@pytest.mark.parametrize("path", [path for path in PATHS if "NAME" not in path])
def test_a_path_is_there(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("one", "other", "path"), NAMED)
def test_a_name_is_in_its_file(one, other, path):
    text = (ROOT / path).read_text()
    assert re.search(rf"\b{one}\b", text)
    assert not other or re.search(rf"\b{other}\b", text)


def test_links_and_commands_are_there():
    for page in re.findall(r"\]\((\w+\.md)\)", PAGE):
        assert (ROOT / "docs" / page).is_file(), page
    for module in re.findall(r"python -m ([\w.]+)", PAGE):
        assert importlib.util.find_spec(module), module
    targets = re.findall(r"`make ([\w-]+)`", PAGE)
    makefile = (ROOT / "Makefile").read_text()
    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_the_page_names_enough_to_be_checked():
    assert len(PATHS) > 45
    assert len(NAMED) > 15

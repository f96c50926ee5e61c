"""The pages of ``docs/`` that are made from the code are those that are committed."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

pytest.importorskip("rclpy", reason="the pages tell of nodes, which need ROS 2")

from lfm_ros import __version__
from lfm_ros.skeletons import KEYS, load_skeleton
from tools.docs.pages import DOCS, pages
from tools.docs.skeleton_files import FIELDS

ROOT = Path(__file__).resolve().parents[1]
PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_what_the_code_says(name):
    assert (DOCS / name).read_text() == PAGES[name], "run: python -m tools.docs"


@pytest.mark.parametrize("name", [name for name in PAGES if name.endswith(".md")])
def test_tables_are_whole(name):
    """Every row of a table has as many cells as its head."""
    width = 0
    for line in PAGES[name].splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not width or not cells or cells == width, line
        width = cells


@pytest.mark.parametrize("name", [name for name in PAGES if name.endswith(".md")])
def test_no_cell_is_taken_for_a_tag(name):
    class Tags(HTMLParser):
        found: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag, attrs):
            self.found.append(tag)

    parser = Tags()
    parser.feed(re.sub(r"`[^`]*`", "", PAGES[name]))
    assert not parser.found


def test_every_field_of_a_skeleton_file_is_told_and_the_example_can_be_read(tmp_path):
    assert set(FIELDS) == KEYS
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGES["skeletons.md"], re.DOTALL)
    (tmp_path / "forklift.yaml").write_text(example)
    rig = load_skeleton(str(tmp_path / "forklift.yaml"))
    assert (len(rig), len(rig.pairs), rig.nominal_size) == (9, 4, 14.1)
    assert rig.root is not None


def test_the_drawing_stays_on_its_page():
    picture = ElementTree.fromstring(PAGES["frames.svg"])
    width, height = (float(part) for part in picture.get("viewBox").split()[2:])
    for item in picture.iter():
        for name in ("x", "x1", "x2"):
            assert 0 <= float(item.get(name, 0)) <= width
        for name in ("y", "y1", "y2"):
            assert 0 <= float(item.get(name, 0)) <= height
        if item.text and item.get("x"):
            assert float(item.get("x")) + 7.5 * len(item.text) < width, item.text


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == __version__
    assert citation["license"] == "BSD-3-Clause"
    assert "2312.11894" in citation["preferred-citation"]["url"]

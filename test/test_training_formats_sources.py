"""The table of origins: made from the sets, and complete for every model that ships."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import yaml
from formats_fixtures import write_json

from training.data.formats import FORMATS
from training.data.invented import invented_sets
from training.data.sources import PAGE, main, origin_and_commit
from training.data.splits import load_splits

ROOT = Path(__file__).resolve().parents[1]
COMMIT = "985d09401ea8824cec489e56cd631b24d9e32891"


@pytest.mark.parametrize(
    ("said", "origin", "commit"),
    [
        (f"github.com/a/b @ {COMMIT} : x/y.xml", "github.com/a/b: x/y.xml", COMMIT),
        (f"github:a/b@{COMMIT} x y", "github.com/a/b: x y", COMMIT),
        (f"github:a/b@{COMMIT}", "github.com/a/b", COMMIT),
        (f"github:a/b@{COMMIT} x; by hand", "github.com/a/b: x; by hand", COMMIT),
        ("a lab, 2014", "a lab, 2014", "-"),
    ],
)
def test_origin_and_commit_are_told_apart(said, origin, commit):
    assert origin_and_commit(said) == (origin, commit)


def write_set(folder: Path, name: str, **changes) -> Path:
    path = folder / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"xyz": np.zeros((3, 5, 3)), "source": f"github:a/b@{COMMIT} x|y", "license": "MIT"}
    np.savez(path, **{k: v for k, v in {**arrays, **changes}.items() if v is not None})
    return path


def test_the_page_lists_what_may_be_trained_on_and_nothing_else(tmp_path, capsys):
    kept_for_evaluation = load_splits()["unseen"][0]
    names = {
        "robot/z": "train",
        "robot/a": "train",
        "human/nc": "eval",
        kept_for_evaluation: "train",
    }
    paths = {name: write_set(tmp_path, name) for name in names}
    rows = [{"file": f"{name}.npz", "use": use} for name, use in names.items()]
    write_json(tmp_path / "index.json", {"sets": rows})
    assert main([str(tmp_path), "--output", str(tmp_path / "page.md")]) == 0
    lines = (tmp_path / "page.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("| ") and "sha256" not in line][1:]
    assert [line.split(" | ")[0] for line in table] == ["| robot/a", "| robot/z"]
    sha256 = hashlib.sha256(paths["robot/a"].read_bytes()).hexdigest()
    assert table[0] == (
        f"| robot/a | 3 | 5 | github.com/a/b: x\\|y | {COMMIT} | MIT | `{sha256}` |"
    )
    assert str(tmp_path) not in (tmp_path / "page.md").read_text()


def test_a_set_that_does_not_say_where_it_is_from_is_named(tmp_path, capsys):
    write_set(tmp_path, "robot/a", source=None)
    assert main([str(tmp_path), "--output", str(tmp_path / "page.md")]) == 1
    assert "robot/a.npz" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


def test_every_set_that_a_shipped_model_saw_is_on_the_page():
    page = PAGE.read_text()
    listed = {line.split(" | ")[0][2:] for line in page.splitlines() if "`" in line}
    listed |= {poses.family for poses in invented_sets(8).values() if f"`{poses.family}`" in page}
    for manifest in (ROOT / "config/models").glob("*/manifest.yaml"):
        saw = set(yaml.safe_load(manifest.read_text())["trained_on"])
        assert saw
        assert not {n for n in saw - listed if not n.startswith("builtin/")}, manifest.parent.name


def test_the_document_lists_every_format():
    text = (ROOT / "docs/data.md").read_text()
    for name, form in FORMATS.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        assert line.endswith(f"| {form.use if form.license else 'as you say'} |")

"""The README's figures of speed are those of docs/benchmarks, and come from files of lfm bench."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import speed_table
from tools.speed_table import BEGIN, END, block, replaced

pytestmark = pytest.mark.static
HOST = {
    "processor": "A CPU",
    "cores": 4,
    "gpus": [],
    "system": "An OS",
    "load": 0.04,
}


def row(
    what: str, model: str, backend: str, size: tuple[int, int], **more: float
) -> dict[str, Any]:
    where = {"instances": size[0], "keypoints": size[1]}
    return {**where, "what": what, "model": model, "backend": backend, "p50": 1.234, **more}


def document(*rows: dict[str, Any], measured: str = "lifter") -> dict[str, Any]:
    return {
        "measured": measured,
        "date": "2026-01-02",
        "machine": HOST,
        "versions": {"onnxruntime": "1.2"},
        "threads": 1,
        "settings": {"model": "lfm_tiny"},
        "cold": [],
        "rows": list(rows),
    }


def lines(*documents: dict[str, Any]) -> list[str]:
    return block(documents).splitlines()


def test_the_readme_shows_what_the_files_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert speed_table.main(["--check"]) == 0, capsys.readouterr().out


def test_files_are_complete_runs() -> None:
    for path in speed_table.FILES.glob("*.json"):
        document = json.loads(path.read_text())
        assert document["format"] == 1
        assert document["rows"]
        assert {"date", "machine", "versions"} <= set(document)


def test_a_size_has_one_line_and_a_model_two_columns() -> None:
    one, two = (1, 17), (10, 17)
    said = lines(
        document(
            row("engine", "lfm_x", "onnxruntime", one, share_of_roof=0.5),
            row("lifter", "lfm_x", "onnxruntime", one, cpu_30hz=2.0, cpu_ratio=1.06),
            row("peer", "mlp_2x1024", "onnxruntime", one, share_of_roof=0.0),
            row("engine", "lfm_x", "onnxruntime", two, share_of_roof=0.25),
        )
    )
    assert said[0].startswith("A CPU, 4 cores, An OS, onnxruntime 1.2, 2026-01-02, load before")
    table = [line for line in said if line.startswith("|")]
    assert table == [
        "| instances x keypoints | `lfm_x`: network (of the roof) | `lfm_x`: `Lifter.lift` |"
        " plain MLP |",
        "|---|---:|---:|---:|",
        "| 1 x 17 | 1.23 (50%) | 1.23 | 1.23 |",
        "| 10 x 17 | 1.23 (25%) |  |  |",
    ]
    assert any("costs 2.00 ms of processor time, 1.06 of its latency" in line for line in said)


def test_several_runtimes_are_told_apart() -> None:
    names = ("onnxruntime", "openvino")
    said = lines(document(*(row("engine", "lfm_x", name, (1, 17)) for name in names)))
    head = next(line for line in said if line.startswith("|"))
    assert all(f"`lfm_x` {name}: network" in head for name in names)


def test_a_run_of_the_node_has_its_own_table() -> None:
    said = lines(
        document({"size": "1x17", "frames": 120, "engine": 1.25, "p50": 8.04}, measured="node")
    )
    assert said[0].startswith("The node with `lfm_tiny` on A CPU")
    assert said[-3:] == [
        "| instances x keypoints | p50 | network |",
        "|---|---:|---:|",
        "| 1x17 | 8.04 | 1.25 |",
    ]


def test_only_what_is_between_the_markers_changes() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert replaced(text, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    with pytest.raises(SystemExit, match="must hold the lines"):
        replaced("no markers", "new")


def test_without_figures_it_says_how_to_get_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speed_table, "FILES", tmp_path / "benchmarks")
    monkeypatch.setattr(speed_table, "ROOT", tmp_path)
    assert speed_table.main([]) == 1
    assert "lfm bench --json" in capsys.readouterr().out

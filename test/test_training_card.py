"""The model card, its plots and the pictures, from an evaluation as the command writes it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from synthetic import bush, chain, write_poses
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros.core.errors import InputError
from training.card import CardConfig, card
from training.evaluate import EvaluateConfig, evaluate
from training.evaluation.curve import read_curve
from training.evaluation.markdown import grid
from training.pictures import PicturesConfig, draw

SAMPLES = [10_000 * 2**i for i in range(8)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    write_poses(data / "human/walk.npz", bush(14), sequences=28, frames=3)
    write_poses(data / "robot/arm.npz", chain(8), sequences=28, frames=3, seed=1)
    write_poses(data / "object/knife.npz", chain(6), sequences=28, frames=2, seed=5)
    return data


@pytest.fixture(scope="module")
def result(folder):
    return evaluate(EvaluateConfig(folder, frames=4, fewer=2, workers=1))


@pytest.fixture(scope="module")
def written(folder, result):
    """The files that a card is made of: the evaluation, and a run whose error falls as n^-0.25."""
    path = folder.parent / "evaluation.json"
    path.write_text(json.dumps(result))
    entries = [{"samples": 1, "procrustes": 0.5}]
    for n in SAMPLES:
        error = 200 * n**-0.25
        names = ("procrustes", "camera", "flat", "flat_camera", "human")
        entries.append({"samples": n, **{f"validation/{name}": error for name in names}})
    run = folder.parent / "run"
    run.mkdir()
    (run / "log.jsonl").write_text("\n".join(json.dumps(e) for e in entries) + "\n")
    return {"evaluation": path, "run": run}


def section(text: str, title: str) -> str:
    parts = {part.split("\n")[0]: part for part in re.split(r"^## ", text, flags=re.M)}
    return parts[title]


def test_the_card_holds_every_figure(written, result, tmp_path):
    text = card(CardConfig(**written, output=tmp_path / "README.md"))
    for title in (
        "Accuracy",
        "Harder conditions",
        "What it memorises",
        "Occlusion, noise, perspective",
        "Other rigs of the same body",
        "Uncertainty",
        "Real images",
        "Learning curve",
        "Categories",
        "Data",
    ):
        assert f"\n## {title}\n" in text
    upright = result["seen"]["upright"]
    accuracy = section(text, "Accuracy")
    assert "(2 sets, 3 with the listed)" in accuracy
    for name, row in {"overall": upright["overall"], "human": upright["groups"]["human"]}.items():
        assert f"| {name} | {row['procrustes']:.1f} | {row['camera']:.1f} |" in accuracy
    occlusion = section(text, "Occlusion, noise, perspective")
    hidden = result["sweeps"]["occlusion"]["60"]
    assert f"| {hidden['overall_without_apart']['hidden']:.1f} |" in occlusion
    assert not re.search(r"\bnan\b", text)
    knife = re.search(r"\| seen, object/knife \|.*", section(text, "Categories"))
    assert knife
    assert knife[0].endswith("| planar or one degree of freedom |")
    assert f"| {result['catalogue']['object/knife']['training_frames']} |" in knife[0]


def test_peers_stand_beside_where_there_is_a_comparison(written, tmp_path):
    rows = [{"network": "ours", "seen": 7.51, "views": 600000}, {"network": "pnp", "note": "rigid"}]
    path = tmp_path / "peers.json"
    path.write_text(json.dumps({"rows": rows, "note": "One budget."}))
    without = card(CardConfig(**written))
    assert "## Peers" not in without
    peers = section(card(CardConfig(**written, comparison=path)), "Peers")
    assert "One budget." in peers
    assert "| network | seen | views | note |" in peers
    assert "| ours | 7.5 | 600000 |  |" in peers
    assert "| pnp |  |  | rigid |" in peers


def test_plots_are_written_and_shown_from_the_card(written, tmp_path):
    config = CardConfig(**written, output=tmp_path / "model/README.md", plots=tmp_path / "plots")
    shown = re.findall(r"!\[.*?\]\((.*?)\)", card(config))
    assert len(shown) == 5
    for path in shown:
        assert (tmp_path / path.removeprefix("../")).stat().st_size > 2000


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("{", "cannot be read"), ("[]", "no 'catalogue'")],
)
def test_what_is_no_evaluation_is_named(written, tmp_path, content, message):
    path = tmp_path / "odd.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=rf"odd\.json.*{message}.*training\.evaluate"):
        card(CardConfig(**{**written, "evaluation": path}))


def test_the_curve_tells_its_power_law(written):
    curve = read_curve(written["run"] / "log.jsonl")
    assert curve.samples == SAMPLES
    assert set(curve.groups) == {"human"}
    assert curve.law() is None, "half of the views are in the last doubling: too few points"
    dense = [round(n) for n in np.linspace(10_000, 1_000_000, 40)]
    errors = [200 * n**-0.25 for n in dense]
    many = type(curve)(dense, {"procrustes": errors}, {})
    assert many.law() == pytest.approx((200, -0.25))


def test_a_table_is_as_wide_as_its_head():
    lines = grid(("", "a", "b"), [("x", "1", "2")]).splitlines()
    assert lines == ["|  | a | b |", "| --- | ---: | ---: |", "| x | 1 | 2 |"]


def test_pictures_show_the_sets_that_are_there(folder, tmp_path):
    sets = ("human/walk", "robot/arm", "animal/none")
    config = PicturesConfig(folder, sets=sets, output=tmp_path, frames=6, condition="hidden_40")
    paths = draw(config)
    assert [path.name for path in paths] == ["seen.png"]
    assert paths[0].stat().st_size > 10_000
    with pytest.raises(InputError, match="has none of"):
        draw(PicturesConfig(folder, sets=("animal/none",), output=tmp_path))

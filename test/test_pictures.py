"""The pictures of the documents, and what makes them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the gallery uses the evaluation's cameras (extra train)")
pytest.importorskip("viser", reason="the demo's picture is of the viewer's page (extra viz)")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")

from PIL import Image

from lfm_ros import Lifter
from lfm_ros.core.errors import InputError
from lfm_ros.core.metrics import errors
from lfm_ros.core.placement import size
from lfm_ros.scene import RIGS
from tools.pictures import demo, gallery, page
from tools.pictures.bicycle import bicycles
from tools.pictures.cases import FAILURES, SERIES, flipped
from tools.pictures.wrong_size import SHARE, lift_child
from training.evaluation.conditions import CONDITIONS
from training.evaluation.shots import shoot
from training.specimen import specimen

pytestmark = pytest.mark.unit

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(scope="module")
def lifter():
    with Lifter.from_pretrained() as one:
        yield one


def test_the_gallery_shows_what_lies_beside_it():
    named = re.findall(r"\]\(gallery/(.*?)\)", (DOCS / "gallery.md").read_text())
    files = {path.name: path.stat().st_size for path in (DOCS / "gallery").iterdir()}
    assert sorted(named) == sorted(files)
    assert max(files.values()) <= 200_000
    assert sum(files.values()) <= 1_500_000


def test_the_gif_is_short_and_small():
    path = DOCS / "demo.gif"
    with Image.open(path) as gif:
        assert gif.width <= 800
        assert 5.0 <= gif.n_frames * gif.info["duration"] / 1000 <= 8.0
    assert path.stat().st_size <= 3_000_000


def test_every_case_is_of_a_picture_of_its_own_and_says_where_it_is_from():
    files = [case.file for case in (*SERIES, *FAILURES)]
    assert len(set(files)) == len(files)
    assert all(case.credit for case in (*SERIES, *FAILURES))


def test_a_flip_is_found():
    shots = shoot(bicycles(20), CONDITIONS["upright"], 20, 0)
    points = shots.truth.copy()
    middle = points[7].mean(0)
    points[7, :, 2] = 2 * middle[2] - points[7, :, 2]
    points[3] += 0.1 * np.random.default_rng(0).standard_normal(points[3].shape)
    assert flipped(shots, points, errors(points, shots.truth, shots.valid)) == 7


def test_a_specimen_keeps_its_orientation_and_takes_the_size_of_the_truth():
    shots = shoot(bicycles(20), CONDITIONS["upright"], 20, 0)
    turn = np.diag([-1.0, 1.0, -1.0])
    points = 3.0 * shots.truth @ turn + 5.0
    assert np.allclose(specimen(shots, points, 4, turned=True).points, shots.truth[4])
    shown = specimen(shots, points, 4, turned=False).points
    middle = shots.truth[4].mean(0)
    assert np.allclose(shown - middle, (shots.truth[4] - middle) @ turn)


def test_bicycles_are_as_they_are_built():
    """Steering turns the handlebars and the front wheel as one, and nothing else."""
    xyz, rig = bicycles(50).xyz, bicycles(1).skeleton
    at = {name: xyz[:, i] for i, name in enumerate(rig.names)}
    assert np.allclose([at[n][:, 1] for n in ("rear_hub", "saddle", "head_top")], 0)
    left, right = (at[f"{side}_grip"] - at["head_bottom"] for side in ("left", "right"))
    level = np.s_[:, :2]
    assert np.allclose(np.linalg.norm(left[level], axis=1), np.linalg.norm(right[level], axis=1))
    wheel = (at["front_tyre"] - at["front_hub"])[level]
    assert np.abs(((left - right)[level] * wheel).sum(1)).max() < 1e-6
    assert np.ptp(np.arctan2(wheel[:, 1], wheel[:, 0])) > 0.5


def test_an_adults_size_puts_a_child_too_far_away(lifter):
    child = lift_child(lifter)
    real, nominal, known = (
        np.linalg.norm(points.mean(0)) for points in (child.truth, child.nominal, child.known)
    )
    ratio = float(size(child.truth[None], RIGS["scene_person"].skeleton)[0])
    ratio /= RIGS["scene_person"].skeleton.nominal_size
    assert ratio == pytest.approx(SHARE, rel=0.05)
    assert nominal > 1.2 * real
    assert abs(known - real) < 0.2 * real


def test_a_failure_is_drawn_and_told(lifter, tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "FRAMES", 12)
    (case,) = (case for case in FAILURES if case.poses == "own/bicycle")
    figures = gallery.draw_failure(lifter, case, bicycles(12), tmp_path)
    assert figures["mirrored"] <= figures["aligned"] <= figures["this"] <= figures["worst"]
    with Image.open(tmp_path / f"{case.file}.png") as picture:
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 100
    text = page.gallery("a_model", 12, [], [(case, figures)], lift_child(lifter))
    assert f"{figures['this']:.1f} % in the camera's frame" in text
    assert "{" not in text


def test_a_folder_without_the_sets_is_refused(tmp_path):
    with pytest.raises(InputError):
        gallery.shown_sets(tmp_path)


def test_all_kinds_are_in_the_demos_picture():
    moments = [frame for _, frame in demo.view_frames(demo.STILL - 0.2, demo.STILL)]
    last = moments[-1]
    assert len(moments) == 6
    assert {last.label_of(int(i)) for i in last.lifted.skeleton} == set(RIGS)
    assert last.lifted.present.any(1).all()
    assert last.lifted.instance_id.tolist() == last.truth.instance_id.tolist()
    assert len(last.axes.names) == len(last.lifted.instance_id)


def test_a_gif_keeps_the_hue_of_a_thin_line(tmp_path):
    pictures = []
    for column in range(4):
        pixels = np.full((100, 160, 3), 24, np.uint8)
        pixels[:, ::7] += np.arange(100, dtype=np.uint8)[:, None, None]
        pixels[:, 40 * column : 40 * column + 2] = 213, 94, 0
        pictures.append(Image.fromarray(pixels))
    demo.write_gif(pictures, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 4
        shown = np.asarray(gif.convert("RGB"), int).reshape(-1, 3)
    assert (np.ptp(shown, axis=1) > 150).any()

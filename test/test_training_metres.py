"""The evaluation of scale cues: depth images, figures, and the whole command."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from synthetic import camera, chain, in_front, write_poses

from lfm_ros import Lifter, Skeleton
from lfm_ros.core.depth_image import surface_depths
from training.evaluation import metres
from training.evaluation.asked_again import Remembering
from training.evaluation.depth_images import Fault, render, spoiled
from training.evaluation.metric_cases import Case
from training.evaluation.placed import figures, reprojection
from training.evaluation.recorded import Recorded
from training.evaluation.shortening import SHARES, shortening


def people(count: int = 8) -> Recorded:
    """Somebody whose detector makes no mistake."""
    truth = in_front(count, 9, 0)
    shape = truth.shape[:2]
    cameras = [camera()] * count
    pixels = camera().project(truth)
    return Recorded(pixels, np.ones(shape), truth, np.ones(shape, bool), cameras, None, chain(9))


def test_a_rendered_limb_is_a_thickness_before_its_middle():
    points = np.array([[-0.5, 0.0, 3.0], [0.5, 0.2, 4.0], [0.0, -0.4, 3.5]])
    image = render(points, np.ones(3, bool), chain(3), camera(), 0.05)
    assert image.shape == (270, 480)
    found = surface_depths(image, camera().project(points)[None], [camera()])[0]
    np.testing.assert_allclose(found, points[:, 2] - 0.05, atol=0.04)
    assert image.max() == pytest.approx(1.5 * 3.5)
    assert image[0, 0] == image.max()


def test_faults_do_what_they_say():
    random, flat = np.random.default_rng(0), np.full((270, 480), 4.0)
    assert spoiled(flat, Fault(noise=0.05), random).std() == pytest.approx(0.2, rel=0.1)
    assert (spoiled(flat, Fault(holes=0.3), random) == 0).mean() == pytest.approx(0.3, abs=0.03)
    np.testing.assert_allclose(spoiled(flat, Fault(bias=0.2), random), 4.2)
    slope = np.tile(np.arange(480.0), (2, 1))
    assert spoiled(slope, Fault(shift=3), random)[0, 10] == 7


def test_figures_of_answers_that_are_right_and_of_some_that_are_too_far():
    recorded = people()
    with Lifter.from_pretrained() as lifter:
        out = [
            lifter.lift(p[None], None, camera(), chain(9), known_size=3.0) for p in recorded.pixels
        ]
    right = [answer_at(one, truth) for one, truth in zip(out, recorded.truth, strict=True)]
    found = figures(right, recorded, "known")
    assert found["used"] == 100
    assert found["root_mm"] < 1e-2
    assert found["scale_68"] == found["place_95"] == 100
    far = [answer_at(one, 2 * truth) for one, truth in zip(out, recorded.truth, strict=True)]
    found = figures(far, recorded, "known")
    assert found["bias"] == pytest.approx(100 * np.log(2), rel=1e-3)
    assert found["scale_95"] == 0
    assert figures(right, recorded, "depth") == {"frames": 8.0, "used": 0.0}
    pixels = reprojection(right, recorded)
    assert pixels["truth"] < 1e-6
    assert pixels["points"] < 1e-2


def answer_at(out, points):
    """An answer with other points."""
    from dataclasses import replace

    return replace(out, points=points[None].astype(np.float32))


def test_frames_that_go_in_together_are_answered_as_each_alone():
    recorded, rig = people(5), chain(9)
    floors = np.tile([0.0, -1.0, 0.0, 1.0], (5, 1))
    case = Case(recorded, rig, np.linspace(2.0, 3.0, 5), (0, 1), floors, 0.05)
    wrong = metres.Wrong(pixels=0.02, size=0.1, tilt=1.0)
    with Lifter.from_pretrained() as lifter:
        for cue in ("nominal", "known", "ground"):
            together = metres.answers(lifter, case, cue, wrong, 3)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(metres, "_ALONE", (cue,))
                alone = metres.answers(lifter, case, cue, wrong, 3)
            for one, other in zip(together, alone, strict=True):
                assert one.scale_source == other.scale_source
                np.testing.assert_allclose(one.points, other.points, rtol=1e-4, atol=1e-4)
                np.testing.assert_allclose(one.translation, other.translation, rtol=1e-3, atol=1e-3)


def test_an_engine_that_remembers_runs_once_for_the_same_inputs():
    with Lifter.from_pretrained("lfm_tiny") as lifter:
        asked: list[int] = []
        once = lifter.engine.infer
        lifter.engine.infer = lambda inputs: asked.append(1) or once(inputs)
        again = Lifter(lifter.model, Remembering(lifter.engine))
        pixels = people(2).pixels
        first, second = (again.lift(pixels[:1], None, camera(), chain(9)) for _ in range(2))
        other = again.lift(pixels[1:] + 5.0, None, camera(), chain(9))
        assert len(asked) == 2
        np.testing.assert_array_equal(first.points, second.points)
        assert not np.allclose(first.points, other.points)


def test_the_command_answers_for_the_sets_that_are_there(tmp_path, monkeypatch, capsys):
    truth = in_front(6, 10, 3)
    rig = Skeleton(
        [
            *("head", "neck", "left_shoulder", "right_shoulder", "left_hip", "right_hip"),
            *("left_elbow", "right_elbow", "left_wrist", "right_wrist"),
        ],
        [(0, 1), (1, 2), (1, 3), (2, 4), (3, 5), (2, 6), (6, 8)],
    )
    write_poses(
        tmp_path / "human" / "mvor10.npz",
        rig,
        2,
        3,
        xyz=truth.astype(np.float32),
        K=np.tile(np.asarray(camera().matrix), (6, 1, 1)),
        uv=camera().project(truth).astype(np.float32),
        uv_det=camera().project(truth).astype(np.float32),
        uv_det_conf=np.ones((6, 10), np.float32),
        image_size=np.array([1280, 720]),
        up="-y",
    )
    output = tmp_path / "metres.json"
    arguments = ["metres", "--data", str(tmp_path), "--output", str(output), "--frames", "3"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--parts", "cues", "reprojection"])
    monkeypatch.setattr(
        metres, "CUES", {cue: {"exact": metres.Wrong()} for cue in ("known", "ground", "depth")}
    )
    metres.main()
    result = json.loads(output.read_text())
    cues = result["cues"]["human/mvor10"]
    assert set(cues) == {"known", "depth"}  # nobody knows their floor
    assert cues["known"]["exact"]["used"] == 100
    assert set(result["reprojection"]["human/mvor10"]) == {
        "pose_before",
        "pose_after",
        "points",
        "truth",
    }
    assert "human/mvor10" in capsys.readouterr().out


def test_shortening_is_judged_for_every_share(tmp_path):
    from training.data.poses import load_set

    write_poses(tmp_path / "one.npz", chain(8), 4, 5)
    with Lifter.from_pretrained("lfm_tiny") as lifter:
        found = shortening(lifter, {"one": load_set(tmp_path / "one.npz")}, 6, 0)
    assert all(len(rows) == len(SHARES) for rows in found["shares"].values())
    biases = [row["bias"] for row in found["shares"]["upright"].values()]
    assert biases[0] == max(biases), "longer edges mean shorter distances"
    assert {"hidden_60", "contiguous_60"} < set(found["shares"])
    assert sorted(found["bins"]["spread"]) == found["bins"]["spread"]

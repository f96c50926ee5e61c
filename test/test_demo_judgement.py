"""How the demo judges what it hears: pairing, counting, errors. No ROS."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from lfm_ros.batch import make_batch
from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.placement import size
from lfm_ros.core.rotations import matrix_from_rotvec
from lfm_ros.core.skeleton import RootFrame, Skeleton
from lfm_ros.demo.accuracy import FIGURES, Accuracy
from lfm_ros.demo.ledger import Answer, Ledger, Tally
from lfm_ros.demo.moments import Detected, Moment, Moments, Placed
from lfm_ros.demo.summary import Summary, status_line, summarize, summary_text
from lfm_ros.demo.terminal import StatusLine
from lfm_ros.demo.watch import Watch, liftable

CAMERA = Intrinsics([[900, 0, 640], [0, 900, 360], [0, 0, 1]], (1280, 720))
SECOND = 1_000_000_000
SHOWN, CLEARED = True, False


def answer(stamp: int, shown: bool = SHOWN, *, after_ms: float = 5.0, sound: bool = True) -> Answer:
    return Answer(stamp + int(after_ms * 1e6), shown, sound)


@pytest.mark.parametrize("markers_first", [False, True])
@pytest.mark.parametrize(
    ("instances", "shown", "sound", "expected"),
    [
        (2, SHOWN, True, Tally(played=1, answered=1)),
        (0, CLEARED, True, Tally(played=1, answered=1, cleared=1)),
        (2, CLEARED, True, Tally(played=1, wrong=1)),
        (0, SHOWN, True, Tally(played=1, wrong=1)),
        (2, SHOWN, False, Tally(played=1, wrong=1)),
    ],
)
def test_a_frame_and_its_markers(
    markers_first: bool, instances: int, shown: bool, sound: bool, expected: Tally
) -> None:
    ledger = Ledger()
    steps = [
        lambda: ledger.frame(SECOND, instances, 0.0),
        lambda: ledger.markers(SECOND, answer(SECOND, shown, sound=sound), 0.0),
    ]
    for step in reversed(steps) if markers_first else steps:
        step()
    assert ledger.tally() == expected
    assert ledger.latency_ms() == pytest.approx((5.0, 5.0))


def test_frames_without_markers_are_missing_and_markers_without_frame_are_stray() -> None:
    ledger = Ledger()
    for number in range(4):
        ledger.frame(number, 1, 0.0)
    ledger.markers(2, answer(2), 0.0)
    ledger.markers(2, answer(2), 0.0)
    ledger.markers(99, answer(99), 0.0)
    assert ledger.tally() == Tally(played=4, answered=1, missing=3, stray=2)
    assert ledger.waiting == 3


def test_what_is_old_is_forgotten_but_stays_counted() -> None:
    ledger = Ledger()
    ledger.frame(0, 1, 0.0)
    ledger.markers(1, answer(1), 0.0)
    ledger.frame(60 * SECOND, 1, 60.0)
    assert ledger.waiting == 1
    assert ledger.tally() == Tally(played=2, missing=2, stray=1)


def test_deleting_the_markers_of_the_last_frame_is_no_answer_and_not_stray() -> None:
    ledger = Ledger()
    ledger.frame(1, 1, 0.0)
    ledger.markers(1, Answer(shown=True, sound=True, received_ns=2), 0.0)
    ledger.markers(1, Answer(shown=False, sound=True, received_ns=3), 0.0)
    assert ledger.tally() == Tally(played=1, answered=1)


def test_rates_are_of_the_last_two_seconds() -> None:
    ledger = Ledger()
    for number in range(90):
        ledger.frame(number, 1, number / 30)
        if number % 2:
            ledger.markers(number, answer(number), number / 30)
    assert ledger.rates(89 / 30) == pytest.approx((30.0, 15.0))
    assert ledger.rates(100.0) == (0.0, 0.0)


def test_latency_percentiles_and_the_latest() -> None:
    ledger = Ledger()
    for number in range(101):
        ledger.frame(number, 1, 0.0)
        ledger.markers(number, answer(number, after_ms=float(number)), 0.0)
    assert ledger.latency_ms() == pytest.approx((50.0, 95.0))
    assert ledger.latency_ms(last=1) == pytest.approx((100.0, 100.0))


def test_liftable_is_the_lifters_own_rule() -> None:
    rng = np.random.default_rng(0)
    # Few places, so that many keypoints coincide; some are missing one way or the other.
    uv = rng.integers(0, 3, (500, 6, 2)).astype(np.float32)
    confidence = (rng.uniform(size=(500, 6)) > 0.3).astype(np.float32)
    uv[rng.uniform(size=(500, 6)) > 0.9] = np.nan
    enough = make_batch(uv, confidence, None, None, None, None).enough(4)
    assert 0 < enough.sum() < 500
    for row in range(500):
        assert liftable(uv[row : row + 1], confidence[row : row + 1], 4) == enough[row]


def test_moments_are_whole_when_every_part_is_there_in_any_order() -> None:
    moments = Moments()
    one = moment(np.zeros((1, 4, 3), np.float32) + [0, 0, 2])
    for name in ("lifted", "camera", "truth"):
        moments.put(7, name, getattr(one, name))
    moments.put(8, "detected", one.detected)
    assert moments.take() == []
    moments.put(7, "detected", one.detected)
    assert moments.take() == [one]
    assert moments.take() == []


def test_moments_that_stay_incomplete_are_given_up() -> None:
    moments = Moments()
    for stamp in range(10_000):
        moments.put(stamp, "camera", CAMERA)
    assert len(moments._parts) < 1000


RIG = Skeleton(
    [f"k{i}" for i in range(6)],
    [(i, i + 1) for i in range(5)],
    nominal_size=1.0,
    root=RootFrame((0, 1), (0,), (2,), (1,), (3,)),
    name="rig",
)


def shape(count: int = 3) -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.normal(0, 0.3, (count, 6, 3)) + [0.2, -0.1, 3.0]


def moment(
    truth: np.ndarray, lifted: np.ndarray | None = None, confidence: float | np.ndarray = 0.9
) -> Moment:
    count, width = truth.shape[:2]
    ids, rigs = np.arange(count, dtype=np.int32), np.zeros(count, np.int32)
    sure = np.broadcast_to(np.float32(confidence), (count, width))
    uv = CAMERA.project(np.nan_to_num(truth, nan=1.0)).astype(np.float32)
    points = truth if lifted is None else lifted
    return Moment(
        CAMERA, Detected(uv, sure, ids), Placed(truth, ids, rigs), Placed(points, ids, rigs)
    )


def figures(*moments: Moment, rig: Skeleton = RIG) -> dict[str, float]:
    accuracy = Accuracy([rig])
    accuracy.add(moments)
    return accuracy.mean()


def test_the_truth_itself_has_no_error() -> None:
    found = figures(moment(shape()))
    assert found["instances"] == 3
    for figure in ("in_place", "aligned", "aligned_seen", "root"):
        assert found[figure] == pytest.approx(0.0, abs=1e-6)
    assert found["flat_seen"] > 10
    assert found["flat_root"] > 10


def test_a_shift_is_an_error_of_the_root_alone() -> None:
    truth = shape()
    found = figures(moment(truth, truth + [0.03, 0.0, 0.04]))
    assert found["root"] == pytest.approx(50.0, abs=1e-6)
    assert found["in_place"] == pytest.approx(0.0, abs=1e-6)


def test_a_rotation_and_a_scale_count_in_place_but_not_aligned() -> None:
    truth = shape()
    turn = matrix_from_rotvec(np.array([[0.0, 0.5, 0.0]]))[0]
    found = figures(moment(truth, 1.3 * truth @ turn.T))
    assert found["aligned"] == pytest.approx(0.0, abs=1e-6)
    assert found["in_place"] > 20


def test_a_mirror_image_is_an_error() -> None:
    truth = shape()
    assert figures(moment(truth, truth * [1, 1, -1]))["aligned"] > 20


def test_root_is_the_rigs_own_or_the_middle() -> None:
    truth = shape()
    lifted = truth.copy()
    lifted[:, 0] += [0.1, 0, 0]
    assert figures(moment(truth, lifted))["root"] == pytest.approx(50.0)
    rootless = Skeleton(RIG.names, RIG.edges, nominal_size=1.0, name="rig")
    assert figures(moment(truth, lifted), rig=rootless)["root"] == pytest.approx(100 / 6)


def test_a_picture_parallel_shape_needs_no_depth() -> None:
    truth = shape(1)
    truth[..., 2] = 3.0
    truth[..., :2] -= truth[..., :2].mean(1, keepdims=True)
    rig = Skeleton(RIG.names, RIG.edges, nominal_size=float(size(truth, RIG)[0]), name="rig")
    found = figures(moment(truth), rig=rig)
    assert found["flat_seen"] == pytest.approx(0.0, abs=1.0)
    assert found["flat_root"] == pytest.approx(0.0, abs=10.0)


def test_unknown_points_and_strangers_do_not_count() -> None:
    truth = shape()
    lifted = truth.copy()
    truth[0, 5], lifted[1] = np.nan, np.nan
    confidence = np.full((3, 6), 0.9)
    confidence[2, 3:] = 0  # three detected keypoints: too few to judge a shape by
    found = figures(moment(truth, lifted, confidence))
    assert found["instances"] == 1
    assert found["in_place"] == pytest.approx(0.0, abs=1e-6)


def test_rigs_are_kept_apart_and_instances_found_by_id() -> None:
    small = Skeleton(["a", "b", "c", "d"], [(0, 1), (1, 2), (2, 3)], nominal_size=1.0, name="small")
    truth = shape(2)
    truth[1, 4:] = np.nan
    base = moment(truth)
    kinds = np.array([0, 1], np.int32)
    swapped = Placed(truth[::-1] + [0.0, 0.0, 0.1], base.truth.instance_id[::-1], kinds[::-1])
    uv, sure = base.detected.uv, np.full((2, 6), 0.9, np.float32)
    sure[1, 4:] = 0
    detected = Detected(uv, sure, base.detected.instance_id)
    accuracy = Accuracy([RIG, small])
    accuracy.add([Moment(CAMERA, detected, Placed(truth, base.truth.instance_id, kinds), swapped)])
    assert [accuracy.mean(name)["instances"] for name in ("rig", "small")] == [1, 1]
    assert accuracy.mean()["root"] == pytest.approx(100.0)


def test_watch_counts_and_compares_as_the_node_would() -> None:
    watch = Watch([RIG], min_confidence=0.5, min_keypoints=4)
    sure, unsure = moment(shape()), moment(shape(), confidence=0.4)
    for stamp, one in ((1, sure), (2, unsure)):
        watch.camera(stamp, CAMERA)
        watch.truth(stamp, one.truth)
        watch.lifted(stamp, one.lifted)
        watch.detected(stamp, one.detected)
    watch.markers(1, answer(1, SHOWN))
    watch.markers(2, answer(2, CLEARED))
    assert watch.ledger.tally() == Tally(played=2, answered=2, cleared=1)
    assert watch.compare().mean()["instances"] == 3


def judged(played: int, answered: int, expected: int | None = None) -> Summary:
    tally = Tally(played=played, answered=answered, missing=played - answered)
    return Summary(tally, expected, 1.0, (1.0, 2.0), {"dropped": "3", "dropped_busy": "3"}, {})


@pytest.mark.parametrize(
    ("played", "answered", "expected", "enough"),
    [
        (100, 95, None, True),
        (100, 94, None, False),
        (0, 0, None, False),
        (90, 90, 100, False),  # the monitor never heard of ten rows of the recording
        (99, 98, 100, True),
    ],
)
def test_enough_frames(played: int, answered: int, expected: int | None, enough: bool) -> None:
    assert judged(played, answered, expected).enough == enough


def test_summary_names_causes_and_is_plain_json() -> None:
    accuracy = Accuracy([RIG])
    accuracy.add([moment(shape())])
    status = {"dropped": "3", "dropped_busy": "3", "engine": "e", "engine_reason": "because"}
    found = summarize(Ledger(), accuracy, status, expected=None, seconds=1.0)
    assert found.dropped == {"busy": 3}
    text = summary_text(found)
    assert "busy 3" in text
    assert "engine    e; model ?" in text
    assert set(found.errors) == {"rig", "all"}
    read = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert read["latency_ms"] == {"p50": None, "p95": None}
    assert set(FIGURES) < set(read["errors"]["all"])


def test_status_line_has_everything() -> None:
    ledger, accuracy = Ledger(), Accuracy([RIG])
    accuracy.add([moment(shape())])
    for number in range(31):
        ledger.frame(number, 1, number / 30)
        ledger.markers(number, answer(number, after_ms=4.0), number / 30)
    shown = status_line(1.0, 1.0, ledger, accuracy, {"engine": "ort", "engine_reason": "why"})
    for part in ("in 30.0 out 30.0 Hz", "p50 4.0 p95 4.0 ms", "error 0 mm", "| ort"):
        assert part in shown


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_status_line_is_rewritten_on_a_terminal_and_never_wraps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    line = StatusLine(stream)
    line.show("x" * 50)
    line.show("second")
    line.say("done")
    assert stream.getvalue() == f"\r\x1b[K{'x' * 19}\r\x1b[Ksecond\ndone\n"


def test_status_lines_follow_each_other_in_a_pipe() -> None:
    stream = io.StringIO()
    line = StatusLine(stream)
    line.show("first")
    line.show("second")
    assert stream.getvalue() == "first\nsecond\n"

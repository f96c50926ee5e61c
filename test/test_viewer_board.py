"""The viewer without a browser: what is shown when, and what is said about it."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from viewer_scene import AHEAD, FIGURE, MATRIX, RIG, points2d, points3d

pytest.importorskip("PIL", reason="the viewer's dependencies are not installed (extra viz)")

from lfm_ros.viewer.address import AddressError, check_free, url
from lfm_ros.viewer.board import Board
from lfm_ros.viewer.feed import STALE_AFTER, Feed
from lfm_ros.viewer.history import History
from lfm_ros.viewer.shown_error import frame_error
from lfm_ros.viewer.status import Freshness, status_html

pytestmark = pytest.mark.unit


def test_history_forgets_the_oldest_and_survives_stamps_that_go_back():
    history = History[str](depth=2)
    assert history.latest is None
    for stamp, value in ((5, "a"), (6, "b"), (1, "c")):
        history.put(stamp, value)
    assert history.at(5) is None
    assert history.at(6) == "b"
    assert history.latest == (1, "c")


class Clock:
    """Time that a test turns on."""

    now = 100.0

    def __call__(self):
        return self.now


def filled_board(clock):
    board = Board(clock)
    board.put_rigs([RIG])
    board.put_camera((MATRIX, (1280, 720)))
    board.put_truth(1, points3d(0.1))
    board.put_detected(1, points2d())
    board.put_pose("lfm_0", 1, (0, 0, 4), (0, 0, 0, 1))
    board.put_lifted(1, points3d())
    return board


def test_the_board_shows_what_belongs_to_one_stamp():
    board = filled_board(Clock())
    board.put_truth(2, points3d(9.0))
    board.put_detected(2, points2d(ids=(7,)))
    frame = board.compose()
    assert frame.truth.xyz[0, 1, 0] == pytest.approx(AHEAD[0, 0] + FIGURE[1, 0] + 0.1)
    assert frame.detected.instance_id.tolist() == [0, 1, 2]
    assert frame.axes.names == ("lfm_0",)
    assert frame.edges_of(0) == RIG.edges


def test_detections_are_shown_alone_once_the_lifter_is_silent():
    clock = Clock()
    board = filled_board(clock)
    clock.now += 2.0
    board.put_detected(5, points2d(ids=(7,)))
    frame = board.compose()
    assert frame.lifted is None
    assert frame.truth is None
    assert frame.detected.instance_id.tolist() == [7]


def test_frames_are_those_of_the_stamp_or_the_last_until_tf_comes():
    board = filled_board(Clock())
    board.put_lifted(2, points3d())
    assert board.compose().axes.names == ("lfm_0",)
    board.put_pose("lfm_1", 2, (0, 0, 4), (0, 0, 0, 1))
    board.put_pose("lfm_2", 2, (0, 0, 5), (0, 0, 0, 1))
    axes = board.compose().axes
    assert axes.names == ("lfm_1", "lfm_2")
    assert axes.position[:, 2].tolist() == [4, 5]


def test_frames_that_tf_no_longer_renews_vanish():
    board = filled_board(Clock())
    board.put_lifted(10**9, points3d())
    assert board.compose().axes.names == ()


def test_the_status_is_the_nodes_own_while_it_is_fresh():
    clock = Clock()
    board = filled_board(clock)
    board.put_status({"rate_in_hz": "30.0", "engine": "onnxruntime"})
    assert board.status()["engine"] == "onnxruntime"
    for step in range(20):
        clock.now = 110.0 + step / 10
        board.put_detected(step, points2d())
    assert board.status() == {"rate_in_hz": "10.0", "rate_out_hz": "0.0"}


def test_the_error_is_measured_once_a_frame_in_place_and_in_shape():
    board = filled_board(Clock())
    board.compose()
    board.compose()
    status = board.status()
    assert float(status["error_mm"]) == pytest.approx(100, abs=0.1)
    assert float(status["error_aligned_mm"]) == pytest.approx(0, abs=0.1)


def test_the_error_compares_instances_by_their_id():
    lifted, truth = points3d(ids=(0, 1, 2)), points3d(ids=(2, 9))
    expected = 1000 * np.linalg.norm(AHEAD[2] - AHEAD[0])
    assert frame_error(lifted, truth)[0] == pytest.approx(expected, rel=1e-4)
    assert frame_error(lifted, points3d(ids=(8, 9))) is None


class Watched:
    """Stands where the page is and notes what it is told."""

    watched = True

    def __init__(self):
        self.shown, self.muted = [], []

    def show(self, frame, status):
        self.shown.append(frame)

    def mute(self, status, age_s):
        self.muted.append(age_s)


def test_the_feed_draws_only_what_is_new_and_only_for_somebody():
    clock, page = Clock(), Watched()
    board = filled_board(clock)
    feed = Feed(board, page, pytest.fail)
    page.watched = False
    feed.step()
    assert not page.shown
    page.watched = True
    feed.step()
    feed.step()
    assert len(page.shown) == 1
    board.put_lifted(2, points3d())
    feed.step()
    assert len(page.shown) == 2
    assert not page.muted


def test_the_feed_greys_the_page_when_nothing_arrives():
    clock, page = Clock(), Watched()
    feed = Feed(Board(clock), page, pytest.fail)
    feed.step()
    assert page.muted == [None]
    feed = Feed(filled_board(clock), page, pytest.fail)
    clock.now += STALE_AFTER + 0.5
    feed.step()
    assert page.muted[-1] == pytest.approx(STALE_AFTER + 0.5)
    assert len(page.shown) == 1


def test_the_status_says_how_old_the_data_is_and_escapes_what_it_was_told():
    status = {"engine": "<script>alert(1)</script>", "model": "a & b", "rate_in_hz": "x"}
    text = status_html(status, Freshness.STALE, age_s=3.4)
    assert "no data for 3 s" in text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "a &amp; b" in text
    assert "x Hz in, – Hz out" in text


def test_a_busy_port_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AddressError, match=rf"127\.0\.0\.1 port {port}.*choose another"):
            check_free("127.0.0.1", port)
    check_free("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 0), ("192.0.2.1", 8080)])
def test_an_address_that_cannot_be_is_refused(host, port):
    with pytest.raises(AddressError):
        check_free(host, port)


def test_the_url_is_one_that_a_browser_can_open():
    assert url("127.0.0.1", 8080) == "http://127.0.0.1:8080"
    assert url("0.0.0.0", 8080) == "http://127.0.0.1:8080"
    assert url("::1", 8080) == "http://[::1]:8080"

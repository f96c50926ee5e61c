"""The rate that node, demo and viewer show."""

from __future__ import annotations

import time

import pytest

from lfm_ros.core.timing import RATE_SECONDS, Stopwatch, rate


def test_a_steady_rate_is_found_at_once_and_gone_when_it_stops():
    times = [0.1 * i for i in range(50)]
    assert rate(times[:2], 0.1) == pytest.approx(10)
    assert rate(times, times[-1]) == pytest.approx(10)
    assert rate(times, times[-1] + 0.9 * RATE_SECONDS) == pytest.approx(10)
    assert rate(times, times[-1] + 1.1 * RATE_SECONDS) == 0


def test_older_events_do_not_count():
    assert rate([0.0, 0.1, 0.2, 9.0, 10.0], 10.0) == pytest.approx(1)


@pytest.mark.parametrize("times", [[], [1.0]])
def test_one_event_is_no_rate(times):
    assert rate(times, 1.0) == 0


def test_events_of_one_moment_are_finite():
    assert rate([1.0, 1.0], 1.0) < float("inf")


def test_a_stopwatch_takes_one_step_after_the_other():
    watch = Stopwatch()
    watch.lap("first")
    time.sleep(0.01)
    watch.lap("second")
    assert list(watch.seconds) == ["first", "second"]
    assert watch.seconds["second"] >= 0.01
    assert watch.total >= sum(watch.seconds.values())

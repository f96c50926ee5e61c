"""The page in a real browser: what it draws, what its switches do, whom it asks for anything."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest
from viewer_browser import Tab, chromium, free_port, needs_chromium, share_of_hue, until
from viewer_scene import view_frame

from lfm_ros.core.palette import instance_color
from lfm_ros.viewer.page import Page

pytestmark = needs_chromium

STATUS = {"state": "active", "engine": "onnxruntime", "rate_in_hz": "30.0"}
# Shares of the picture: what a skeleton covers is more, what flickers from shot to shot is less.
DRAWN = 2e-4
NOISE = 5e-5
# Seconds: viser's page draws itself anew at least once a second, and what it draws late (labels
# on a slow computer) is there by then.
HEARTBEAT = 1.2


def changed(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the pixels that are not what they were."""
    return float((np.abs(before - after).max(-1) > 0.06).mean())


def settled(tab: Tab) -> np.ndarray:
    """A picture of the scene that stays as it is."""
    last = [tab.scene()]

    def still() -> bool:
        time.sleep(HEARTBEAT)
        last.append(tab.scene())
        return changed(last[-2], last[-1]) < NOISE

    until(still, "a picture that stays as it is")
    return last[-1]


@contextmanager
def served() -> Iterator[Page]:
    page = Page(port=free_port())
    try:
        yield page
    finally:
        page.close()


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with served() as page:
        yield page


@pytest.fixture(scope="module")
def tab(browser, page: Page) -> Iterator[Tab]:
    tab = Tab(browser, page.url)
    tab.dismiss_notice()
    until(lambda: page.watched, "the browser to connect")
    yield tab
    tab.close()


@pytest.fixture
def drawn(tab: Tab, page: Page) -> np.ndarray:
    """A picture of the whole scene but the root frames, whose axes have colours of their own."""
    page.show(dataclasses.replace(view_frame(), axes=None), STATUS)
    until(lambda: share_of_hue(tab.scene(), instance_color(0)) > DRAWN, "the first skeleton")
    return settled(tab)


def test_every_skeleton_is_drawn_in_its_color(drawn):
    for instance in (0, 1, 2):
        assert share_of_hue(drawn, instance_color(instance)) > DRAWN
    assert share_of_hue(drawn, instance_color(5)) < NOISE


def test_the_ghost_can_be_switched_off_and_on(tab, drawn):
    tab.press("Ground truth (ghost)")
    until(lambda: changed(drawn, tab.scene()) > DRAWN, "the ghost to go")
    without = settled(tab)
    for instance in (0, 1, 2):
        assert share_of_hue(without, instance_color(instance)) > DRAWN
    tab.press("Ground truth (ghost)")
    until(lambda: changed(drawn, tab.scene()) < DRAWN, "the ghost to come back")


@pytest.mark.parametrize("layer", ["Filled-in keypoints", "Labels"])
def test_layers_can_be_switched_off_and_on(tab, drawn, layer):
    tab.press(layer)
    until(lambda: changed(drawn, tab.scene()) > NOISE, f"{layer} to go")
    tab.press(layer)
    until(lambda: changed(drawn, tab.scene()) < NOISE, f"{layer} to come back")


def test_an_empty_frame_clears_the_scene(tab, page, drawn):
    empty = dataclasses.replace(view_frame(), lifted=None, truth=None, detected=None, axes=None)
    page.show(empty, STATUS)
    until(lambda: share_of_hue(tab.scene(), instance_color(0)) < NOISE, "the skeletons to go")


def test_the_panel_shows_the_status_and_the_detections(tab, page, drawn):
    until(lambda: "live" in tab.text() and "onnxruntime" in tab.text(), "the status")
    sizes = tab.locator("img").evaluate_all(
        "all => all.map(i => [i.naturalWidth, i.naturalHeight])"
    )
    assert [480, 270] in sizes


def test_old_data_turns_grey_and_says_so(tab, page, drawn):
    page.mute(STATUS, 3.0)
    until(lambda: share_of_hue(tab.scene(), instance_color(0)) < NOISE, "the colours to go")
    until(lambda: "no data for 3 s" in tab.text(), "the words")
    assert changed(drawn, tab.scene()) > DRAWN


def test_a_browser_that_comes_later_sees_the_same(browser, page, drawn):
    late = Tab(browser, page.url)
    until(lambda: share_of_hue(late.scene(), instance_color(0)) > DRAWN, "the first skeleton")
    late.close()


def test_nobody_but_this_machine_is_asked_for_anything(tab, drawn):
    addresses = [urlsplit(asked) for asked in tab.asked]
    hosts = {parts.hostname for parts in addresses if parts.scheme not in ("data", "blob")}
    assert hosts == {"127.0.0.1"}
    assert any(parts.scheme == "ws" for parts in addresses)

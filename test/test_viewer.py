"""The page in a real browser: what it draws, what its switches do, whom it asks for anything."""

from __future__ import annotations

import colorsys
import dataclasses
import io
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest
from viewer_scene import view_frame

pytest.importorskip("viser", reason="viser is not installed (extra viz)")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed (extra dev)"
)

from PIL import Image  # noqa: E402  (comes with viser)

from lfm_ros.core.palette import instance_color  # noqa: E402
from lfm_ros.viewer.page import Page  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"none of {BROWSERS} is installed")

# WebGL in software, and nothing that a fresh Chromium likes to ask the internet.
FLAGS = [
    *("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--ignore-gpu-blocklist"),
    *("--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
WINDOW = {"width": 900, "height": 620}
SCENE_WIDTH = 560
"""Columns left of viser's panel."""
PATIENCE = 40.0
STATUS = {"state": "active", "engine": "onnxruntime", "rate_in_hz": "30.0"}
# Shares of the picture: what a skeleton covers is more, what flickers from shot to shot is less.
DRAWN = 2e-4
NOISE = 5e-5


class Tab:
    """A tab of the browser on one page, and everything it asked for."""

    def __init__(self, browser: playwright.Browser, address: str) -> None:
        self.asked: list[str] = []
        self._tab = browser.new_page(viewport=WINDOW)
        self._tab.on("request", lambda request: self.asked.append(request.url))
        self._tab.on("websocket", lambda opened: self.asked.append(opened.url))
        self._tab.goto(address)
        self.locator = self._tab.locator

    def scene(self) -> np.ndarray:
        """The 3D part of the window, (H, W, 3) in [0, 1]."""
        shot = Image.open(io.BytesIO(self._tab.screenshot(timeout=1000 * PATIENCE)))
        return np.asarray(shot.convert("RGB"), float)[:, :SCENE_WIDTH] / 255

    def text(self) -> str:
        return self._tab.inner_text("body")

    def press(self, label: str) -> None:
        """The checkbox or button with exactly this label."""
        self._tab.get_by_label(label, exact=True).first.click(timeout=1000 * PATIENCE)

    def dismiss_notice(self) -> None:
        """Close the notice that WebGL runs in software: it would vanish in the middle of a test."""
        self._tab.get_by_text("Software WebGL").wait_for(timeout=1000 * PATIENCE)
        self._tab.locator("[class*=Notification-closeButton]").first.click()

    def close(self) -> None:
        self._tab.close()


def until(found: Callable[[], bool], what: str) -> None:
    """Wait for something that the browser does in its own time."""
    deadline = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < deadline, f"waited {PATIENCE:g} s in vain for {what}"
        time.sleep(0.2)


def share_of_hue(picture: np.ndarray, color: np.ndarray) -> float:
    """Share of the pixels that have a colour's hue: light changes the rest of it."""
    hue = 6 * colorsys.rgb_to_hsv(*color.tolist())[0]
    high, low = picture.max(-1), picture.min(-1)
    spread = np.maximum(high - low, 1e-6)
    red, green, blue = np.moveaxis(picture, -1, 0)
    found = np.select(
        [high == red, high == green],
        [((green - blue) / spread) % 6, (blue - red) / spread + 2],
        (red - green) / spread + 4,
    )
    near = np.abs((found - hue + 3) % 6 - 3) < 0.25
    return float((near & (spread > 0.35 * high) & (high > 0.25)).mean())


def changed(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the pixels that are not what they were."""
    return float((np.abs(before - after).max(-1) > 0.06).mean())


def settled(tab: Tab) -> np.ndarray:
    """A picture of the scene that stays as it is."""
    last = [tab.scene()]

    def still() -> bool:
        time.sleep(0.3)
        last.append(tab.scene())
        return changed(last[-2], last[-1]) < NOISE

    until(still, "a picture that stays as it is")
    return last[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served() -> Iterator[Page]:
    page = Page(port=free_port())
    try:
        yield page
    finally:
        page.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with served() as page:
        yield page


@pytest.fixture(scope="module")
def tab(browser: playwright.Browser, page: Page) -> Iterator[Tab]:
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

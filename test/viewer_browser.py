"""A headless Chromium, and what can be asked of a page in it."""

from __future__ import annotations

import colorsys
import io
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("viser", reason="viser is not installed (extra viz)")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=f"none of {BROWSERS} is installed")

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


class Tab:
    """A tab of the browser on one page, and everything it asked for."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.asked: list[str] = []
        self._tab = browser.new_page(viewport=WINDOW)
        self._tab.on("request", lambda request: self.asked.append(request.url))
        self._tab.on("websocket", lambda opened: self.asked.append(opened.url))
        # viser would draw more coarsely while the computer is busy: no two pictures would compare.
        self._tab.goto(f"{address}/?fixedDpr=1")
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, closed at the end."""
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()

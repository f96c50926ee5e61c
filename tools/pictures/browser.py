"""The viewer's page in a headless browser, photographed when it stands still."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageChops
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# WebGL in software, so that the pictures are the same on every computer.
FLAGS = [
    *("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--ignore-gpu-blocklist"),
    *("--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
PATIENCE = 60.0
"""Seconds for one picture: drawing in software shares the computer with others."""


class Photographer:
    """Takes one picture of every moment that the page shows.

    Args:
        tab: Of the browser.
        address: Of the page.
        zoom: How far the mouse's wheel is turned before the first picture, in pixels.
    """

    def __init__(self, tab: Tab, address: str, zoom: int = 0) -> None:
        self._tab = tab
        self._zoom = zoom
        self._last: Image.Image | None = None
        # Without this viser draws more coarsely while the computer is busy.
        tab.goto(f"{address}/?fixedDpr=1")
        # What turns or fades never stands still.
        tab.add_style_tag(content="* { animation: none !important; transition: none !important }")
        tab.get_by_text("Software WebGL").wait_for(timeout=1000 * PATIENCE)
        tab.locator("[class*=Notification-closeButton]").first.click()

    def picture(self) -> Image.Image:
        """The page, once it is another than at the last picture and has come to rest.

        Raises:
            TimeoutError: It does not change, or does not come to rest.
        """
        deadline = time.monotonic() + PATIENCE
        before = self._shot()
        if self._zoom:  # Only now: the page chooses its view when the first moment arrives.
            self._tab.mouse.move(8, 8)
            self._tab.mouse.wheel(0, -self._zoom)
            self._zoom = 0
        while time.monotonic() < deadline:
            now = self._shot()
            if _same(before, now) and not (self._last and _same(self._last, now)):
                self._last = now
                return now
            before = now
        raise TimeoutError(f"no new picture that stands still for {PATIENCE:g} s")

    def _shot(self) -> Image.Image:
        data = self._tab.screenshot(timeout=1000 * PATIENCE)
        return Image.open(io.BytesIO(data)).convert("RGB")


@contextmanager
def photographer(address: str, size: tuple[int, int], zoom: int) -> Iterator[Photographer]:
    """A browser with the page in a window of ``size`` pixels, closed at the end.

    Raises:
        FileNotFoundError: There is no browser.
    """
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        raise FileNotFoundError(f"none of {BROWSERS} is installed; install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = browser.new_page(viewport={"width": size[0], "height": size[1]})
        yield Photographer(tab, address, zoom)
        browser.close()


def _same(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is None

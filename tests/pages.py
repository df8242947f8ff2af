"""Pages in headless Chromium: opened, watched, measured, and kept as pictures."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

SCREENSHOTS = Path(__file__).resolve().parents[1] / "build" / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = (1280, 400)
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

CHECKS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def executable() -> str:
    """The path of Chromium; without one the calling test is skipped, and fails in CI."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        message = f"none of {', '.join(NAMES)} is installed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium of the machine; nothing is downloaded for it."""
    path = executable()
    with sync_playwright() as playwright:
        # Root, as in containers, has no user namespace to build a sandbox in.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, what it asked for and what went wrong in it."""

    page: Page
    foreign: list[str] = field(default_factory=list)  # requests to elsewhere, which were refused
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def sound(self) -> None:
        """Nothing fetched from elsewhere, no error, all can be seen, read and named."""
        assert not self.foreign
        assert not self.errors
        for check in ("wide", "mute", "nameless", "faint"):
            assert (check, self.found(check)) == (check, [])

    def found(self, check: str) -> list[str]:
        """What a check of pages.js found."""
        listed: list[str] = self.page.evaluate(f"({CHECKS.strip()}).{check}()")
        return listed

    def keep(self, name: str, *, whole: bool = True) -> Path:
        """A picture in build/screenshots."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        size = self.page.viewport_size
        assert size is not None
        dark = self.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        path = SCREENSHOTS / f"{name}-{size['width']}-{'dark' if dark else 'light'}.png"
        self.page.screenshot(path=path, full_page=whole)
        assert path.stat().st_size > 10_000
        return path


def until(page: Page, condition: str) -> None:
    """Wait until an expression holds in a page whose policy forbids Playwright's own way to wait."""
    end = time.monotonic() + 30
    while not page.evaluate(f"Boolean({condition})"):
        assert time.monotonic() < end, f"not within 30 s: {condition}"
        page.wait_for_timeout(10)


@contextmanager
def opened(
    browser: Browser, address: str, width: int = 1280, theme: Theme = "light", **more: Any
) -> Iterator[Watched]:
    """The page of an address; requests to any other server are refused and kept.

    Args:
        browser: of `chromium`.
        address: `file://` of one page, or the address of a server on this machine.
        width: of the window.
        theme: what the user's system prefers.
        more: for the browser's context.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, **more
    )
    context.set_default_timeout(30_000)
    watched = Watched(context.new_page())

    def judge(route: Route) -> None:
        url = route.request.url
        watched.asked.append(url)
        own = url == address if address.startswith("file:") else url.startswith(address)
        if own:
            route.continue_()
        else:
            watched.foreign.append(url)
            route.abort()

    context.route("**/*", judge)
    watched.page.on(
        "console",
        lambda said: (
            watched.errors.append(said.text) if said.type in ("error", "warning") else None
        ),
    )
    watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
    watched.page.goto(address)
    yield watched
    context.close()

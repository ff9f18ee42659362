"""A real headless Chromium for the tests of pages."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
)

CURE = "expected Chromium and Playwright: apt-get install chromium, or name it in CHROMIUM, and pip install playwright"


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser; where there is none the tests are skipped, and in CI they fail."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(CURE)
        pytest.skip(CURE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield browser
        browser.close()


class Page:
    """A page in a context of its own that is offline, and all that went wrong on it."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.context = browser.new_context(offline=True, reduced_motion="reduce", **options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", self._dismiss)

    def _dismiss(self, dialog: Any) -> None:
        self.errors.append(dialog.message)
        dialog.dismiss()

    def show(self, path: Path) -> Any:
        """Open a file, and return the page."""
        self.requests.clear()
        self.page.goto(path.as_uri())
        return self.page

    def check(self) -> None:
        """Assert that the file was the only request, and that nothing went wrong."""
        assert self.errors == [], self.errors
        assert len(self.requests) == 1, self.requests

    def close(self) -> None:
        """Close the page."""
        self.context.close()

"""A real headless Chromium on a dashboard that is served as `make run` serves it.

Every page that the walk visits is watched: a console error, a request to another origin, a failed request, or a page
without exactly one h1 fails the test.
"""

import json
import os
import re
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from dashboard.settings import Settings, to_environment
from tests.chromium import launch
from tests.server import free_port
from tests.worker import APP, wait_until

PATIENCE = 300_000  # milliseconds; the limit only turns a hang into a failure, and is no measure of speed
expect.set_options(timeout=PATIENCE)


class Walk:
    """One tab, what it complained about, and the pages that it saw."""

    def __init__(self, page, address, screenshots):
        self.page, self.address, self.screenshots = page, address, screenshots
        self.complaints = []
        self.visited = set()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("request", self._on_request)
        page.on("requestfailed", self._on_failure)
        page.on("framenavigated", lambda frame: self.visited.add(frame.url))

    def go(self, path):
        self.page.goto(self.address + path)

    def expect_refusal(self, path, status):
        """Strike out Chromium's line about an answer that a step provokes on purpose; raises if there is none."""
        line = next(
            text for text in self.complaints if f"status of {status}" in text and f"{self.address}{path}'" in text
        )
        self.complaints.remove(line)

    def shot(self, name):
        if self.screenshots:
            self.page.screenshot(path=self.screenshots / f"{name}.png")

    def _on_console(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text} {message.location}")

    def _on_request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:", "about:")):
            self.complaints.append(f"foreign request: {request.url}")

    def _on_failure(self, request):
        # A download takes over its navigation, and leaving a page drops what it was still fetching.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed request: {request.url} {request.failure}")

    def headings(self):
        """Return the number of h1 of every page that was visited, as the server sends it again: no script makes any."""
        visited = sorted(url for url in self.visited if url.startswith(self.address))
        return {url: len(re.findall(r"<h1[\s>]", self.page.context.request.get(url).text())) for url in visited}

    def check(self):
        assert self.complaints == []
        headings = self.headings()
        assert headings
        assert set(headings.values()) == {1}, headings


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright, launch(playwright, lean=True) as browser:
        yield browser


def is_healthy(address):
    """Return whether a dashboard answers and can be used."""
    try:
        with urllib.request.urlopen(f"{address}/healthy", timeout=60) as answer:
            return json.load(answer)["ok"]
    except OSError:
        return False


@contextmanager
def serving(settings):
    """Serve a dashboard, and give its address once it answers."""
    process = subprocess.Popen([sys.executable, str(APP)], env=os.environ | to_environment(settings))
    address = f"http://127.0.0.1:{settings.port}"
    wait_until(lambda: is_healthy(address) or process.poll() is not None, "the dashboard to answer")
    assert process.poll() is None, "the dashboard did not start"
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
def address(tmp_path):
    """Serve a new, empty dashboard and return its address."""
    with serving(Settings(home=str(tmp_path / "home"), port=free_port())) as address:
        yield address


@pytest.fixture(params=["light", "dark"])
def theme(request):
    return request.param


@pytest.fixture
def walk(chromium, address, theme):
    """Return a walk through the dashboard; at the end of the test, what the browser complained about is checked."""
    context = chromium.new_context(color_scheme=theme, viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    folder = os.environ.get("SCREENSHOTS")
    screenshots = Path(folder) / theme if folder else None
    if screenshots:
        screenshots.mkdir(parents=True, exist_ok=True)
    found = Walk(context.new_page(), address, screenshots)
    yield found
    found.check()
    context.close()


def drag_over_steps(page, tensor, first, last):
    """Press once on the change map: from the step after version `first` to the one that made version `last`."""
    ends = [
        page.get_by_role("link", name=re.compile(rf"^v{number - 1} → v{number}, {re.escape(tensor)}:")).bounding_box()
        for number in (first + 1, last)
    ]
    (from_x, from_y), (to_x, to_y) = ((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in ends)
    page.mouse.move(from_x, from_y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=5)
    page.mouse.up()

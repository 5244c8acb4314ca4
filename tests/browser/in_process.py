"""All page types in a real browser: what a tab asks for is answered by Flask's test client in this process.

The app with everything is at one host, the empty one at another. What is sent (POST) may be held back, so that a walk
over all buttons changes nothing.
"""

from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Error

from tests.browser.conftest import PATIENCE
from tests.page_home import home_with_all, showing
from tests.page_types import EMPTY, PAGE_TYPES, REFUSED

FULL_HOST, EMPTY_HOST = "localhost", "127.0.0.1"
OF_THE_CONNECTION = {"connection", "content-length", "transfer-encoding"}


class Page(NamedTuple):
    """A page type at its host, and the status that it answers with."""

    name: str
    host: str
    address: str
    status: int = 200


class Answered(NamedTuple):
    """A request, and the status of its answer; None for one that was held back."""

    method: str
    path: str
    status: int | None


class InProcess:
    """A tab whose requests are answered in this process; `answered` tells all of them, in their order."""

    def __init__(self, context, apps, pages):
        self.tab, self.apps, self.pages = context.new_page(), apps, pages
        self.clients = {host: app.test_client() for host, app in apps.items()}
        self.answered = []
        self.without_plotly = self.holds_back = False
        context.route("**/*", self._answer)

    def go(self, page):
        """Open a page, which must answer as its type says."""
        answer = self._goto(f"http://{page.host}{page.address}")
        assert answer.status == page.status, f"{page.name}: {page.address} answers {answer.status}"

    def _goto(self, address):
        """Open an address; what was just sent by a form, and is held back, aborts the first attempts."""
        for _ in range(9):
            try:
                return self.tab.goto(address)
            except Error as error:
                if "ERR_ABORTED" not in str(error):
                    raise
        return self.tab.goto(address)

    def _answer(self, route):
        request = route.request
        parts = urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        if self.without_plotly and path.startswith("/static/plotly"):
            return route.abort()
        if request.method != "GET" and self.holds_back:
            self.answered.append(Answered(request.method, path, None))
            return route.fulfill(status=204)
        sent = {"method": request.method, "headers": request.headers, "data": request.post_data_buffer}
        answer = self.clients[parts.netloc].open(path, follow_redirects=True, buffered=True, **sent)
        self.answered.append(Answered(request.method, path, answer.status_code))
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in OF_THE_CONNECTION}
        return route.fulfill(status=answer.status_code, headers=headers, body=answer.data)


@contextmanager
def in_process(chromium, tmp_path_factory):
    """Give a tab on the home with everything and on an empty one; what is queued there is not carried out."""
    home, addresses = home_with_all(tmp_path_factory)
    pages = [Page(page.name, FULL_HOST, addresses[page.name]) for page in PAGE_TYPES]
    pages += [Page(name, FULL_HOST, address, status) for name, status, address in REFUSED]
    pages += [Page(f"empty {name}", EMPTY_HOST, address) for name, address in EMPTY.items()]
    with showing(home) as full, showing(tmp_path_factory.mktemp("empty") / "home") as empty:
        context = chromium.new_context(
            color_scheme="light", reduced_motion="reduce", viewport={"width": 1440, "height": 900}
        )
        context.set_default_timeout(PATIENCE)
        try:
            yield InProcess(context, {FULL_HOST: full, EMPTY_HOST: empty}, pages)
        finally:
            context.close()

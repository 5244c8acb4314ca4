"""`make pictures`: every page type as a picture, light, dark, narrow and of an empty home, to look at.

They are in `screenshots/`, side by side in its `index.html`. Names after `python -m tests.pictures` choose page types;
the home that they show stays in `screenshots/home` until somebody removes it, or a page type is missing in it.
"""

import html
import os
import shutil
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.chromium import launch
from tests.once import train_demo
from tests.page_home import addresses, fill, showing
from tests.page_types import EMPTY, REFUSED

PATIENCE = 600_000  # milliseconds; it only turns a hang into a failure
FOLDER = Path(os.environ.get("SCREENSHOTS", Path(__file__).parents[1] / "screenshots"))


class Look(NamedTuple):
    """A way to look at pages: the folder of its pictures, the theme, and the width of the window."""

    name: str
    theme: str
    width: int


LOOKS = [Look("light", "light", 1440), Look("dark", "dark", 1440), Look("narrow", "light", 390)]
LOOK_AT_EMPTY = Look("empty", "light", 1440)


def main(names):
    """Make the pictures of these page types, or of all."""
    FOLDER.mkdir(exist_ok=True)
    home = whole_home()
    pages = addresses(home) | {name: address for name, _, address in REFUSED}
    chosen = {name: address for name, address in pages.items() if name in names or not names}
    with sync_playwright() as playwright, launch(playwright) as browser:
        with served(home) as origin:
            for look in LOOKS:
                take(browser, origin, look, chosen)
        with tempfile.TemporaryDirectory() as empty, served(Path(empty)) as origin:
            take(browser, origin, LOOK_AT_EMPTY, {name: place for name, place in EMPTY.items() if name in chosen})
    write_index(list(pages))
    print(f"Look at {FOLDER / 'index.html'}")


def whole_home():
    """Return the home that has all pages; it is made if there is none, or one without what a page needs."""
    home = FOLDER / "home"
    with suppress(FileNotFoundError, KeyError):
        addresses(home)
        return home
    print("Making a home with every page (once, about half a minute)")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    train_demo(home)
    fill(home)
    return home


class Quiet(WSGIRequestHandler):
    """Answers without a line for each request."""

    def log_request(self, code="-", size="-"):
        pass


@contextmanager
def served(home):
    """Serve a home from this process, and give its address."""
    with showing(home) as app:
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def take(browser, origin, look, pages):
    """Take a picture of each page, and say what the browser complains about and which page is too wide."""
    (FOLDER / look.name).mkdir(exist_ok=True)
    context = browser.new_context(color_scheme=look.theme, viewport={"width": look.width, "height": 900})
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    tab.on("pageerror", lambda error: print(f"  script: {error}"))
    for name, address in pages.items():
        print(f"{look.name}: {name}", flush=True)
        tab.goto(origin + address, wait_until="networkidle")
        show_all(tab)
        tab.screenshot(path=FOLDER / look.name / f"{name}.png", full_page=True)
        over = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over:
            print(f"  {name} is {over} px wider than the window")
    context.close()


def show_all(tab):
    """Make the window as high as the page, so that all that waits to be seen is drawn, and wait for it."""
    size = tab.viewport_size
    height = tab.evaluate("document.documentElement.scrollHeight")
    tab.set_viewport_size(size | {"height": max(height, size["height"])})
    tab.wait_for_load_state("networkidle")
    tab.locator(".chart[data-figure-url] > .chart-note > a").first.wait_for(state="detached")
    tab.set_viewport_size(size)


def write_index(names):
    """Write the page with all pictures: a row for each page type, a column for each look."""
    looks = [look.name for look in (*LOOKS, LOOK_AT_EMPTY)]
    rows = "\n".join(
        f"<tr><th>{html.escape(name)}</th>{''.join(cell(look, name) for look in looks)}</tr>" for name in names
    )
    heads = "".join(f"<th>{look}</th>" for look in looks)
    style = "body{font:14px system-ui} td{vertical-align:top} img{width:320px;border:1px solid} th{text-align:left}"
    text = (
        f"<!doctype html><title>Pictures</title><style>{style}</style><table><tr><th></th>{heads}</tr>\n{rows}</table>"
    )
    (FOLDER / "index.html").write_text(text)


def cell(look, name):
    """Return the cell of a picture, empty if there is none."""
    file = f"{look}/{name}.png"
    return (
        f'<td><a href="{file}"><img loading=lazy src="{file}" alt="{name}, {look}"></a></td>'
        if (FOLDER / file).exists()
        else "<td></td>"
    )


if __name__ == "__main__":
    main(sys.argv[1:])

"""All that can be clicked does something, and nothing looks as if it could be clicked that does not.

What would be sent to the server (POST) is held back, so that a walk changes nothing; it has to be something that a view
answers. What those do is in the tests of the nouns.
"""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error
from werkzeug.exceptions import HTTPException

from tests.browser.in_process import in_process

pytestmark = pytest.mark.browser

WALK = Path(__file__).with_name("page_walk.js").read_text()


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.soak)], ids=["one of a kind", "every single one"])
def walk(request, chromium, tmp_path_factory):
    with in_process(chromium, tmp_path_factory) as inside:
        inside.every_one = request.param
        inside.holds_back = True
        inside.tab.add_init_script(WALK)
        yield inside


def test_all_that_can_be_clicked_does_something(walk):
    dead, clicked, shapes = [], set(), Counter()
    for page in walk.pages:
        walk.go(page)
        elements = walk.tab.evaluate("walk.elements()")
        dead += [f"{page.name}: a field that is never sent: {e['html']}" for e in elements if is_lost(e)]
        dead += [f"{page.name}: only looks clickable: {one}" for one in walk.tab.evaluate("walk.deadHovers()")]
        dead += [f"{page.name}: {one}" for one in broken_links(walk, page, elements, shapes)]
        for element in elements:
            kind = (page.name, element["index"]) if walk.every_one else element["kind"]
            if needs_a_click(element) and kind not in clicked:
                clicked.add(kind)
                dead += [f"{page.name}: {one}" for one in click(walk, page, element)]
    assert not dead, "\n".join(dead)
    assert len(clicked) > 60


def is_lost(element):
    """Return whether nobody gets what is put into a field."""
    return element["isField"] and not element["isSent"] and not element["isOff"]


def needs_a_click(element):
    """Return whether only a click tells what an element does: not a link, which a browser follows, and no field."""
    return not element["isOff"] and not element["isField"] and (element["isScripted"] or not element["href"])


def broken_links(walk, page, elements, shapes):
    """Yield the links that lead to no answer; of those that differ in numbers or values only, one is followed."""
    for element in elements:
        parts = urlsplit(element["href"])
        if not element["href"] or 'href="#' in element["html"]:
            continue
        if parts.netloc not in walk.clients:
            yield f"a link to another machine: {element['html']}"
            continue
        path = re.sub(r"\d+", "0", parts.path)
        path = path.rpartition(".")[0] if "/api/" in path else path  # one of the formats of a file is enough
        shape = (parts.netloc, path, *sorted(re.findall(r"(?:^|&)(\w+)=", parts.query)))
        shapes[shape] += 1
        if shapes[shape] <= (20 if walk.every_one else 1):
            status = walk.clients[parts.netloc].get(f"{parts.path}?{parts.query}", buffered=True).status_code
            if status >= 400:
                yield f"{status} for {element['html']}"


def click(walk, page, element):
    """Click an element; yield what is wrong with what follows. The page is loaded anew if anything has changed."""
    tab, address = walk.tab, walk.tab.url
    tab.evaluate("(index) => walk.mark(index)", element["index"])
    marked = tab.locator("[data-walked]")
    marked.scroll_into_view_if_needed()
    tab.evaluate("walk.begin()")
    before = len(walk.answered)
    try:
        if element["isDrawn"]:  # the middle of a line's box is not on the line
            marked.dispatch_event("click")
        else:
            marked.click(force=True)
        happened = tab.evaluate("walk.settle()")
    except Error as error:  # the page is gone: the click has led elsewhere
        if not re.search("context was destroyed|navigat", str(error)):
            raise
        happened = ["another page"]
    tab.wait_for_load_state()
    answers = walk.answered[before:]
    if not happened and not answers and tab.url == address:
        yield f"a click does nothing: {element['html']}"
    for one in answers:
        if not is_answered(walk, page, one):
            yield f"{one.status or one.method} for {one.path} after a click on {element['html']}"
    walk.go(page)


def is_answered(walk, page, answered):
    """Return whether a request was answered well, or, if it was held back, whether there is a view for it."""
    if answered.status is not None:
        return answered.status < 400
    try:
        walk.apps[page.host].url_map.bind("").match(answered.path.partition("?")[0], answered.method)
    except HTTPException:
        return False
    return True

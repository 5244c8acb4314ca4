"""Charts of a live page in a real browser: how often each is fetched, which answer is shown, and when Plotly comes.

Nothing is served: every address is answered here, so that a test decides what an answer is and when it comes.
"""

import json
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser

STATIC = Path(__file__).parent.parent.parent / "static"
HOME = "http://page.test"
PATIENCE = 300.0
PAGE = """<!doctype html><html lang="en"><head><title>live</title>
<script defer src="/static/theme.js"></script><script defer src="/static/poll.js"></script>
<script defer src="/static/charts.js" data-plotly="/plotly.js"></script>
<link rel="stylesheet" href="/static/weightbase.css"></head><body><main>
<div id="one" data-poll-url="/part/one"></div><div id="two" data-poll-url="/part/two"></div>
<figure><button data-touches="near">Interactive</button>
<div class="chart" id="near" data-figure-url="/near.figure" data-live>
<div class="drawing" data-drawn="first"></div></div></figure>
<form data-chart="near"><select name="setting" id="setting"><option>a</option><option>b</option></select></form>
<svg width="10" height="4000"></svg>
<div class="chart" id="far" data-figure-url="/far.figure" data-live><div class="drawing" data-drawn="first"></div></div>
</main></body></html>"""
PLOTLY = """window.Plotly = { react: async (chart, data) => {
  chart.dataset.drawn = data[0].name;
  chart.on = (name, listener) => { chart.onclick = () => listener({ points: [{ customdata: 7 }] }); };
} };"""


class Served:
    """What the page asked for, and what it is answered; `held` figures wait until they are let go."""

    def __init__(self, tab):
        self.tab, self.asked, self.held, self.is_holding = tab, [], [], False
        self.changes, self.mark = 0, "first"
        tab.route("**/*", self.answer)

    def answer(self, route):
        path = urlsplit(route.request.url).path
        self.asked.append(path)
        if path.startswith("/static/"):
            route.fulfill(path=STATIC / path.removeprefix("/static/"))
        elif path == "/plotly.js":
            route.fulfill(body=PLOTLY, content_type="text/javascript")
        elif path.startswith("/part/"):
            self.answer_part(route, path.removeprefix("/part/"))
        elif not path.endswith((".figure", ".drawing")):
            route.fulfill(body=PAGE, content_type="text/html")
        elif self.is_holding:
            self.held.append(route)
        else:
            self.answer_figure(route)

    def answer_part(self, route, name):
        if self.changes:
            self.changes -= 1
            route.fulfill(body=f'<div id="{name}" data-poll-url="/part/{name}"></div>', content_type="text/html")
        else:
            route.fulfill(status=204)

    def answer_figure(self, route):
        if route.request.headers.get("if-none-match") == self.mark:
            route.fulfill(status=304)
            return
        setting = re.sub(r".*setting=", "", route.request.url) if "setting=" in route.request.url else ""
        name = self.mark + setting
        if ".drawing" in route.request.url:
            body = f'<div class="drawing" data-drawn="{name}"></div>'
            route.fulfill(body=body, content_type="text/html", headers={"ETag": self.mark})
            return
        figure = {"data": [{"name": name}], "layout": {"meta": {"leads": "/trials/{}"}}}
        route.fulfill(body=json.dumps(figure), content_type="application/json", headers={"ETag": self.mark})

    def count(self, path):
        return self.asked.count(path)

    def until(self, said):
        """Wait until something is so, while the page is served."""
        end = time.monotonic() + PATIENCE
        while not said():
            assert time.monotonic() < end, self.asked
            self.tab.wait_for_timeout(20)

    def until_polled(self):
        """Wait until both parts were asked for twice more: what came of the last change has begun."""
        polls = self.count("/part/two")
        self.until(lambda: self.count("/part/two") >= polls + 2)

    def until_drawn(self, name, chart="near"):
        """Wait until a chart shows a figure, as the server draws it."""
        self.tab.wait_for_selector(f"#{chart} .drawing[data-drawn={name}]", state="attached")

    def touch(self):
        """Touch the near chart, and wait until Plotly has taken its place."""
        self.tab.evaluate("document.querySelector('[data-touches=near]').click()")
        self.tab.wait_for_selector("#near[data-drawn]", state="attached")


@pytest.fixture
def served(chromium):
    context = chromium.new_context(viewport={"width": 1000, "height": 600})
    found, faults = Served(context.new_page()), []
    found.tab.on("pageerror", lambda error: faults.append(str(error)))
    found.tab.goto(f"{HOME}/")
    found.until_drawn("first")
    yield found
    context.close()
    assert faults == []


def test_when_both_live_parts_change_each_chart_in_view_is_fetched_once(served):
    served.changes, served.mark = 2, "second"
    served.until_drawn("second")
    served.until_polled()
    assert (served.changes, served.count("/near.drawing")) == (0, 1)


def test_a_chart_that_was_not_yet_in_view_is_fetched_once_it_comes_there(served):
    served.changes, served.mark = 2, "second"
    served.until_drawn("second")
    assert served.count("/far.drawing") == 0
    served.tab.locator("#far").scroll_into_view_if_needed()
    served.until_drawn("second", "far")
    assert served.count("/far.drawing") == 1


def test_a_chart_that_left_the_view_is_fetched_again_once_it_is_back(served):
    served.tab.locator("#far").scroll_into_view_if_needed()
    served.tab.wait_for_selector("#far", state="visible")
    served.until_polled()
    served.changes, served.mark = 2, "second"
    served.until_polled()
    served.until_polled()
    assert served.count("/near.drawing") == 0
    served.tab.locator("#near").scroll_into_view_if_needed()
    served.until_drawn("second")


def test_of_a_slow_chart_one_answer_is_awaited_and_what_changed_meanwhile_is_fetched_after_it(served):
    served.is_holding, served.changes = True, 2
    served.until(lambda: served.held)
    served.changes = 4
    served.until(lambda: not served.changes)
    served.until_polled()
    assert len(served.held) == 1
    served.is_holding, served.mark = False, "second"
    served.answer_figure(served.held.pop())
    served.until_drawn("second")
    served.until_polled()
    assert served.count("/near.drawing") == 2


def test_an_older_answer_never_replaces_that_of_another_setting(served):
    served.is_holding, served.mark = True, "second"
    served.tab.select_option("#setting", "b")
    served.until(lambda: len(served.held) == 1)
    served.tab.select_option("#setting", "a")
    served.until(lambda: len(served.held) == 2)
    older, newer = served.held
    served.answer_figure(newer)
    served.until_drawn("seconda")
    served.answer_figure(older)
    served.until_polled()
    assert served.tab.locator("#near .drawing").get_attribute("data-drawn") == "seconda"


def test_plotly_is_fetched_once_a_chart_is_touched_and_not_before(served):
    served.until_polled()
    assert (served.count("/plotly.js"), served.count("/near.figure"), served.count("/near.drawing")) == (0, 0, 0)
    served.touch()
    assert served.tab.locator("#near .drawing").count() == 0
    served.changes, served.mark = 2, "second"
    served.tab.wait_for_selector("#near[data-drawn=second]", state="attached")
    assert (served.count("/plotly.js"), served.count("/near.figure"), served.count("/near.drawing")) == (1, 2, 0)
    assert served.tab.locator("[data-touches]").count() == 0


@pytest.mark.parametrize("act", ["hover", "focus"])
def test_a_chart_is_touched_by_pointer_and_by_keyboard(served, act):
    served.tab.evaluate("document.querySelector('#near .drawing').innerHTML = '<a href=\"/\">point</a>'")
    getattr(served.tab.locator("#near a"), act)()
    served.tab.wait_for_selector("#near[data-drawn=first]", state="attached")
    assert served.count("/plotly.js") == 1


def test_a_point_leads_to_what_it_stands_for(served):
    served.touch()
    served.tab.evaluate("document.getElementById('near').click()")
    served.tab.wait_for_url(f"{HOME}/trials/7")


def test_a_chart_that_is_the_same_is_not_drawn_again(served):
    served.touch()
    served.tab.evaluate("document.getElementById('near').dataset.drawn = 'not again'")
    served.changes = 2
    served.until(lambda: served.count("/near.figure") == 2)
    served.until_polled()
    assert served.tab.locator("#near:not(.busy)").get_attribute("data-drawn") == "not again"

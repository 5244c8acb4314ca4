"""The checker itself: it passes a sound page, and fails each page with one fault."""

import pytest
from flask import Flask, request

from tests.web.page_check import VALID, Browser, PageError, check_page, parse, parse_strictly
from tests.web.quick_trees import NotPlain, read, same

SOUND = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Networks · Weightbase</title>
<script defer src="/static/theme.js"></script></head>
<body><a href="#main">Skip</a>
<main id="main"><h1>Networks</h1><p class="sentence">2 networks.</p><h2>Add</h2>
<form method="post" action="/new"><input type="hidden" name="csrf_token" value="t">
<label for="name">Name</label><input id="name" name="name"><button type="submit">Create</button></form>
<table aria-label="All"><tr><th scope="col">Name</th></tr><tr><td>a</td></tr></table>
<img src="/a.png" alt=""><svg viewBox="0 0 1 1"><rect width="1" height="1"/></svg>
</main></body></html>"""

FAULTS = {
    "a second h1": ("<h2>Add</h2>", "<h1>Add</h1>"),
    "no h1": ("<h1>Networks</h1>", "<h2>Networks</h2>"),
    "a title of its own": ("<title>Networks", "<title>All networks"),
    "a skipped level": ("<h2>Add</h2>", "<h3>Add</h3>"),
    "an unclosed element": ("</form>", ""),
    "a stray end tag": ("<h2>Add</h2>", "<h2>Add</h2></section>"),
    "a block in a paragraph": ("2 networks.</p>", "2 networks.<div></div></p>"),
    "an id twice": ('id="name"', 'id="main"'),
    "a label for nothing": ('for="name"', 'for="nam"'),
    "a field without label": ('<label for="name">Name</label>', ""),
    "a link into nothing": ('href="#main"', 'href="#content"'),
    "a button without words": (">Create<", "><"),
    "a button without type": ('button type="submit"', "button"),
    "an image without alt": (' alt=""', ""),
    "a form without action": (' action="/new"', ""),
    "a form without method": (' method="post"', ""),
    "a form without token": (' value="t"', ""),
    "a nameless table": (' aria-label="All"', ""),
    "a table without head": ('<th scope="col">Name</th>', "<td>Name</td>"),
    "a table beyond measure": ("<td>a</td>", "<td>a</td>" * 3000),
    "an inline script": ("<h2>Add</h2>", "<h2>Add</h2><script>alert(1)</script>"),
    "an inline style": ("<h1>", '<h1 style="color: red">'),
    "a style element": ("<title>", "<style>p {}</style><title>"),
    "an event handler": ("<h1>", '<h1 onclick="go()">'),
    "a javascript address": ('href="#main"', 'href="javascript:go()"'),
    "a foreign script": ("/static/theme.js", "https://cdn.example/theme.js"),
    "a foreign image": ("/a.png", "//cdn.example/a.png"),
    "no language": (' lang="en"', ""),
    "no doctype": ("<!doctype html>", ""),
}


def test_a_sound_page_passes():
    check_page(parse(SOUND))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_page_with_one_fault_fails(fault):
    sound, faulty = FAULTS[fault]
    assert sound in SOUND
    with pytest.raises(PageError):
        check_page(parse(SOUND.replace(sound, faulty, 1)))


@pytest.fixture
def browser():
    app = Flask(__name__, static_folder=None)
    app.add_url_rule(
        "/new", "new", lambda: SOUND.replace("2 networks", str(len(request.form))), methods=["GET", "POST"]
    )
    app.add_url_rule("/bad", "bad", lambda: SOUND.replace("<h1>", "<h1><h1>"))
    return Browser(app.test_client())


def test_the_browser_returns_the_page_it_checked(browser):
    page = browser.get("/new")
    assert page.h1 == "Networks"
    assert page.sentence == "0."
    assert page.links() == {"#main": "Skip"}
    assert page.by_id("name").get("name") == "name"
    assert len(page.all("input", type="hidden")) == 1


def test_the_browser_sends_the_token_of_the_page_with_a_form(browser):
    assert browser.post("/new", {"name": "a"}).sentence == "2."


def test_the_browser_refuses_a_faulty_page_and_an_unexpected_status(browser):
    with pytest.raises(PageError):
        browser.get("/bad")
    with pytest.raises(PageError, match="200, not 404"):
        browser.get("/new", status=404)


PLAIN = SOUND.replace('<tr><th scope="col">Name</th></tr><tr><td>a</td></tr>', "<tbody><tr><th>a</th></tr></tbody>")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2 networks.", "2 &lt;networks&gt; of &#34;A&amp;B&#34; &#39;s"),
        ("2 networks.", "<b>2</b> networks <br>and more"),
        ("<p ", "<textarea>\r\n\na\r\n b</textarea><p "),
        ("<p ", '<a href="/a?b=1&amp;c=2" data-x>a</a> <span title="a > b"></span><p '),
        ('<rect width="1" height="1"/>', '<g><rect width="1"/> <text y="1">a</text></g><path d="M0 0"/>'),
    ],
)
def test_a_page_has_the_same_tree_from_the_quick_reader_as_from_the_full_parser(old, new):
    page = PLAIN.replace(old, new)
    root, places = read(page)
    assert same(root, parse_strictly(page))
    parse(page)
    assert places <= VALID


def test_what_was_never_seen_within_an_element_is_asked_of_the_full_parser_though_the_page_was_valid_before():
    parse(PLAIN)
    for old, new in (("2 networks.", "2 <section></section>networks."), ("<tbody>", "<tbody><p>a</p>")):
        with pytest.raises(PageError, match="Not valid HTML"):
            parse(PLAIN.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2 n", "2 &n; n"),
        ("2 n", "2 < n"),
        ("2 n", "2 \0"),
        ('id="main"', 'id="main" id="main"'),
        ("</h2>", ""),
    ],
)
def test_what_only_the_full_parser_can_judge_is_left_to_it(old, new):
    parse(PLAIN)
    with pytest.raises(NotPlain):
        read(PLAIN.replace(old, new, 1))
    with pytest.raises(PageError, match="Not valid HTML"):
        parse(PLAIN.replace(old, new, 1))

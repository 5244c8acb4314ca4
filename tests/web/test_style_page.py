"""The page of the design shows every token and every component."""

import re

from dashboard.web.style_page import CELLS, MARKUP
from tests.rules.source import ROOT
from tests.web.page_check import words

COMPONENTS = ROOT / "templates/components"
MACRO = re.compile(r"{%-? macro (\w+)\(.*?\) ?-?%}(.*?){%-? endmacro", re.DOTALL)
CODE = re.compile(r"{[{%].*?[}%]}", re.DOTALL)


def named(text):
    """Return all names in the code of a template."""
    return {name for code in CODE.findall(text) for name in re.findall(r"\w+", code)}


def test_every_component_is_on_the_page_of_the_design():
    macros = {}
    for path in sorted(COMPONENTS.glob("*.html")):
        macros |= {(path.name, name): body for name, body in MACRO.findall(path.read_text())}
    page = (ROOT / "templates/help/style.html").read_text()
    found, waiting = set(), named(page)
    found |= {("cells.html", column.format) for column in (*CELLS, *MARKUP)}
    while waiting:
        name = waiting.pop()
        fresh = {key for key in macros if key[1] == name and key[0] != "cells.html"} - found
        found |= fresh
        waiting |= {name for key in fresh for name in named(macros[key])}
    assert sorted(set(macros) - found) == []


def test_every_token_is_on_the_page_of_the_design(browser):
    declared = re.findall(r"--([\w-]+):", (ROOT / "static/weightbase.css").read_text().partition("}")[0])
    page = browser.get("/help/style")
    assert set(declared) <= {words(code) for code in page.root.iter("code")}
    assert "/help/style" in browser.get("/help").links()
    assert browser.raw("/help/style/example.figure").json["data"]

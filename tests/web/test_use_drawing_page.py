"""The page of a version that reads pictures: a canvas, what the network sees, arrows, and why the answer is so."""

import json
import re

import pytest

from tests.unit.services.drawn_versions import book_version, drawings
from tests.web.page_check import words

PAGE = "/use/book:1"


@pytest.fixture
def book(browser, filled, workspace):
    filled(workspace, book_version)
    return browser


def draw(browser, status=200, **fields):
    return browser.post(f"{PAGE}/draw", fields, source=PAGE, status=status)


def squares(page):
    (drawing,) = [svg for svg in page.root.iter() if svg.tag.endswith("svg") and svg.get("class") == "pixels"]
    return [(int(one.get("x")), int(one.get("y"))) for one in drawing.iter() if one.tag.endswith("rect")]


def test_a_drawing_is_answered_with_what_the_network_sees_and_why(book):
    page = book.get(PAGE)
    assert "Draw" in words(page.root)
    strokes = json.dumps(drawings()[7][1])
    drawn = draw(book, strokes=strokes)
    said = words(drawn.root)
    assert "The answer is 7, score" in said
    assert "What the network sees" in said
    assert "its longer side 20" in said
    fired = re.search(r"(\d+) of 200 hidden units fired\.", said)
    assert fired
    assert 0 < int(fired[1]) < 200
    assert any("/tensors/layer_01.weight?column=" in link for link in drawn.links())
    moved = draw(book, strokes=strokes, nudge="2,0", move="down")
    assert squares(moved) == [(x + 2, y + 1) for x, y in squares(drawn) if y + 1 < 28]
    assert words(draw(book, strokes="[[", status=422).by_id("drawn")).startswith("The strokes are not valid JSON")


def test_a_record_of_pixels_is_typed_as_one_text_and_explained_as_a_picture(book):
    page = book.get(f"{PAGE}?record=4")
    text = page.by_id("values").text
    assert page.sentence.startswith("The answer is 9")
    assert "Contributions of the pixels" in page.text
    typed = book.post(PAGE, {"values": text}, source=PAGE)
    assert typed.sentence == page.sentence
    short = book.post(PAGE, {"values": "1, 2"}, source=PAGE, status=422)
    assert "Give 784 values in the order of the columns; these are 2." in words(short.root)

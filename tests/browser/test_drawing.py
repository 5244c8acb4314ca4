"""A seven that is drawn with the mouse, and one that is drawn with the keys, are answered with 7."""

import pytest
from playwright.sync_api import expect

from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.drawn_versions import book_version

pytestmark = pytest.mark.browser

CORNERS = ((60, 60), (200, 60), (120, 230))


def by_mouse(page, canvas):
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + CORNERS[0][0], box["y"] + CORNERS[0][1])
    page.mouse.down()
    for x, y in CORNERS[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=12)
    page.mouse.up()


def by_keys(page, canvas):
    """Draw from the upper left to the upper right, then down to the left in stairs of a few pixels."""
    canvas.focus()
    for key, count in (("ArrowUp", 20), ("ArrowLeft", 20)):
        for _ in range(count):
            page.keyboard.press(key)
    page.keyboard.press("Space")
    for _ in range(36):
        page.keyboard.press("ArrowRight")
    for place in range(44):
        page.keyboard.press("ArrowDown")
        if place % 2:
            page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")


@pytest.mark.parametrize("theme", ["light"])
def test_a_seven_is_read_from_the_mouse_and_from_the_keys(walk, tmp_path):
    page = walk.page
    opened = open_workspace(Settings(home=str(tmp_path / "home")), sweeping=False)
    try:
        book_version(opened)
    finally:
        opened.catalogue.close()
    walk.go("/use/book:1")
    canvas, drawn = page.locator("canvas[data-draw]"), page.locator("#drawn")
    by_mouse(page, canvas)
    expect(drawn).to_contain_text("The answer is 7")
    walk.shot("u1-drawn")
    page.get_by_role("button", name="Move by a pixel: left").click()
    expect(drawn.locator("input[name=nudge]")).to_have_value("-1,0")
    page.get_by_role("button", name="Clear").click()
    expect(drawn).to_have_text("")
    height = page.evaluate("scrollY")
    by_keys(page, canvas)
    expect(drawn).to_contain_text("The answer is 7")
    assert page.evaluate("scrollY") == height

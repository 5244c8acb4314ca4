"""The stylesheet: what is a choice of the design stands once, as a token in its first rule, and is used by its name.

Colours: `tests/unit/charts/test_charts_palette.py`.
"""

import re

import pytest

from tests.rules.source import ROOT

STYLES = re.sub(r"/\*.*?\*/", "", (ROOT / "static/weightbase.css").read_text(), flags=re.DOTALL)
_, RULES = re.split(r"(?<=\})", STYLES, maxsplit=1)
BY_NAME = {
    "font-size": r"var\(--text-\w+\)|inherit|calc\(.*\)",
    "font-weight": r"var\(--weight-\w+\)|400|inherit",
    "border-radius": r"(?:(?:var\(--radius[\w-]*\)|0|50%)(?: |$))+",
    "z-index": r"var\(--level-\w+\)|auto",
    "transition": r"none.*|(?:[\w-]+ var\(--(?:quick|slow)\)(?:, )?)+",
    "animation": r"none.*|[\w-]+ var\(--(?:quick|slow)\).*",
}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_choice_of_the_design_is_a_token(name):
    values = re.findall(rf"(?<![\w-]){name}: ([^;{{}}]+);", RULES)
    assert [value for value in values if not re.fullmatch(BY_NAME[name], value.strip())] == [], (
        f"name a token of :root in static/weightbase.css for each {name}, such as the others do"
    )


def test_a_font_is_named_by_tokens():
    fonts = re.findall(r"(?<![\w-])font: ([^;{}]+);", RULES)
    assert [font for font in fonts if font != "inherit" and not font.startswith("var(--text-")] == []

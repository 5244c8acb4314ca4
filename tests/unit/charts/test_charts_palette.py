"""The stylesheet and charts/palette.py have the same colours, and no other file has any."""

import re
from pathlib import Path

import pytest

from dashboard.charts.palette import DIVERGING, INK, NEGATIVE, OKABE_ITO, POSITIVE, colour_at, rgb, see_through

ROOT = Path(__file__).parents[3]
STYLES = re.sub(r"/\*.*?\*/", "", (ROOT / "static/weightbase.css").read_text(), flags=re.DOTALL)
ROOT_RULE, REST = re.split(r"(?<=\})", STYLES, maxsplit=1)
VARIABLES = dict(re.findall(r"--([\w-]+): (.*);", ROOT_RULE))
COLOUR = re.compile(r"#[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?\b|\b(?:rgb|hsl)a?\(\s*\d")
COLOURLESS = [
    *(ROOT / "static").glob("*.js"),
    *(ROOT / "templates").rglob("*.html"),
    *(path for path in (ROOT / "dashboard").rglob("*.py") if path.name != "palette.py"),
]


def both(name):
    """Return a variable's colours in the light and in the dark."""
    return re.findall(r"#[0-9a-f]{6}", VARIABLES[name])


@pytest.mark.parametrize("step", range(-10, 11))
def test_the_diverging_scale_of_the_stylesheet_is_that_of_the_pictures(step):
    expected = [colour_at(DIVERGING[theme], (step + 10) / 20) for theme in ("light", "dark")]
    assert both(f"w{step}" if step else "page") == expected


def test_figures_name_light_colours_of_the_stylesheet():
    assert [both(name)[0] for name in ("negative", "positive")] == [NEGATIVE, POSITIVE]
    assert [both(f"series-{number}")[0] for number in range(1, 8)] == list(OKABE_ITO)
    assert both("ink") == [INK["light"], INK["dark"]]


def test_every_shade_of_a_cell_is_a_variable():
    rules = dict(re.findall(r"\.(w-?\d+) \{ background: var\(--([\w-]+)\)", REST))
    assert rules == {f"w{step}": f"w{step}" if step else "page" for step in range(-10, 11)}


def test_rules_of_the_stylesheet_name_no_colour_but_by_variables():
    assert COLOUR.findall(REST) == []
    used = set(re.findall(r"var\(--([\w-]+)\)", STYLES))
    by_scripts = {"negative", "positive", *(f"series-{number}" for number in range(1, 8))}
    assert used | by_scripts == set(VARIABLES)


def test_scripts_templates_and_modules_name_no_colour():
    found = {str(path.relative_to(ROOT)): COLOUR.findall(path.read_text()) for path in COLOURLESS}
    assert {path: colours for path, colours in found.items() if colours} == {}


def test_every_class_of_the_stylesheet_is_used():
    selectors = re.findall(r"([^{}]+)\{", STYLES)
    classes = {name for selector in selectors for name in re.findall(r"\.([a-zA-Z][\w-]*)", selector)}
    source = "\n".join(path.read_text() for path in COLOURLESS)
    computed = (
        {f"w{step}" for step in range(-10, 11)} | {f"m{step}" for step in range(11)} | {"only-light", "only-dark"}
    )
    assert {name for name in classes - computed if not re.search(rf"(?<![\w-]){name}(?![\w-])", source)} == set()


def test_a_colour_is_read_and_made_see_through():
    assert rgb("#0072b2") == (0, 114, 178)
    assert see_through("#0072b2", 0.25) == "rgba(0,114,178,0.25)"

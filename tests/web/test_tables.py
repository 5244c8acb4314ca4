"""A table declared once: its files, its order, its arrows."""

import math
from dataclasses import replace

import pytest

from dashboard.web.kit.tables import Column, Note, Table
from tests.web.page_check import parse_fragment, words

COLUMNS = (
    Column("name", "Name", sortable=True),
    Column("score", "Score", format="number", sortable=True),
    Column("saved", "Saved", format="when", sortable=True),
    Column("purpose", "Purpose"),
    Column("code"),
    Column("open", "Open", lambda row: row["name"], exported=False),
)
ROWS = [
    {"name": "beta", "score": 0.5, "saved": 3, "purpose": "p", "code": "b"},
    {"name": "Alpha", "score": None, "saved": 1, "purpose": "", "code": "a"},
    {"name": "gamma", "score": math.nan, "saved": 2, "purpose": "q", "code": "g"},
    {"name": "delta", "score": 0.9, "saved": 4, "purpose": "q", "code": "d"},
]


def table(sort=""):
    return Table("things", COLUMNS, ROWS, sorted_by=lambda name: f"?sort={name}").in_order(sort)


def names(sort):
    return [row["name"] for row in table(sort).rows]


def test_the_files_hold_every_column_but_those_of_the_page_alone():
    numbers = table().numbers
    assert numbers.heads == ["name", "score", "saved", "purpose", "code"]
    assert next(iter(numbers.rows)) == ["beta", 0.5, 3, "p", "b"]


@pytest.mark.parametrize(
    ("sort", "expected", "arrow"),
    [
        ("name", ["Alpha", "beta", "delta", "gamma"], "ascending"),
        ("-name", ["gamma", "delta", "beta", "Alpha"], "descending"),
        ("score", ["delta", "beta", "Alpha", "gamma"], "descending"),
        ("-score", ["beta", "delta", "Alpha", "gamma"], "ascending"),
        ("saved", ["delta", "beta", "gamma", "Alpha"], "descending"),
        ("purpose", ["beta", "Alpha", "gamma", "delta"], ""),
    ],
)
def test_the_arrow_is_that_of_the_order_and_unknown_values_come_last(sort, expected, arrow):
    assert names(sort) == expected
    arrows = {heading.words: heading.order for heading in table(sort).headings}
    assert arrows.pop(sort.removeprefix("-").capitalize()) == arrow
    assert set(arrows.values()) == {""}


def test_a_second_click_turns_the_order_round():
    assert [heading.address for heading in table("score").headings] == [
        "?sort=name",
        "?sort=-score",
        "?sort=saved",
        "",
        "",
    ]


def test_a_row_without_values_has_a_note_and_an_empty_table_says_so(demo_app):
    columns = (
        Column("pick", "Select", lambda row: row["name"], "tick", exported=False, quiet=True),
        Column("name", "Name"),
        Column("size", "Size", format="number"),
        Column("kind", "Kind"),
    )
    rows = [{"name": "a", "size": 1, "kind": "k"}, {"name": "b", "size": None, "kind": ""}]
    things = Table(
        "things",
        columns,
        rows,
        link=lambda row: f"/{row['name']}",
        note=lambda row: Note("too large", 2, "Count", "/count") if row["size"] is None else None,
        header="name",
        empty="none",
    )
    with demo_app.test_request_context("/"):
        draw = demo_app.jinja_env.get_template("components/table.html").module.table_of
        drawn, nothing = (parse_fragment(draw(one)) for one in (things, replace(things, rows=[])))
    first, second = next(drawn.iter("tbody"))
    assert [cell.tag for cell in first] == ["td", "th", "td", "td"]
    assert next(first[1].iter("a")).get("href") == "/a"
    assert [words(cell) for cell in second] == ["", "b", "too large Count"]
    assert second[2].get("colspan") == "2"
    assert [words(cell) for cell in next(nothing.iter("tbody"))[0]] == ["none"]


def test_whatever_a_cell_and_a_link_hold_is_text_and_no_markup(demo_app):
    columns = (Column("name", "Name"), Column("code", "Code", format="code"), Column("size", "Size", format="count"))
    rows = [{"name": '<b>&"', "code": "<i>", "size": 3}]
    things = Table("things", columns, rows, link=lambda row: '/?q="><script>', header="name")
    with demo_app.test_request_context("/"):
        drawn = str(demo_app.jinja_env.get_template("components/table.html").module.table_of(things))
    assert '<a href="/?q=&#34;&gt;&lt;script&gt;">&lt;b&gt;&amp;&#34;</a></th>' in drawn
    assert "<code>&lt;i&gt;</code></td>" in drawn
    assert ">3</td>" in drawn


def test_a_column_may_be_sorted_by_another_key_than_it_shows():
    column = Column("version", "Version", lambda row: f"v{row}", sortable=True, sort_key=lambda row: row)
    assert Table("versions", (column,), [2, 10, 1]).in_order("version").rows == [1, 2, 10]

"""A table is declared once: its columns give the page's HTML, the CSV, the JSON, the order and its arrows.

A view returns a `Table` (or, for a chart, its `Numbers`); `numbers_at` answers it at the same address with .csv and
.json, and the macro `table_of` of components/table.html draws it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import starmap
from typing import Any, NamedTuple, TypeVar

import orjson
from flask import Blueprint, Response, url_for
from markupsafe import Markup, escape

from dashboard.parsing import FORMULA_SIGNS
from dashboard.web.kit.explanations import Explanation, explanation
from dashboard.web.kit.formats import CELL_FORMATS
from dashboard.web.kit.query import Query, query

JSON_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
NUMERIC = frozenset({"number", "change", "percent", "size", "duration", "count"})
"""Formats of numbers: right-aligned, and sorted with the largest first."""
LARGEST_FIRST = NUMERIC | {"when"}


class Numbers(NamedTuple):
    """The numbers of a chart: the names of its columns, its rows, and the name of the file that it is sent as."""

    heads: Iterable[str]
    rows: Iterable[Iterable[Any]]
    name: str


class Exports(NamedTuple):
    """The addresses of the numbers of a table or chart."""

    csv: str
    json: str


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `name` is what the CSV, the JSON and the address call it, `heading` what the page does; without a heading it is in
    the files only. `value` is what is exported and sorted by: where it is in a row (`version.epoch`, by attributes and
    keys; default: `name`), or a function of the row; `sort_key` gives the order where that is another. `format` names a
    macro of components/cells.html, which draws `shown` (default: the value). A `quiet` heading is for screen readers
    only, a `heading_link` leads to what the column is about. `help` says in a sentence what the column is, where the
    words of its heading alone do not (`kit.explanations`), `docs` the place in the docs that says more; a heading that
    is a name of somebody's data (`is_name`) has no meaning of ours.
    """

    name: str
    heading: str = ""
    value: Callable[[Any], Any] | str = ""
    format: str = "text"
    shown: Callable[[Any], Any] | None = None
    link: Callable[[Any], str] | None = None
    sortable: bool = False
    exported: bool = True
    largest_first: bool | None = None
    help: str = ""
    docs: str = ""
    is_name: bool = False
    css: str = ""
    quiet: bool = False
    sort_key: Callable[[Any], Any] | None = None
    heading_link: str = ""

    @property
    def is_right(self) -> bool:
        """Whether its cells are right-aligned, as numbers are."""
        return self.format in NUMERIC

    @property
    def begins_with_largest(self) -> bool:
        """Whether a first click on the heading puts the largest value first."""
        return self.format in LARGEST_FIRST if self.largest_first is None else self.largest_first

    @property
    def explanation(self) -> Explanation | None:
        """What the column means; None for one that its heading says all about."""
        return None if self.is_name else explanation(self.heading, self.help, self.docs)

    @cached_property
    def value_of(self) -> Callable[[Any], Any]:
        """The function that returns the value of a row in this column."""
        return _reader(self.value or self.name) if isinstance(self.value, str) else self.value


def _reader(path: str) -> Callable[[Any], Any]:
    """Return the function that reads a path of a row; None is read of a key that is missing, and of None."""
    first, *others = path.split(".")

    def read(row: Any) -> Any:  # noqa: ANN401 - a row is whatever its table is made of
        value = row[first] if isinstance(row, dict) else getattr(row, first)
        for name in others:
            if value is not None:
                value = value.get(name) if isinstance(value, dict) else getattr(value, name)
        return value

    return read


class Heading(NamedTuple):
    """The head of a column; `order` is ascending, descending or empty, `address` sorts by it."""

    column: Column
    order: str
    address: str

    @property
    def words(self) -> str:
        """Its text."""
        return self.column.heading


class Note(NamedTuple):
    """What a row says instead of all but its first `after` cells, and a link that follows it."""

    text: str
    after: int
    link_text: str = ""
    address: str = ""


class Drawn(NamedTuple):
    """What the template draws for a column: the macro of its cells, what they begin and end with, and that of links.

    `draw` is None for a format without markup; `linked` takes an address and a cell.
    """

    draw: Callable[[Any], object] | None
    begin: Markup
    end: Markup
    linked: Callable[[str, object], Markup]


class Line(NamedTuple):
    """A row of the page: its address and class, its note, and the markup of its cells."""

    href: str
    css: str
    note: Note | None
    cells: Markup


@dataclass(frozen=True)
class Table:
    """Rows under columns. `sort` is a column's name, with a minus for the other direction.

    `link` is a row's page (default: that of the column that names the row), which a click on the row or Enter opens.
    `label` names the table for screen readers, `sorted_by` gives the address that sorts by a column (default: this
    page's own), `css` the row's class, `note` what a row without values says. `empty` is said of no rows at all.
    `header` is the column that names the rows (default: the first); with `swaps` its links change the page in place.
    """

    name: str
    columns: Sequence[Column]
    rows: Iterable[Any]
    label: str = ""
    exports: Exports | None = None
    sort: str = ""
    link: Callable[[Any], str] | None = None
    css: Callable[[Any], str] | None = None
    sorted_by: Callable[[str], str] | None = None
    note: Callable[[Any], Note | None] | None = None
    empty: str = ""
    header: str = ""
    swaps: bool = False

    @property
    def heads(self) -> list[str]:
        """The names of the columns that are exported."""
        return [column.name for column in self.columns if column.exported]

    @property
    def values(self) -> Iterator[list[Any]]:
        """The exported values, row by row."""
        columns = [column for column in self.columns if column.exported]
        return ([column.value_of(row) for column in columns] for row in self.rows)

    @property
    def numbers(self) -> Numbers:
        """What the files hold."""
        return Numbers(self.heads, self.values, self.name)

    @property
    def shown_columns(self) -> list[Column]:
        """The columns that the page shows."""
        return [column for column in self.columns if column.heading]

    @property
    def row_header(self) -> Column:
        """The column whose cells name their rows, and lead to them."""
        return next(column for column in self.shown_columns if self.header in {"", column.name})

    @property
    def headings(self) -> list[Heading]:
        """The heads of the columns on the page, with the arrow of the order that the rows are in."""
        address = self.sorted_by or (lambda sort: query().address(sort=sort, offset=None))
        return [self._heading(column, address) for column in self.shown_columns]

    def body(self, drawn: Iterable[tuple[Any, ...]]) -> Iterator[Line]:
        """Return the rows of the page, put together from what the template has drawn once for each column."""
        columns, header = self.shown_columns, self.row_header
        parts = [
            (each, column, column.shown or column.value_of, each.draw or CELL_FORMATS[column.format], column is header)
            for each, column in zip(starmap(Drawn, drawn), columns, strict=True)
        ]
        link = self.link or header.link
        for row in self.rows:
            href = link(row) if link else ""
            note = self.note(row) if self.note else None
            cells: list[Any] = []
            for each, column, show, draw, is_header in parts[: note.after] if note else parts:
                cell = draw(show(row))
                address = column.link(row) if column.link else href if is_header else ""
                cells += (each.begin, each.linked(address, cell) if address else cell, each.end)
            # Markup("").join does the same in five times the time.
            markup = Markup("".join(cell if type(cell) is Markup else escape(cell) for cell in cells))  # noqa: S704
            yield Line(href, self.css(row) if self.css else "", note, markup)

    def _heading(self, column: Column, address: Callable[[str], str]) -> Heading:
        order, target = "", ""
        if column.sortable:
            if self.sort.removeprefix("-") == column.name:
                order = "descending" if _is_descending(column, self.sort) else "ascending"
            target = address(f"-{column.name}" if self.sort == column.name else column.name)
        return Heading(column, order, target)

    def in_order(self, sort: str) -> "Table":
        """Return the table sorted by a column's name, reversed with a minus; rows without a value come last.

        For a name that is no sortable column the rows stay as they are.
        """
        column = next((one for one in self.columns if one.sortable and one.name == sort.removeprefix("-")), None)
        if column is None:
            return replace(self, rows=list(self.rows))
        key = column.sort_key or column.value_of
        valued = [(key(row), row) for row in self.rows]
        known = [pair for pair in valued if not _is_unknown(pair[0])]
        known.sort(key=lambda pair: _sort_key(pair[0]), reverse=_is_descending(column, sort))
        unknown = [row for value, row in valued if _is_unknown(value)]
        return replace(self, rows=[row for _, row in known] + unknown, sort=sort)

    def part(self, first: int, length: int) -> "Table":
        """Return the table with `length` of its rows, from `first` on."""
        rows = self.rows if isinstance(self.rows, Sequence) else list(self.rows)
        return replace(self, rows=list(rows[first : first + length]))


def chosen_order(request_query: Query, columns: Iterable[Column], default: str = "") -> str:
    """Return the order that an address chooses (`sort`); raises Invalid for a column that cannot be sorted by."""
    names = [column.name for column in columns if column.sortable]
    return request_query.word("sort", [*names, *(f"-{name}" for name in names)]) or default


def _is_descending(column: Column, sort: str) -> bool:
    return column.begins_with_largest != sort.startswith("-")


def _is_unknown(value: Any) -> bool:  # noqa: ANN401 - any value of a table
    return value is None or (isinstance(value, float) and math.isnan(value))


def _sort_key(value: Any) -> Any:  # noqa: ANN401 - any value of a table
    """Return what a value is compared by; texts, where a column has both, are separate from numbers."""
    return (1, value.casefold()) if isinstance(value, str) else (0, value)


View = TypeVar("View", bound=Callable[..., Table | Numbers])


def numbers_at(blueprint: Blueprint, path: str) -> Callable[[View], View]:
    """Answer what a view returns at `path` with .csv and with .json."""

    def register(view: View) -> View:
        def answer(suffix: str, **place: Any) -> Response:  # noqa: ANN401 - values of an address
            result = view(**place)
            numbers = result.numbers if isinstance(result, Table) else result
            return (csv_answer if suffix == "csv" else json_answer)(numbers)

        blueprint.add_url_rule(f"{path}.<any(csv, json):suffix>", view.__name__, answer)
        return view

    return register


def exports(endpoint: str, **place: Any) -> Exports:  # noqa: ANN401 - what stands in an address
    """Return the addresses of the numbers of a view."""
    return Exports(*(url_for(endpoint, suffix=suffix, **place) for suffix in Exports._fields))


def query_exports(endpoint: str, **changed: Any) -> Exports:  # noqa: ANN401 - values of the query
    """Return the addresses of the numbers of a view with this page's query, some of its values changed."""
    return Exports(*(query().address(endpoint, suffix=suffix, offset="", **changed) for suffix in Exports._fields))


def csv_answer(numbers: Numbers) -> Response:
    """Return numbers as a CSV file; texts that a spreadsheet would take for a formula are defused."""
    lines = [",".join(csv_cell(value) for value in row) for row in [list(numbers.heads), *numbers.rows]]
    answer = Response("\r\n".join(lines) + "\r\n", mimetype="text/csv")
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in numbers.name)
    answer.headers["Content-Disposition"] = f'attachment; filename="{safe}.csv"'
    return answer


def json_answer(numbers: Numbers) -> Response:
    """Return numbers as {"items": [an object a row]}; NaN and infinities, which JSON lacks, as the texts of the CSV."""
    heads = list(numbers.heads)
    items = [dict(zip(heads, map(_json_value, row), strict=True)) for row in numbers.rows]
    return Response(orjson.dumps({"items": items}, option=JSON_OPTIONS), mimetype="application/json")


def csv_cell(value: Any) -> str:  # noqa: ANN401 - any value of a table
    """Return one cell of a CSV: numbers in full, None empty, a text quoted if it must be."""
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, float):
        return repr(value)
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    if text[:1] in FORMULA_SIGNS:
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


def _json_value(value: Any) -> Any:  # noqa: ANN401 - any value of a table
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value

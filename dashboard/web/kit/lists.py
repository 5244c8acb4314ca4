"""A list that is narrowed in memory to the rows with the words of `search`, in the order of `sort`, by pages."""

from dataclasses import dataclass, replace
from typing import Any

from dashboard.web.kit.paging import Pager, pager
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Table, chosen_order


@dataclass(frozen=True)
class Listed:
    """The page of a list that an address asks for; `total` counts the rows without the filter."""

    table: Table
    pages: Pager
    words: str
    total: int


def listed(table: Table, default: str = "", **address: Any) -> Listed:  # noqa: ANN401 - as in pager
    """Return the part of a table that this request's `search`, `sort` and `offset` name; raises Invalid."""
    words, order = query().text("search"), chosen_order(query(), table.columns, default)
    rows = list(table.rows)
    matching = replace(table, rows=[row for row in rows if has_words(table, row, words)])
    matching = matching.in_order(order) if order else matching
    pages = pager(len(list(matching.rows)), **address)
    return Listed(matching.part(pages.offset, pages.length), pages, words, len(rows))


def has_words(table: Table, row: Any, words: str) -> bool:  # noqa: ANN401 - a row is whatever its table is made of
    """Return whether the texts of a row's shown cells have all these words."""
    if not words:
        return True
    text = " ".join(_text(column.value_of(row)) for column in table.shown_columns).casefold()
    return all(word in text for word in words.casefold().split())


def _text(value: Any) -> str:  # noqa: ANN401 - any value of a table
    """Return the text of a value, without what is no text or number: of links, (text, address), only the text."""
    if isinstance(value, list):
        return " ".join(_text(one[0]) for one in value)
    return str(value) if isinstance(value, str | int | float) else ""

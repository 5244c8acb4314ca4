"""Pages of a list: which part of it an address shows, and the addresses of its neighbours."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import abort, redirect, request

from dashboard.web.kit.query import query

LIST_LENGTH = 50


@dataclass(frozen=True)
class Pager:
    """One page of a list of `total` rows, from `offset` on; `address` gives the address of another offset."""

    offset: int
    total: int
    length: int
    address: Callable[[int], str]

    @property
    def previous(self) -> str:
        """The address of the page before, empty on the first."""
        return self.address(max(self.offset - self.length, 0)) if self.offset else ""

    @property
    def next(self) -> str:
        """The address of the page after, empty on the last."""
        following = self.offset + self.length
        return self.address(following) if following < self.total else ""

    @property
    def words(self) -> str:
        """Which rows the page shows, such as 51 to 53 of 53; empty if it shows all."""
        if self.total <= self.length and not self.offset:
            return ""
        return f"{self.offset + 1:,} to {min(self.offset + self.length, self.total):,} of {self.total:,}"


def pager(total: int, endpoint: str = "", length: int = LIST_LENGTH, **changed: Any) -> Pager:  # noqa: ANN401
    """Return the page of a list of `total` rows that this request's `offset` names; one after the last leads there.

    `endpoint` is the list's view where another one, such as that of a polled part, shows it; `changed` are values
    that the list's own addresses lack (None) or have.
    """
    request_query = query()

    def address(offset: int) -> str:
        return request_query.address(endpoint, **{"offset": offset or None} | changed)

    offset = request_query.offset
    if offset > 0 and offset >= total and endpoint in {"", request.endpoint}:
        abort(redirect(address(max(total - 1, 0) // length * length), 303))
    return Pager(offset, total, length, address)

"""The list of a comparison's tensors in pages, the cells of which are compared only where the page needs them."""

import time
from collections.abc import Collection
from typing import NamedTuple

from dashboard.services.cache.numbers import NOTHING, Budget
from dashboard.services.compare.versions import TensorDiff, VersionDiff, compare
from dashboard.services.history.progress import CountingProgress
from dashboard.web.compare.query import CompareQuery
from dashboard.web.compare.tables import tensors_table
from dashboard.web.kit.paging import Pager, pager

TENSORS_SHOWN = 100
"""So many tensors are on a page; of more, only those on it are compared cell by cell."""
BY_CHECKSUM = frozenset({"", "tensor", "status"})
"""The orders for which no cells are compared."""
AT_ONCE = Budget(seconds=1.0)
"""So long cells are compared in one request; what is left is compared while a person watches."""


class Listing(NamedTuple):
    """A comparison, in which order its tensors are listed, and which of them are on the page.

    `is_in_part` says that there are tensors whose cells were not compared because they are on other pages, or not yet.
    """

    diff: VersionDiff
    sort: str
    rows: list[TensorDiff]
    pages: Pager
    is_in_part: bool = False


def compared(params: CompareQuery, sort: str) -> Listing:
    """Compare the versions of the query as far as its page shows them; raises UserError, NotFound or StoreError."""
    versions = params.load()
    most_cells = params.query.most_cells
    is_long = max(len(versions.base.tensors), len(versions.other.tensors)) > TENSORS_SHOWN
    if not is_long or params.query.draws_all or sort.removeprefix("-") not in BY_CHECKSUM:
        listing = _page(params, compare(versions, most_cells, budget=AT_ONCE), sort)
        return listing._replace(is_in_part=listing.diff.uncounted > 0)
    listed = _page(params, compare(versions, 0), sort)
    counted = {tensor.name for tensor in listed.rows} | {params.tensor}
    listing = _page(params, compare(versions, most_cells, counted), sort)
    return listing._replace(is_in_part=_leaves_out(listing.diff, counted))


def continue_comparing(params: CompareQuery) -> CountingProgress:
    """Compare the cells of further tensors for about a second; raises as `compared` does."""
    begin = time.monotonic()
    before = compare(params.load(), params.query.most_cells, budget=NOTHING).uncounted
    diff = compare(params.load(), params.query.most_cells, budget=AT_ONCE)
    total, left = len(diff.tensors), diff.uncounted
    seconds = (time.monotonic() - begin) / (before - left) * left if before > left else None
    return CountingProgress(total - left, total, seconds)


def _page(params: CompareQuery, diff: VersionDiff, sort: str) -> Listing:
    rows = list(tensors_table(params, diff, sort).rows)
    pages = pager(len(rows), length=TENSORS_SHOWN)
    return Listing(diff, sort, rows[pages.offset : pages.offset + pages.length], pages)


def _leaves_out(diff: VersionDiff, counted: Collection[str]) -> bool:
    changed = (tensor for tensor in diff.tensors if tensor.status == "changed" and tensor.numbers is None)
    return any(tensor.name not in counted for tensor in changed)

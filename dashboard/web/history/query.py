"""The query of the addresses of a history and of health, read once."""

from dataclasses import dataclass

from dashboard.services.cache.numbers import Budget
from dashboard.services.history.parts import PLACES
from dashboard.services.history.tensor import SINCE
from dashboard.web.kit.query import Bins, Query, query

SECONDS_A_REQUEST = 1.0
SHOWN = ("change", "weights")
FARTHEST_CELL = 10**15


@dataclass(frozen=True)
class HistoryQuery:
    """Which tensor of a network; its weights, or their change since which version; the chosen version (`at`).

    At 0 is the newest. A part of the tensor is named by its `place` (row and column, or unit).
    """

    query: Query
    name: str
    tensor: str
    weights: bool
    since: str
    at: int
    bins: Bins
    place: dict[str, int | None]

    @property
    def has_part(self) -> bool:
        """Whether a cell, a unit, or the whole as one line (`line`) is shown."""
        return "line" in self.query.args or any(value is not None for value in self.place.values())

    @property
    def budget(self) -> Budget:
        """How much a page may count: not what takes long, unless a person wants it (`draw`)."""
        return Budget(self.query.most_cells, SECONDS_A_REQUEST)


def history_query(name: str) -> HistoryQuery:
    """Read the query of this request about a network; raises Invalid."""
    source = query()
    return HistoryQuery(
        query=source,
        name=name,
        tensor=source.text("tensor"),
        weights=source.word("show", SHOWN, SHOWN[0]) == "weights",
        since=source.word("since", SINCE, SINCE[0]),
        at=source.number("at", 0, 0, 10**9),
        bins=source.bins,
        place={
            place: source.number(place, 0, 0, FARTHEST_CELL) if source.args.get(place) else None for place in PLACES
        },
    )

"""What is asked of a history, as it stands in the query of every address about it."""

from dataclasses import asdict, dataclass
from typing import Any

from flask import request

from dashboard.parsing import Fields
from dashboard.services.cache.numbers import Budget
from dashboard.services.history.tensor import SINCE
from dashboard.services.versions.analyses import EXPENSIVE_CELLS
from dashboard.web.kit.query import BINS, wants_all
from dashboard.web.kit.urls import address

SECONDS_A_REQUEST = 1.0
SHOWN = ("change", "weights")


@dataclass(frozen=True)
class Asked:
    """Which tensor; its weights, or their change since which version; bins; and the version `at` (0: the newest)."""

    tensor: str
    show: str
    since: str
    at: int
    bins: int
    limits: str
    log: bool

    @property
    def weights(self) -> bool:
        """Whether the weights themselves are shown."""
        return self.show == "weights"

    def address(self, endpoint: str, name: str, **changed: Any) -> str:  # noqa: ANN401 - values of the query
        """Return the address of a view about the same, with some values of its query changed; the usual ones go."""
        values = asdict(self) | {"full": "1" if self.limits == "full" else "", "draw": "1" if wants_all() else ""}
        values |= {"limits": "", "log": "1" if self.log else ""} | changed
        usual = {"show": SHOWN[0], "since": SINCE[0], "at": 0, "bins": BINS}
        kept = {key: value for key, value in values.items() if value not in {"", None} and usual.get(key) != value}
        return address(endpoint, name=name, **kept)


def asked() -> Asked:
    """Read the query; raises Invalid."""
    fields = Fields(request.args.to_dict())
    wanted = Asked(
        tensor=fields.text("tensor"),
        show=fields.choice("show", SHOWN[0], SHOWN),
        since=fields.choice("since", SINCE[0], SINCE),
        at=fields.integer("at", 0, 0, 10**9),
        bins=fields.integer("bins", BINS, 2, 1000),
        limits="full" if fields.boolean("full", False) else "robust",
        log=fields.boolean("log", False),
    )
    fields.done()
    return wanted


def budget() -> Budget:
    """Return how much a page may count: not what takes long, unless a person asks for it (`draw`)."""
    return Budget(seconds=SECONDS_A_REQUEST) if wants_all() else Budget(most_cells=EXPENSIVE_CELLS)

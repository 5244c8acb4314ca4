"""The query of a comparison's addresses, read once, and these addresses with a part of it changed."""

import re
from dataclasses import dataclass
from typing import Any

from dashboard.charts.images import HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH
from dashboard.errors import Invalid
from dashboard.http import workspace
from dashboard.records.why import WHY_PARTS, WhyRequest
from dashboard.services.compare.detail import AXES
from dashboard.services.compare.pairs import TensorPair
from dashboard.services.compare.pictures import ORDERS, MapView
from dashboard.services.compare.versions import ComparedVersions, DiffRequest, load_versions, tensor_pair
from dashboard.web.kit.query import Bins, Query, query
from dashboard.web.kit.urls import address

SHADES = ("change", "share")
"""What the map of a tensor shows of each cell: its change, or its share of the change of the loss."""
RECORDS = ("part", "class", "record")
"""The names of the values that say on which records the loss is meant."""
EQUAL = ("", "hide", "show")
"""Of what is equal, by default the settings are left out; `hide` leaves out all of it, `show` nothing."""
SPAN = re.compile(r"(\d{1,18})-(\d{1,18})")


@dataclass(frozen=True)
class CompareQuery:
    """Which versions are compared, and which tensor, unit and part of the map is shown of them."""

    query: Query
    versions: DiffRequest
    tensor: str
    by: str
    unit: int | None
    map: MapView
    bins: Bins
    equal: str
    shade: str

    @property
    def hides_equal(self) -> bool:
        """Whether tensors and metrics that are equal are left out."""
        return self.equal == "hide"

    @property
    def hides_settings(self) -> bool:
        """Whether settings that are equal are left out."""
        return self.equal != "show"

    @property
    def has_all_columns(self) -> bool:
        """Whether the table of tensors has all statistics; the first five are enough to begin with."""
        return self.query.text("columns") == "all"

    @property
    def keys(self) -> dict[str, Any]:
        """What is compared, as the values of an address."""
        base, other, by_hand = self.versions
        return {"base": base, "other": other} | ({"pair": list(by_hand)} if by_hand else {})

    @property
    def why(self) -> str:
        """The address of why the loss changed between the two."""
        base, other, _ = self.versions
        return address("why.show", base=base, other=other, **self.given(*RECORDS))

    def given(self, *names: str) -> dict[str, str]:
        """Return those of these values that the address has."""
        return {name: self.query.args[name] for name in names if self.query.args.get(name)}

    def address(self, endpoint: str = "compare.show", **changed: Any) -> str:  # noqa: ANN401 - values of the query
        """Return the address of a view with this query, some of its values changed; empty ones go."""
        return self.query.address(endpoint, **changed)

    def file_name(self, what: str) -> str:
        """Return the name of a file of the comparison."""
        return f"{self.versions.base}_to_{self.versions.other}_{what}"

    def load(self) -> ComparedVersions:
        """Load both versions; raises UserError or NotFound."""
        return load_versions(workspace(), self.versions)

    def pair(self) -> TensorPair:
        """Load the tensor of the query with its counterpart; raises UserError or NotFound."""
        return tensor_pair(self.load(), self.tensor)


def compare_query() -> CompareQuery:
    """Read the query of this request; raises Invalid."""
    source = query()
    return CompareQuery(
        query=source,
        versions=DiffRequest(source.text("base"), source.text("other"), tuple(source.args.getlist("pair"))),
        tensor=source.text("tensor"),
        by=source.word("axis", AXES, AXES[0]),
        unit=source.number("unit") if source.args.get("unit") else None,
        map=_map_view(source),
        bins=source.bins,
        equal=source.word("equal", EQUAL),
        shade=source.word("shade", SHADES, SHADES[0]),
    )


def why_request(params: CompareQuery) -> WhyRequest:
    """Return between which versions, and on which records, the change of the loss is meant; raises Invalid."""
    source = params.query
    record = source.number("record") if source.args.get("record") else None
    base, other, _ = params.versions
    return WhyRequest(base, other, source.word("part", WHY_PARTS), source.text("class"), record)


def _map_view(source: Query) -> MapView:
    order = source.word("order", ORDERS, ORDERS[0])
    return MapView(HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH, order, _span(source, "places"), _span(source, "inputs"))


def _span(source: Query, name: str) -> tuple[int, int] | None:
    text = source.text(name)
    if not text:
        return None
    span = SPAN.fullmatch(text)
    if span is None or int(span[1]) > int(span[2]):
        raise Invalid({name: f"Write {name} as first-last, such as 10-59."})
    return int(span[1]), int(span[2])

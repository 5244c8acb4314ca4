"""The query of the addresses that say why a loss changed: two versions, and on which records."""

from dataclasses import dataclass
from typing import Any

from dashboard.records.why import WhyRequest
from dashboard.web.compare.query import CompareQuery, compare_query, why_request
from dashboard.web.kit.urls import address


@dataclass(frozen=True)
class WhyQuery:
    """Two versions, and the records on which their loss is explained."""

    compare: CompareQuery
    request: WhyRequest

    def address(self, endpoint: str = "why.show", **changed: Any) -> str:  # noqa: ANN401 - values of the query
        """Return the address of a view with this query, some of its values changed; empty ones go."""
        return self.compare.address(endpoint, **changed)

    @property
    def diff(self) -> str:
        """The address of what changed between the two versions."""
        return address("compare.show", base=self.request.base, other=self.request.other)

    def file_name(self, what: str) -> str:
        """Return the name of a file."""
        return f"{self.request.base}_to_{self.request.other}_why_{what}"


def why_query() -> WhyQuery:
    """Read the query of this request; raises Invalid."""
    params = compare_query()
    return WhyQuery(params, why_request(params))

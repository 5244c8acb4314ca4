"""What the query of a comparison's addresses asks for, and these addresses with a part of it changed."""

import re
from typing import Any

from flask import request

from dashboard.errors import Invalid
from dashboard.parsing import Fields
from dashboard.services.compare import versions as service
from dashboard.services.compare.detail import AXES
from dashboard.services.compare.pictures import ORDERS, MapAsked
from dashboard.services.compare.versions import Asked, TensorPair, VersionDiff
from dashboard.web.kit.query import workspace
from dashboard.web.kit.urls import address

SPAN = re.compile(r"(\d{1,18})-(\d{1,18})")


def asked() -> Asked:
    """Return which versions are compared, and the tensors that were paired by hand."""
    args = request.args
    return Asked(args.get("base", ""), args.get("other", ""), tuple(args.getlist("pair")))


def asked_tensor() -> str:
    """Return the name of the tensor that is asked for."""
    return request.args.get("tensor", "")


def asked_pair() -> TensorPair:
    """Return the tensor that is asked for with its counterpart; raises NotFound."""
    return service.tensor_pair(workspace(), asked(), asked_tensor())


def compared(most_cells: int | None = None) -> VersionDiff:
    """Return the comparison that is asked for."""
    return service.compare(workspace(), asked(), most_cells)


def chosen(name: str, choices: tuple[str, ...]) -> str:
    """Return one of the choices, the first of them if none is made; raises Invalid for another word."""
    fields = Fields(request.args.to_dict())
    choice = fields.choice(name, choices[0], choices)
    fields.done()
    return choice


def asked_axis() -> str:
    """Return whether units are columns or rows."""
    return chosen("axis", AXES)


def asked_map() -> MapAsked:
    """Return the order and the part of the map; raises Invalid."""
    return MapAsked(chosen("order", ORDERS), _span("places"), _span("inputs"))


def hides_equal() -> bool:
    """Tell whether what is equal is left out."""
    return request.args.get("equal") == "hide"


def here(endpoint: str = "compare.show", **changed: Any) -> str:  # noqa: ANN401 - values of the query
    """Return the address of a view with this query, some of its values changed; empty ones go."""
    values: dict[str, Any] = request.args.to_dict(flat=False) | changed
    return address(endpoint, **{name: value for name, value in values.items() if value not in ("", [], [""])})


def fields_but(*names: str) -> list[tuple[str, str]]:
    """Return the query but for some names, as the hidden fields of a form that sets these."""
    return [(name, value) for name, value in request.args.items(multi=True) if name not in names and value]


def _span(name: str) -> tuple[int, int] | None:
    text = request.args.get(name, "")
    if not text:
        return None
    found = SPAN.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise Invalid({name: f"Write {name} as first-last, such as 10-59."})
    return int(found[1]), int(found[2])

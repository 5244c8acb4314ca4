"""Why the loss changed between two versions: which tensors and units did it, and what putting them back restores."""

from __future__ import annotations

import argparse
from typing import Any

from weightbase.connection import Transport, call
from weightbase.errors import WeightbaseError
from weightbase.printing import Printed, table
from weightbase.pulling import exact_reference
from weightbase.session import session
from weightbase.verbs import ended

FIRST = 10
PARTS = ("validation", "test", "training")


def why_changed(base: str, other: str, *, part: str = "", label: str = "", record: int | None = None) -> dict[str, Any]:
    """Return why the loss of `other` is not that of `base`, as the API says it; waits for the run that counts it.

    `part` is validation, test or training; `label` a class, `record` one record of the dataset. Raises Refused,
    Unreachable, or WeightbaseError if the run does not finish.
    """
    return _explained(session().transport, base, other, part, label, record)


def explain(transport: Transport, given: argparse.Namespace) -> Printed:
    """Show which tensors and units changed the loss between two versions, and what putting each unit back restores."""
    label = getattr(given, "class") or ""
    body = _explained(transport, given.base, given.other, given.part or "", label, given.record)
    tensors = [(one["name"], one["share"], one["put_back"]["loss"]) for one in body["tensors"]]
    units = [
        (one["layer"], one["unit"], one["share"], *((one["put_back"] or {}).get(name) for name in ("loss", "metric")))
        for one in body["units"][:FIRST]
    ]
    error = "" if body["relative_error"] is None else f", within {100 * body['relative_error']:.2g} %"
    head = (
        f"{body['loss_name'].replace('_', ' ')} on {body['records']} records ({body['part']}): "
        f"{body['base_score']['loss']:.6g} to {body['other_score']['loss']:.6g}; "
        f"the shares sum to {body['sum']:.6g}{error}"
    )
    heads = ("layer", "unit", "share", "loss put back", f"{body['metric_name']} put back")
    lines = [head, "", *table(("tensor", "share", "loss put back"), tensors), "", *table(heads, units)]
    return Printed(body, lines)


def _explained(
    transport: Transport, base: str, other: str, part: str, label: str, record: int | None
) -> dict[str, Any]:
    sent: dict[str, Any] = {
        name: exact_reference(transport, reference) for name, reference in (("base", base), ("other", other))
    }
    more = {"part": part or None, "class": label or None, "record": record}
    sent.update({name: value for name, value in more.items() if value is not None})
    answer: dict[str, Any] = call(transport, "POST", "/compare/why", sent)
    if "run" in answer:
        run = ended(transport, call(transport, "GET", f"/runs/{answer['run']}"))
        if run["state"] != "finished":
            raise WeightbaseError(f"Run {run['id']} {run['state']}: {run['error'] or 'it was stopped'}")
        answer = call(transport, "POST", "/compare/why", sent)
    if "change" not in answer:
        raise WeightbaseError("The result is not there any more: the cache of the home was cleared. Ask again.")
    return answer

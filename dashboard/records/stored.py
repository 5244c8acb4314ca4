"""Stored JSON carries the number of its form, and is brought to the newest form when it is read.

What was written before there were numbers is of form 0. Who changes what a kind of JSON means raises FORM and adds a
step to STEPS, which makes the next form of it; what is merely added needs a name in ADDED at most.
"""

from collections.abc import Callable, Mapping
from typing import Any

from dashboard.errors import NewerForm
from dashboard.records import statistics

FORM = 1
KEY = "form"
Step = Callable[[dict[str, Any]], dict[str, Any]]
STEPS: Mapping[tuple[str, int], Step] = {}
"""(kind, form) -> what makes the next form of what has this one; no kind has needed a step yet."""
ADDED: Mapping[str, dict[str, Any]] = {
    "statistics": dict.fromkeys(statistics.NAMES),
    "column": dict.fromkeys(("missing", "distinct", "low", "high", "mean", "std")),
}
"""Names that readers of a kind rely on: None where what was stored is older than the name."""

PARTS = {
    "manifest": {
        **{name: name for name in ("preprocessing", "metrics", "evaluation")},
        "network": "definition",
        "spec": "network",
        "run": "run",
    },
    "run": {"spec": "network"},
    "definition": {"spec": "network"},
    "description": {"columns": "column", "target_statistics": "column"},
}
"""Kinds within a kind, or in a list of it, by the names that they have there: they have its form."""


def numbered(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be stored: the number of its form, then the data."""
    return {KEY: FORM, **data}


def unnumbered(kind: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the newest form of what was stored, without its number; raises NewerForm."""
    data = dict(stored)
    form = data.pop(KEY, 0)
    if form == FORM and kind not in PARTS and kind not in ADDED:
        return data  # nearly all that lists of versions read
    return upgraded(kind, data, form)


def upgraded(
    kind: str, data: dict[str, Any], form: int, steps: Mapping[tuple[str, int], Step] = STEPS, newest: int = FORM
) -> dict[str, Any]:
    """Return the newest form of data that has this form; raises NewerForm for one that we do not know."""
    if form > newest:
        raise NewerForm(kind, form, newest)
    for known in range(form, newest):
        step = steps.get((kind, known))
        data = step(data) if step is not None else data
    for name, part in PARTS.get(kind, {}).items():
        inner = data.get(name)
        if isinstance(inner, dict):
            data = data | {name: upgraded(part, inner, form, steps, newest)}
        elif isinstance(inner, list) and part not in PARTS and all(part != other for other, _ in steps):
            added = ADDED.get(part, {})  # 784 columns take a page 3 ms otherwise
            data = data | {name: [one if added.keys() <= one.keys() else added | one for one in inner]}
        elif isinstance(inner, list):
            data = data | {name: [upgraded(part, one, form, steps, newest) for one in inner]}
    return ADDED[kind] | data if kind in ADDED else data

"""Units and tensors of a version get the values that they have in another one, to the bit."""

import numpy as np

from dashboard.engine.network import unit_tensors
from dashboard.errors import Conflict, Invalid
from dashboard.records.change import PutBack
from dashboard.services.changes.made import Made
from dashboard.services.changes.sources import Sources
from dashboard.weights.dtypes import Array


def put_back(sources: Sources, change: PutBack) -> Made:
    """Return the version's tensors with the units and tensors of the base."""
    require_parts(sources, change)
    base, own = 1, 0
    tensors: dict[str, Array] = {name: sources.read(base, name) for name in change.tensors}
    for place in change.units:
        for name in unit_tensors(sources.base.version.spec, place.layer):
            if name not in change.tensors:
                if name not in tensors:
                    tensors[name] = np.array(sources.read(own, name))
                tensors[name][..., place.unit] = sources.read(base, name)[..., place.unit]
    units = [{"layer": place.layer, "unit": place.unit} for place in change.units]
    return Made(sources, tensors, {"put_back": {"units": units, "tensors": list(change.tensors)}})


def require_parts(sources: Sources, change: PutBack) -> None:
    """Raise Invalid with each unit and tensor that the versions do not have, Conflict where no units are known."""
    version = sources.base.version
    wrong: dict[str, str] = {}
    for name in change.tensors:
        if name not in sources.base.tensors:
            wrong["tensors"] = f"{version.reference} has no tensor named {name[:200]!r}."
    if change.units and not version.can_run:
        raise Conflict(f"Units can be put back in dense networks only: name tensors. {version.why_not_run}", "units")
    layers = version.spec.layers
    for number, place in enumerate(change.units):
        if place.layer > len(layers):
            wrong[f"units.{number}.layer"] = f"{version.reference} has layers 1 to {len(layers)}."
        elif place.unit >= (units := layers[place.layer - 1].units):
            wrong[f"units.{number}.unit"] = f"Layer {place.layer} has units 0 to {units - 1:,}."
    if wrong:
        raise Invalid(wrong)

"""The two versions whose losses are compared: what they must share, in words where they do not."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson

from dashboard.data.preprocessing import Preprocessing
from dashboard.engine.line import Line
from dashboard.errors import Conflict
from dashboard.records.dataset import Dataset
from dashboard.records.network import Version
from dashboard.records.why import WhyRequest
from dashboard.services.changes.measured import dataset_of, why_no_records
from dashboard.services.changes.sources import Sources, load_sources
from dashboard.services.versions.evaluation import why_not_measured
from dashboard.services.workspace import Workspace

SIDES = ("base", "other")


class WhyPair(NamedTuple):
    """Both versions with their tensors, the dataset that both belong to, and how its records are read."""

    sources: Sources
    dataset: Dataset
    preprocessing: Preprocessing

    @property
    def base(self) -> Version:
        """The version on the left."""
        return self.sources.versions[0].version

    @property
    def other(self) -> Version:
        """The version on the right, whose change of loss is explained."""
        return self.sources.versions[1].version

    def content(self) -> str:
        """Return what every number of the two depends on: weights, layers, loss, records, and how these are read."""
        own = [self.base.sha256, self.other.sha256, self.dataset.folder, self.dataset.spec, computed(self.other)]
        text = orjson.dumps([*own, self.other.preprocessing], option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)
        return hashlib.sha256(text).hexdigest()

    def line(self) -> Line:
        """Return the line between both; raises Conflict where weights are NaN or Inf, NotAsSaved if one is damaged."""
        sides = []
        for place, side in enumerate(SIDES):
            tensors = {name: self.sources.read(place, name) for name in self.sources.base.tensors}
            if not all(np.isfinite(array).all() for array in tensors.values()):
                reference = self.sources.versions[place].version.reference
                raise Conflict(f"{reference} has weights that are NaN or Inf: there is no line to it.", side)
            sides.append(tensors)
        return Line(self.other.spec, *sides)


def load_pair(workspace: Workspace, request: WhyRequest) -> WhyPair:
    """Return the two versions of a request.

    Raises NotFound or UserError naming the side, Conflict in words where their losses cannot be compared weight by
    weight: versions that cannot run here, other tensors, layers, losses, datasets, or another reading of records.
    """
    sources = load_sources(workspace, [("base", request.base), ("other", request.other)])
    base, other = (one.version for one in sources.versions)
    for side, version in zip(SIDES, (base, other), strict=True):
        if why := why_not_measured(version) or why_no_records(workspace, version):
            raise Conflict(f"{why} So there is no loss whose change could be explained.", side)
    if base.dataset != other.dataset:
        raise Conflict(
            f"{base.reference} belongs to the dataset {base.dataset}, {other.reference} to {other.dataset}: "
            "choose two versions of one dataset.",
            "other",
        )
    if differ := _differing(computed(base), computed(other)):
        raise Conflict(
            f"{base.reference} and {other.reference} compute differently ({differ}): there is no line of weights "
            "between them. Choose two versions with the same layers and loss.",
            "other",
        )
    if base.preprocessing != other.preprocessing:
        raise Conflict(
            f"{base.reference} and {other.reference} read records differently: the scaling, the columns or the classes "
            "are not the same. Choose two versions that were trained with the same scaling, on the same records.",
            "other",
        )
    return WhyPair(sources, dataset_of(workspace, other), Preprocessing.from_json(other.preprocessing))


def computed(version: Version) -> dict[str, Any]:
    """Return what a loss depends on besides weights and records: the activations, biases and the loss itself."""
    layers = {
        f"layer {number}": [layer.units, layer.activation, layer.bias]
        for number, layer in enumerate(version.spec.layers, start=1)
    }
    return layers | {"loss": version.spec.training.loss}


def _differing(base: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return the names of what differs."""
    return ", ".join(name for name in [*base, *other.keys() - base.keys()] if base.get(name) != other.get(name))

"""The tensors that the units of a hidden layer stand in."""

import itertools
from dataclasses import dataclass

from dashboard.records.network import NetworkSpec


@dataclass(frozen=True)
class HiddenLayer:
    """A layer's units are the columns of `weight`, the cells of `bias` if it has one, and the rows of `after`."""

    weight: str
    bias: str | None
    after: str


def hidden_layers(spec: NetworkSpec) -> list[HiddenLayer]:
    """Return the hidden layers of a network, in order; the units of the last layer are its outputs."""
    names = [f"layer_{number:02d}" for number in range(1, len(spec.layers) + 1)]
    return [
        HiddenLayer(f"{name}.weight", f"{name}.bias" if layer.bias else None, f"{after}.weight")
        for layer, (name, after) in zip(spec.layers[:-1], itertools.pairwise(names), strict=True)
    ]

"""What a file of weights is made of: a version's facts and tensors, and what our own files state about themselves."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dashboard.formats.chains import Chain, Link
from dashboard.formats.types import numpy_type

FORM = 1
"""Of what our files state about themselves."""
OWN = "weightbase"
"""The name under which our files state it."""


class TensorFact(NamedTuple):
    """A tensor that is to be written: one of the 13 types of tables, its shape, and the SHA-256 of its bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def bytes(self) -> int:
        """How many bytes its numbers have."""
        return math.prod(self.shape) * numpy_type(self.dtype).itemsize


class Description(NamedTuple):
    """A version as writers see it. `slug` is the network's name made safe; `spec` is None where it has no layers.

    `spec` and `preprocessing` are plain JSON, as `NetworkSpec.to_json` and `Preprocessing.to_json` return them.
    """

    network: str
    slug: str
    version: int
    sha256: str
    purpose: str
    spec: dict[str, Any] | None
    preprocessing: dict[str, Any]
    tensors: tuple[TensorFact, ...]
    missing_words: tuple[str, ...] = ("",)
    """Texts of a file's cells, in small letters, that stand for a missing value."""

    @property
    def bytes(self) -> int:
        """How many bytes all numbers have together."""
        return sum(tensor.bytes for tensor in self.tensors)

    @property
    def layers(self) -> list[dict[str, Any]]:
        """The layers of a dense network: units, activation, bias and so on; none of another one."""
        return list(self.spec["layers"]) if self.spec else []

    @property
    def dtypes(self) -> set[str]:
        """The types of its tensors."""
        return {tensor.dtype for tensor in self.tensors}

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON; `description_from_json` reads it back."""
        return self._asdict() | {"tensors": [tensor._asdict() for tensor in self.tensors]}


def description_from_json(data: Mapping[str, Any]) -> Description:
    """Return the description that `to_json` wrote."""
    tensors = tuple(TensorFact(**{**one, "shape": tuple(one["shape"])}) for one in data["tensors"])
    return Description(**{**data, "tensors": tensors, "missing_words": tuple(data["missing_words"])})


def layer_names(number: int) -> tuple[str, str]:
    """Return the names of a dense layer's weight and bias, counted from 1."""
    return f"layer_{number:02d}.weight", f"layer_{number:02d}.bias"


def chain_of(description: Description, turned: bool = False, names: Sequence[tuple[str, str]] = ()) -> Chain:
    """Return which tensors of a file are the layers of a dense network; without layers it is empty.

    `turned` says that the weights are (units, inputs) in the file, `names` what weight and bias of each layer are
    called there if not as here.
    """
    links = []
    for place, layer in enumerate(description.layers):
        weight, bias = names[place] if names else layer_names(place + 1)
        links.append(Link(weight, bias if layer["bias"] else None, turned, layer["activation"]))
    return Chain(tuple(links))


def own_facts(description: Description, format_name: str, chain: Chain, **more: object) -> str:
    """Return what a file states about itself as JSON, the same text each time."""
    facts = {
        "form": FORM,
        "format": format_name,
        "network": description.network,
        "version": description.version,
        "sha256": description.sha256,
        "purpose": description.purpose,
        "spec": description.spec,
        "preprocessing": description.preprocessing,
        "tensors": [tensor.name for tensor in description.tensors],
        "chain": chain.to_json(),
    }
    return json.dumps(facts | more, sort_keys=True)

"""What a version is to the writers of formats, and which formats it can be exported in."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from dashboard.data.cells import MISSING_WORDS
from dashboard.data.preprocessing import Preprocessing
from dashboard.errors import Conflict, Invalid
from dashboard.formats.description import Description, TensorFact
from dashboard.formats.types import Array
from dashboard.formats.writer import Writer
from dashboard.formats.writer_registry import WRITERS
from dashboard.records.network import Network, Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.networks import get_network
from dashboard.services.versions.reading import get_detail
from dashboard.services.versions.tensors import array
from dashboard.services.workspace import Workspace

BY_NAME = {writer.name: writer for writer in WRITERS}
BY_SUFFIX = {writer.suffix: writer for writer in WRITERS}


class Leaving(NamedTuple):
    """A version that is to be taken away, with its tensors in their order."""

    version: Version
    tensors: list[TensorInfo]
    description: Description

    @property
    def stem(self) -> str:
        """The name of its file without the ending, such as mnist_v0003."""
        return f"{self.version.slug}_v{self.version.number:04d}"


def leaving(workspace: Workspace, network_name: str, number: int) -> Leaving:
    """Return a version as it is taken away; raises NotFound with the nearest ones."""
    detail, network = get_detail(workspace, network_name, number), get_network(workspace, network_name)
    return Leaving(detail.version, detail.tensors, _description(network, detail.version, detail.tensors))


def _description(network: Network, version: Version, tensors: list[TensorInfo]) -> Description:
    return Description(
        network=version.network,
        slug=version.slug,
        version=version.number,
        sha256=version.sha256,
        purpose=network.purpose,
        spec=version.spec.to_json() if _has_layers(version, tensors) else None,
        preprocessing=_preprocessing(version),
        tensors=tuple(TensorFact(one.name, one.dtype, one.shape, one.sha256) for one in tensors),
        missing_words=MISSING_WORDS,
    )


def _preprocessing(version: Version) -> dict[str, Any]:
    """Return a version's preprocessing with every field, younger ones included; nothing if it has none."""
    known = version.preprocessing
    return json.loads(json.dumps(Preprocessing.from_json(known).to_json())) if known else {}


def _has_layers(version: Version, tensors: list[TensorInfo]) -> bool:
    """Return whether a version's tensors are those of its definition, and nothing else."""
    shapes = {tensor.name: tensor.shape for tensor in tensors}
    return version.can_run and shapes == dict(version.spec.tensor_shapes)


def arrays_of(workspace: Workspace, taken: Leaving) -> Iterator[Array]:
    """Yield the tensors one after the other, each proven; raises NotAsSaved naming the one that is damaged."""
    for tensor in taken.tensors:
        yield array(workspace, taken.version, tensor)


def writer_of(format_name: str) -> Writer:
    """Return the writer of a format; raises Invalid naming those that there are."""
    if format_name not in BY_NAME:
        raise Invalid({"format": f"Choose one of {', '.join(BY_NAME)}."})
    return BY_NAME[format_name]


def require_writable(writer: Writer, taken: Leaving) -> None:
    """Raise Conflict with the reason if a version cannot be exported in a format."""
    if reason := writer.why_not(taken.description):
        raise Conflict(f"{taken.version.reference} cannot be exported as {writer.words}. {reason}", "format")

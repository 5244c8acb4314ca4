"""The versions that a child is made from: their tensors, what they must share, and whether they have one origin."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dashboard.catalogue import versions as version_rows
from dashboard.errors import Conflict, NotFound
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.compare.pairs import VersionTensors
from dashboard.services.compare.versions import load_tensors, parse_reference
from dashboard.services.versions.tensors import array
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

MOST_ANCESTORS = 1000
LISTED = 5


class Sources(NamedTuple):
    """The versions of a change, the first of which it is a change of, and the workspace that they are read from."""

    workspace: Workspace
    versions: tuple[VersionTensors, ...]

    @property
    def base(self) -> VersionTensors:
        """The version that is changed: the child's parent."""
        return self.versions[0]

    def read(self, place: int, name: str) -> Array:
        """Return a tensor of one of the versions, read-only; raises StoreError."""
        source = self.versions[place]
        return array(self.workspace, source.version, source.tensors[name])

    def each(self, name: str) -> list[Array]:
        """Return the tensor of this name of every version."""
        return [self.read(place, name) for place in range(len(self.versions))]

    def is_equal(self, name: str) -> bool:
        """Return whether a tensor has the same bits in all versions, by their checksums."""
        return len({source.tensors[name].sha256 for source in self.versions}) == 1


def load_sources(workspace: Workspace, references: Sequence[tuple[str, str]]) -> Sources:
    """Return the versions of (field, reference), which have tensors of the same names, shapes and types.

    Raises NotFound or UserError naming the field, Conflict if a version has other tensors than the first.
    """
    sources = Sources(workspace, tuple(load_tensors(workspace, references)))
    base = _forms(sources.base.tensors)
    for (field, reference), source in zip(references[1:], sources.versions[1:], strict=True):
        others = _forms(source.tensors)
        if others != base:
            names = sorted(name for name in base.keys() | others.keys() if base.get(name) != others.get(name))
            listed = ", ".join(names[:LISTED])[:200]
            first = sources.base.version.reference
            raise Conflict(f"{reference} has other names, shapes or types than {first}: {listed}.", field)
    return sources


def _forms(tensors: Mapping[str, TensorInfo]) -> dict[str, tuple[tuple[int, ...], str]]:
    return {name: (info.shape, info.dtype) for name, info in tensors.items()}


def share_ancestor(workspace: Workspace, versions: Sequence[Version]) -> bool:
    """Return whether all versions come from one version or one run, as far back as the catalogue knows."""
    each = [_ancestors(workspace, version) for version in versions]
    return bool(set.intersection(*each))


def _ancestors(workspace: Workspace, version: Version) -> set[tuple[str, Any]]:
    """Return the runs and the versions that a version comes from, itself included."""
    known: set[tuple[str, Any]] = set()
    waiting = [version]
    with workspace.catalogue.reading() as connection:
        while waiting and len(known) < MOST_ANCESTORS:
            one = waiting.pop()
            if ("version", one.reference) in known:
                continue
            known.add(("version", one.reference))
            if one.run_id is not None:
                known.add(("run", one.run_id))
            origin = version_rows.get_origin(connection, one.id)
            for reference in {*parents_of(origin), *([one.parent] if one.parent else [])}:
                try:
                    waiting.append(version_rows.get_version(connection, *parse_reference(reference, "version")))
                except NotFound:  # deleted: nothing more is known of it than its name
                    known.add(("version", reference))
    return known


def parents_of(origin: Mapping[str, Any]) -> list[str]:
    """Return the versions that an origin names as what it was made of."""
    of = origin.get("of")
    named = [one.get("version") for one in of if isinstance(one, dict)] if isinstance(of, list) else []
    return [name for name in named if isinstance(name, str) and ":" in name]

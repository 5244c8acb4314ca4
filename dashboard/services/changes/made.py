"""What a change makes of a version, before it is saved."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from dashboard.services.changes.sources import Sources
from dashboard.weights.dtypes import Array


class Made(NamedTuple):
    """What a change makes: its tensors by name, those that stay the parent's left out, and what its origin says.

    `taken` are tensors without floating numbers that differ between the versions: the child has those of the first.
    """

    sources: Sources
    tensors: Mapping[str, Array]
    origin: dict[str, Any]
    taken: tuple[str, ...] = ()
    of_one_origin: bool = True

    def all_tensors(self) -> dict[str, Array]:
        """Return all tensors of the child, those that stay the parent's read from the store."""
        names = self.sources.base.tensors
        return {name: self.tensors[name] if name in self.tensors else self.sources.read(0, name) for name in names}

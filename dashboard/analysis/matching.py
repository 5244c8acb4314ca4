"""Which tensor of one version is which of another: by name, then by order among those of one shape."""

from collections.abc import Sequence
from typing import NamedTuple

Named = tuple[str, tuple[int, ...]]


class Pair(NamedTuple):
    """A tensor of the base and its counterpart; one of them is None where there is no counterpart."""

    base: str | None
    other: str | None


def match_tensors(base: Sequence[Named], other: Sequence[Named]) -> list[Pair]:
    """Pair the tensors of two versions, in the order of the base, then what was added.

    A name that both have belongs together, whatever its shape; of the rest, the first of a shape in the base
    belongs to the first of that shape in the other.
    """
    other_names = {name for name, _ in other}
    base_names = {name for name, _ in base}
    free = [(name, shape) for name, shape in other if name not in base_names]
    pairs = []
    for name, shape in base:
        partner: str | None = name if name in other_names else None
        if partner is None:
            match = next((candidate for candidate in free if candidate[1] == shape), None)
            if match is not None:
                free.remove(match)
                partner = match[0]
        pairs.append(Pair(name, partner))
    return pairs + [Pair(None, name) for name, _ in free]

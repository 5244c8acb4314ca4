"""Which tensor of one version is which of another: by hand, by name, then by order among those of one shape."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Named = tuple[str, tuple[int, ...]]


class Pair(NamedTuple):
    """A tensor of the base and its counterpart; one of them is None where there is no counterpart."""

    base: str | None
    other: str | None


def match_tensors(
    base: Sequence[Named], other: Sequence[Named], by_hand: Mapping[str, str] | None = None
) -> list[Pair]:
    """Pair the tensors of two versions, in the order of the base, then what was added, in the order of the other.

    What a person paired (`by_hand`: base's name -> other's name; names that are not there are passed over) comes
    first. Then tensors of the same name are paired, whatever the shape; of the rest, the first of a shape in the
    base belongs to the first of that shape in the other.
    """
    free, shapes = dict(other), dict(base)
    partners: dict[str, str] = {}
    for name, partner in [*(by_hand or {}).items(), *((name, name) for name in shapes)]:
        if name in shapes and name not in partners and partner in free:
            partners[name] = partner
            del free[partner]
    alike: defaultdict[tuple[int, ...], deque[str]] = defaultdict(deque)
    for candidate, shape in free.items():
        alike[shape].append(candidate)
    for name, shape in shapes.items():
        if name not in partners and alike[shape]:
            partners[name] = alike[shape].popleft()
            del free[partners[name]]
    return [Pair(name, partners.get(name)) for name in shapes] + [Pair(None, name) for name in free]

"""Since which version something holds, where it is not known of every version: some cannot be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.services.history.tensor import TensorVersion


@dataclass(frozen=True)
class Since:
    """The version since which something holds to the end; of those right before it (`unknown`) nobody knows."""

    version: TensorVersion
    unknown: list[TensorVersion]
    is_first: bool


def since_of(versions: Sequence[TensorVersion], holds: Sequence[bool | None]) -> Since | None:
    """Return since when something holds, None where it is unknown; None if it does not hold in the newest version."""
    start = len(holds)
    while start and holds[start - 1]:
        start -= 1
    if start == len(holds):
        return None
    known = start
    while known and holds[known - 1] is None:
        known -= 1
    return Since(versions[start], list(versions[known:start]), start == 0)

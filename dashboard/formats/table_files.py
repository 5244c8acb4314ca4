"""What the CSV files of a version's tensors are called in a ZIP."""

import itertools
from collections.abc import Iterator, Sequence


def file_names(tensors: Sequence[str]) -> dict[str, str]:
    """Return tensor -> the name of its CSV in a ZIP: no two are the same, whatever the case of letters."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for tensor in tensors:
        name = next(name for name in _candidates(safe_stem(tensor)) if name.casefold() not in taken)
        taken.add(name.casefold())
        names[tensor] = f"{name}.csv"
    return names


def safe_stem(tensor: str) -> str:
    """Return a tensor's name as that of a file, without the ending, such as layer_01_weight."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in tensor)[:100] or "tensor"


def _candidates(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in itertools.count(2))

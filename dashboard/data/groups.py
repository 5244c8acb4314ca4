"""Several targets of classes: each is a group of outputs, one for each of its classes."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def output_labels(targets: Iterable[str], classes: Iterable[Sequence[str]]) -> list[str]:
    """Return the name of each output, target=class, group after group."""
    return [f"{target}={name}" for target, own in zip(targets, classes, strict=True) for name in own]


def group_of(label: int, sizes: Sequence[int]) -> tuple[int, int]:
    """Return the target that a class is of, and its code there; `label` counts the classes of all targets."""
    for place, size in enumerate(sizes):
        if label < size:
            return place, label
        label -= size
    raise IndexError(f"There is no class {label} beyond those of all targets.")


def is_of_class(target: NDArray[Any], label: int, sizes: Sequence[int]) -> NDArray[np.bool_]:
    """Return which records are of a class, (rows,); `sizes` are those of the groups of several targets."""
    if not sizes:
        return np.asarray(target == label)
    place, code = group_of(label, sizes)
    return np.asarray(target[:, place] == code)

"""Which records a network learns from, which it is measured on after each epoch, and which only at the end."""

from typing import Any, NamedTuple

import numpy as np

Rows = np.ndarray[Any, np.dtype[np.int64]]
DEFAULT_SHARE = 0.1
MOST_BY_DEFAULT = 2000


class Split(NamedTuple):
    """Row numbers of the three parts, each in ascending order; together they are all rows, once."""

    train: Rows
    validation: Rows
    test: Rows


def default_share(rows: int) -> float:
    """Return a tenth, or less where a tenth would be more than 2,000 rows: a larger sample measures hardly better."""
    return min(DEFAULT_SHARE, MOST_BY_DEFAULT / rows) if rows else DEFAULT_SHARE


def split(target: np.ndarray[Any, Any], validation: float, test: float, seed: int, task: str) -> Split:
    """Split rows by shares of 0 to 1, for a classification in each class alike (stratified).

    The same target, shares and seed give the same parts. A class keeps at least one record for training, so a
    class of a single record is not lost.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    groups = [np.flatnonzero(target == code) for code in np.unique(target)] if task == "classification" else []
    groups = groups or [np.arange(len(target))]
    parts: tuple[list[Rows], list[Rows], list[Rows]] = ([], [], [])
    debts = [0.0, 0.0]
    for group in groups:
        rows = generator.permutation(group)
        sizes = _sizes(len(rows), (validation, test), debts)
        parts[1].append(rows[: sizes[0]])
        parts[2].append(rows[sizes[0] : sum(sizes)])
        parts[0].append(rows[sum(sizes) :])
    train, valid, tested = (np.sort(np.concatenate(part)).astype(np.int64) for part in parts)
    return Split(train, valid, tested)


def _sizes(rows: int, shares: tuple[float, float], debts: list[float]) -> tuple[int, int]:
    """Return how many of a class's rows go to validation and test; what rounding owes is carried to the next class."""
    sizes = []
    left = rows - 1
    for index, share in enumerate(shares):
        wanted = rows * share + debts[index]
        size = max(min(round(wanted), left), 0)
        debts[index] = wanted - size
        left -= size
        sizes.append(size)
    return sizes[0], sizes[1]

"""Which records a network learns from, which it is measured on after each epoch, and which only at the end."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Rows = np.ndarray[Any, np.dtype[np.int64]]
DEFAULT_SHARE = 0.1
MOST_BY_DEFAULT = 2000
TRAINING, VALIDATION, TEST = "training", "validation", "test"
"""The files that a dataset can be made of, each for its part."""
PARTS_FILE = "parts.npy"
"""In a dataset's folder, the part of each row; a dataset that is split at random has none."""
KEYS_FILE = "keys.npy"
"""In a dataset's folder, the group of each row, or its place in the order, where a column says so."""


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

    Of several targets (rows, targets) the classes are those of the first one.
    The same target, shares and seed give the same parts. A class keeps at least one record for training, so a
    class of a single record is not lost.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    target = target[:, 0] if task == "classification" and target.ndim > 1 else target
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


def sizes_of_split(counts: Sequence[int], validation: float, test: float) -> dict[str, int]:
    """Return part -> its rows, of a `split` of classes with so many records each, or of all rows as one."""
    debts = [0.0, 0.0]
    sizes = [_sizes(count, (validation, test), debts) for count in counts if count]
    valid, tested = (sum(size[part] for size in sizes) for part in range(2))
    return {"train": sum(counts) - valid - tested, "validation": valid, "test": tested}


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


def ordered_split(keys: np.ndarray[Any, Any], validation: float, test: float) -> Split:
    """Split rows by the order of their keys (rows,): the first ones train, the last are the test part; ties by row."""
    order = np.argsort(keys, kind="stable").astype(np.int64)
    sizes = _sizes(len(order), (validation, test), [0.0, 0.0])
    train = len(order) - sum(sizes)
    parts = order[:train], order[train : train + sizes[0]], order[train + sizes[0] :]
    return Split(*map(np.sort, parts))


def grouped_split(groups: np.ndarray[Any, Any], validation: float, test: float, seed: int) -> Split:
    """Split rows so that those of one group (rows,), whole numbers, are in one part; parts are near their shares.

    Each part with a share gets one group at least, and so does training; there must be as many.
    """
    names, codes, counts = np.unique(groups, return_inverse=True, return_counts=True)
    left = np.random.Generator(np.random.PCG64(seed)).permutation(len(names)).tolist()
    part_of = np.zeros(len(names), np.int64)
    for part, share in ((1, validation), (2, test)):
        wanted, size = share * len(groups), 0.0
        later = 1 + (part == 1 and test > 0)  # groups that the parts after this one need
        for group in list(left):
            is_needed = size == 0 and share > 0
            if len(left) > later and (is_needed or (size + counts[group] / 2 <= wanted and share > 0)):
                part_of[group], size = part, size + counts[group]
                left.remove(group)
    return split_of_codes(part_of[codes])


def split_of_codes(codes: np.ndarray[Any, Any]) -> Split:
    """Return the parts of rows of which it is known in which part they are: 0, 1 and 2, (rows,)."""
    return Split(*(np.flatnonzero(codes == part).astype(np.int64) for part in range(3)))


def codes_of_split(parts: Split, rows: int) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Return the part of each row, 0, 1 or 2, (rows,), 3 for those in none: what `split_of_codes` takes."""
    codes = np.full(rows, len(parts), np.int8)
    for part, chosen in enumerate(parts):
        codes[chosen] = part
    return codes

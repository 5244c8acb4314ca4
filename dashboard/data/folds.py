"""Folds: which records are held out in each training of a cross-validation, by the method of the dataset's own split.

Classes are dealt out alike (stratified), groups stay whole, and what has an order is only ever predicted from what
came before (forward chaining). The same records, number of folds and seed give the same folds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.data.dataset import Arrays, ingest
from dashboard.data.specification import DatasetSpec
from dashboard.data.splitting import KEYS_FILE, Split, grouped_split, ordered_split, split
from dashboard.errors import Invalid
from dashboard.files import ONE_HEADER

Keys = NDArray[np.int64]
MOST_LOOKED_THROUGH = 10_000


def split_keys(folder: Path, spec: DatasetSpec, rows: int, scratch: Path) -> Keys:
    """Return the group, or the place in the order, of each row of a dataset that is split by groups or in order.

    The file is read again, into a folder in `scratch`, for a dataset that was added before they were stored with it.
    """
    if not spec.split_by:
        return np.arange(rows)
    if (folder / KEYS_FILE).exists():
        return _opened(folder / KEYS_FILE)
    with TemporaryDirectory(dir=scratch) as fresh:
        ingest(folder / "original.csv", spec, Path(fresh))
        return _opened(Path(fresh) / KEYS_FILE)


def require_enough(what: str, there: int, needed: int, count: int) -> None:
    """Raise Invalid if there are fewer records or groups than so many folds need."""
    if there < needed:
        message = f"{there:,} {what} are too few for {count} folds, which need {needed:,}"
        raise Invalid({"folds": f"{message}: choose fewer folds."})


@dataclass(frozen=True)
class Folds:
    """Which records each of `count` folds holds out: of `method` stratified, random, grouped or ordered.

    `places` (rows,) is the fold of each row, or in order its place in the order; `keys` are the groups. `share` of the
    records that are left to train on become the validation part, next to `further` ones that no fold holds out.
    """

    method: str
    count: int
    target: NDArray[Any]
    places: Keys
    keys: Keys
    seed: int
    share: float
    further: Keys

    def parts(self, fold: int) -> Split:
        """Return the parts of a fold, from 0, of which the test part is held out; raises Invalid without validation."""
        own = self._ordered(fold) if self.method == "ordered" else self._held_out(fold)
        if self.share and not len(own.validation):
            message = f"No records are left for validation in fold {fold + 1} of {self.count}"
            raise Invalid({"folds": f"{message}: choose another number of folds."})
        return own._replace(validation=np.concatenate([own.validation, self.further]))

    def _held_out(self, fold: int) -> Split:
        held = self.places == fold
        rows = np.flatnonzero(~held)
        if self.method == "grouped":
            own = grouped_split(self.keys[rows], self.share, 0.0, self.seed)
        else:
            task = "classification" if self.method == "stratified" else "regression"
            own = split(self.target[rows], self.share, 0.0, self.seed, task)
        return Split(rows[own.train], rows[own.validation], np.flatnonzero(held))

    def _ordered(self, fold: int) -> Split:
        """Return the parts where the last rows are held out, piece after piece, and those before a piece train."""
        size = len(self.places) // (self.count + 1)
        begin = len(self.places) - (self.count - fold) * size
        own = ordered_split(np.arange(begin), self.share, 0.0)
        parts = self.places[own.train], self.places[own.validation], self.places[begin : begin + size]
        return Split(*map(np.sort, parts))


def make_folds(
    arrays: Arrays, method: str, keys: Keys, count: int, seed: int, share: float, given: Mapping[str, int] | None = None
) -> Folds:
    """Return the folds of a dataset; `method` is that of its split, `keys` (rows,) are its groups or its order.

    `given` says how many of the last rows are from a validation and a test file of their own: no fold holds them out.
    Raises Invalid if there are too few records or groups for so many folds.
    """
    files = given or {}
    first = len(arrays.target) - sum(files.values())
    further = np.arange(first, first + files.get("validation", 0))
    target, keys, is_by_class = np.asarray(arrays.target)[:first], keys[:first], arrays.task == "classification"
    target = target[:, 0] if is_by_class and target.ndim > 1 else target  # as `split` does
    if method == "ordered":
        require_enough("records", len(target), count + 2, count)
        places = np.argsort(keys, kind="stable").astype(np.int64)
    elif method == "grouped":
        require_enough("groups", len(np.unique(keys)), count, count)
        places = grouped_folds(keys, count, seed)
    else:
        require_enough("records", len(target), 2 * count, count)
        method = "stratified" if is_by_class else "random"
        places = stratified_folds(target if is_by_class else np.zeros(len(target)), count, seed)
    folds = Folds(method, count, target, places, keys, seed, share, further)
    if method == "grouped" or len(target) < MOST_LOOKED_THROUGH:  # a larger set has records for every part
        for fold in range(count):
            folds.parts(fold)  # what cannot be is refused before anything is trained
    return folds


def stratified_folds(classes: NDArray[Any], count: int, seed: int) -> Keys:
    """Return the fold of each row (rows,), from 0: sizes differ by one at most, and so does each class in them.

    The rows of each class, shuffled, are dealt out one after another, the next class where the last one ended.
    """
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]
    folds = np.empty(len(classes), np.int64)
    folds[order] = np.arange(len(classes)) % count
    return folds


def grouped_folds(groups: Keys, count: int, seed: int) -> Keys:
    """Return the fold of each row (rows,), from 0, groups whole: the largest ones first, each to the smallest fold."""
    names, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(names))
    fold_of, filled = np.empty(len(names), np.int64), np.zeros(count, np.int64)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold_of[group] = np.argmin(filled)
        filled[fold_of[group]] += sizes[group]
    folds: Keys = fold_of[codes]
    return folds


def _opened(path: Path) -> Keys:
    with ONE_HEADER:
        keys: Keys = np.load(path)
    return keys

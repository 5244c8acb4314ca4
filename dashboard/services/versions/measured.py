"""What an evaluation measured, kept for a while: its page and each of its files show the same measurement."""

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, overload

from cachetools import LRUCache

from dashboard.data.dataset import Array, Arrays
from dashboard.services.dataset_records import record_values

MOST_BYTES = 32 * 2**20
BYTES_OF_NUMBERS = 100_000
"""About what metrics take, with a confusion matrix."""


@dataclass(frozen=True)
class RecordAnswer:
    """What a version answers for a record: `record` counts from 0, `inputs` are its values as they were read.

    `error` orders the answers: of a number how far it is off, of a class how far the best other class is above the
    true one (negative where the answer is right).
    """

    record: int
    target: Any
    predicted: Any
    error: float
    inputs: dict[str, Any]

    @property
    def is_right(self) -> bool:
        """Whether the answer is the target."""
        return bool(self.target == self.predicted)


@dataclass(frozen=True)
class Measured:
    """The numbers of an evaluation; of the worst records, the worst first, the row, answers and error of each.

    `targets` and `predicted` are codes of classes, int32, or numbers in the target's own unit, float64; (rows, targets)
    of several targets. The error of a record with several targets of classes is the largest of them.
    """

    metrics: dict[str, Any]
    baseline: dict[str, float]
    constant: str | float | None
    by_place: bool
    rows: Array
    targets: Array
    predicted: Array
    errors: Array

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        arrays = (self.rows, self.targets, self.predicted, self.errors)
        return BYTES_OF_NUMBERS + sum(array.nbytes for array in arrays)


class WorstRecords(Sequence[RecordAnswer]):
    """The worst answers, whose records are read from the dataset when they are looked at.

    `names` are those of the classes, empty for a number; `read` returns the dataset's records. Of several `targets` an
    answer is a dict; `groups` has the classes of each if they have some.
    """

    def __init__(
        self,
        measured: Measured,
        names: Sequence[str],
        read: Callable[[], Arrays],
        targets: Sequence[str] = (),
        groups: Sequence[Sequence[str]] = (),
    ) -> None:
        self.measured, self.names, self.read = measured, names, read
        self.targets, self.groups = targets, groups

    @cached_property
    def _arrays(self) -> Arrays:
        return self.read()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.measured.rows)

    @overload
    def __getitem__(self, place: int) -> RecordAnswer: ...

    @overload
    def __getitem__(self, place: slice) -> list[RecordAnswer]: ...

    def __getitem__(self, place: int | slice) -> RecordAnswer | list[RecordAnswer]:
        """Return a record's answer, 0 being the worst, or a list of several."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        row, own = int(self.measured.rows[place]), self.measured
        target, predicted = (self._answer(values[place]) for values in (own.targets, own.predicted))
        return RecordAnswer(row, target, predicted, float(own.errors[place]), record_values(self._arrays, row))

    def where(self, chosen: Array) -> "WorstRecords":
        """Return those of which `chosen`, (records,) bool, says so, in the same order."""
        own = self.measured
        arrays = {name: getattr(own, name)[chosen] for name in ("rows", "targets", "predicted", "errors")}
        return WorstRecords(replace(own, **arrays), self.names, self.read, self.targets, self.groups)

    def _answer(self, value: Any) -> Any:  # noqa: ANN401 - a class, a number or several
        if self.targets:
            values = value.tolist()
            if self.groups:
                values = [own[code] for own, code in zip(self.groups, values, strict=True)]
            return dict(zip(self.targets, values, strict=True))
        return self.names[int(value)] if self.names else float(value)


class MeasuredCache:
    """The measurements that were looked at last, up to so many bytes; threads may use it at the same time."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._known: LRUCache[Hashable, Measured] = LRUCache(most, getsizeof=lambda one: one.size)
        self._lock = threading.Lock()

    def get_or_measure(self, key: Hashable, measure: Callable[[], Measured]) -> Measured:
        """Return the measurement of a key, made if it is not there; one that is too large is not kept."""
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = measure()
            with self._lock:
                if known.size <= self._known.maxsize:
                    self._known[key] = known
        return known

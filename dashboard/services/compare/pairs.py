"""Two tensors that are compared: what changed between them is counted once, and cached by their content.

A few differences are in memory. Those of many tensors would take seconds each time, and are in a file for each pair of
versions.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from dashboard.analysis.differences import TensorDifference, tensor_difference
from dashboard.errors import NotAsSaved
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.cache.numbers import Budget, Numbers, cached_numbers
from dashboard.services.versions.tensors import array
from dashboard.services.workspace import Workspace

Array = np.ndarray[Any, Any]
Result = TypeVar("Result")

FEW = 100
"""Of versions with more tensors than that the differences are cached on disk."""
NUMBERS = tuple(TensorDifference.__annotations__)


@dataclass(frozen=True)
class VersionTensors:
    """A version and its tensors by name."""

    version: Version
    tensors: dict[str, TensorInfo]


@dataclass(frozen=True)
class TensorPair:
    """A tensor of the base and its counterpart of the same shape; their cells are read on first use."""

    workspace: Workspace
    base: VersionTensors
    other: VersionTensors
    one: TensorInfo
    two: TensorInfo

    @property
    def content(self) -> str:
        """What every number of the comparison depends on: the checksums of both versions."""
        return f"{self.base.version.sha256} {self.other.version.sha256}"

    @property
    def contents(self) -> tuple[Hashable, ...]:
        """What the numbers of these two depend on: the content of both tensors."""
        return tuple((info.dtype, info.shape, info.sha256) for info in (self.one, self.two))

    @cached_property
    def before(self) -> Array:
        """The base's cells, read-only and proven; raises StoreError."""
        return array(self.workspace, self.base.version, self.one)

    @cached_property
    def after(self) -> Array:
        """The other's cells, read-only and proven; raises StoreError."""
        return array(self.workspace, self.other.version, self.two)

    def known(self, *what: Hashable) -> Any:  # noqa: ANN401 - any result of `cached`
        """Return the cached result for `what`, None if there is none yet."""
        return self.workspace.results.get((*what, *self.contents))

    def cached(self, compute: Callable[[Array, Array], Result], *what: Hashable) -> Result:
        """Return the result of `compute` for the cells of both sides, cached by their content and by `what`."""
        known: Result | None = self.known(*what)
        if known is not None:
            return known
        result = compute(self.before, self.after)
        self.workspace.results.put((*what, *self.contents), result)
        return result

    def difference(self) -> TensorDifference:
        """Return what changed, in a few numbers."""
        return self.cached(tensor_difference, "difference")


def differences(pairs: Sequence[TensorPair], budget: Budget, on_disk: bool) -> list[TensorDifference | None]:
    """Return what changed in each of these pairs of two versions; raises StoreError.

    They are cached in memory, or `on_disk`. None is what is not cached, and may not be counted within the budget.
    """
    if not on_disk or not pairs:
        return [pair.known("difference") if budget.seconds == 0 else pair.difference() for pair in pairs]
    group = f"{' '.join(NUMBERS)} from {pairs[0].content}"  # whoever counts other numbers does not find these
    keys = [str(pair.contents) for pair in pairs]
    cells = [pair.one.rows * pair.one.columns for pair in pairs]
    try:
        known = cached_numbers(pairs[0].workspace, group, keys, cells, lambda place: _count(pairs[place]), budget)
    except _Damaged as damaged:
        raise damaged.error from damaged
    return [None if numbers is None else _difference(numbers) for numbers in known]


class _Damaged(Exception):
    """Brings the error of a damaged table out of `cached_numbers`, which would leave its numbers out."""

    def __init__(self, error: NotAsSaved) -> None:
        super().__init__(error.message)
        self.error = error


def _count(pair: TensorPair) -> Numbers:
    try:
        numbers = vars(tensor_difference(pair.before, pair.after))
    except NotAsSaved as error:
        raise _Damaged(error) from error
    return {name: str(value) if value in (np.inf, -np.inf) else value for name, value in numbers.items()}


def _difference(numbers: Mapping[str, Any]) -> TensorDifference:
    values: dict[str, Any] = {name: float(at) if isinstance(at, str) else at for name, at in numbers.items()}
    cells = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return TensorDifference(**values | cells)

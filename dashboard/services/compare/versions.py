"""The diff of two versions: base on the left, other on the right; metrics, settings, and every tensor."""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from dashboard.analysis.differences import TensorDifference
from dashboard.analysis.matching import Pair, match_tensors
from dashboard.catalogue import versions as version_rows
from dashboard.errors import NotFound, UserError
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.cache.numbers import NOTHING, UNLIMITED, Budget
from dashboard.services.compare.pairs import FEW, TensorPair, VersionTensors, differences
from dashboard.services.versions.reading import read_version
from dashboard.services.workspace import Workspace

__all__ = ["TensorDifference"]  # for those who may not import the analysis

PAIRED = ".."
"""Stands between the names of two tensors that a person has paired."""

NUMBER_NAMES = (*TensorDifference.__annotations__, "identical")
"""The numbers of a tensor's difference, as `TensorDifference.to_json` names them."""


class DiffRequest(NamedTuple):
    """What to compare: two versions as name:number, and tensors that a person has paired, as base..other."""

    base: str
    other: str
    by_hand: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparedVersions:
    """Both sides of a comparison, loaded once; `by_hand` are the pairs of tensors that a person has made."""

    workspace: Workspace
    base: VersionTensors
    other: VersionTensors
    by_hand: dict[str, str]

    def matched(self) -> list[Pair]:
        """Return the names of matching tensors, None on a side that has no counterpart."""
        one, two = ([(info.name, info.shape) for info in side.tensors.values()] for side in (self.base, self.other))
        return match_tensors(one, two, self.by_hand)


@dataclass(frozen=True)
class TensorDiff:
    """A tensor's row of a diff: status is equal, changed, added, removed or reshaped; numbers if both sides have cells.

    Tensors too large to be compared cell by cell have no numbers, either. `by_hand` says whether a person has paired
    the two; `pair` is set if both have the same shape.
    """

    name: str
    status: str
    base: TensorInfo | None
    other: TensorInfo | None
    numbers: TensorDifference | None
    by_hand: bool = False
    pair: TensorPair | None = None


@dataclass(frozen=True)
class DiffFact:
    """One metric or setting side by side; None where a side has none."""

    name: str
    base: Any
    other: Any

    @property
    def equal(self) -> bool:
        """Whether both sides have the same value."""
        return bool(self.base == self.other)


@dataclass(frozen=True)
class VersionDiff:
    """The whole comparison of two versions; `uncounted` tensors have no numbers yet because the time was over."""

    base: Version
    other: Version
    metrics: list[DiffFact]
    settings: list[DiffFact]
    tensors: list[TensorDiff]
    uncounted: int = 0

    @property
    def is_on_same_data(self) -> bool:
        """Whether the metrics of both were measured on one dataset; those of different data cannot be compared."""
        return self.base.dataset == self.other.dataset

    @property
    def identical(self) -> bool:
        """Whether every tensor is equal, bit for bit."""
        return all(tensor.status == "equal" for tensor in self.tensors)

    @property
    def is_in_part(self) -> bool:
        """Whether there are changed tensors whose cells were not compared."""
        return any(tensor.status == "changed" and tensor.numbers is None for tensor in self.tensors)


def parse_reference(text: str, field: str) -> tuple[str, int]:
    """Read a version written as name:number; raises UserError."""
    name, colon, number = text.rpartition(":")
    if not colon or not re.fullmatch("[0-9]{1,100}", number) or not name:
        raise UserError(f"Write the {field} version as name:number, such as mnist-digits:3.", field)
    return name, int(number)


def load_tensors(workspace: Workspace, references: Sequence[tuple[str, str]]) -> list[VersionTensors]:
    """Return the versions of (field, reference) with their tensors; raises UserError or NotFound naming the field."""
    loaded = []
    with workspace.catalogue.reading() as connection:
        for field, reference in references:
            name, number = parse_reference(reference, field)
            try:
                version = read_version(workspace, connection, name, number)
            except NotFound as error:
                raise NotFound(error.message, field, error.nearest) from error
            tensors = version_rows.list_tensors(connection, version.id)
            loaded.append(VersionTensors(version, {info.name: info for info in tensors}))
    return loaded


def load_versions(workspace: Workspace, request: DiffRequest) -> ComparedVersions:
    """Return both versions of a comparison; raises UserError or NotFound naming the field."""
    base, other = load_tensors(workspace, [("base", request.base), ("other", request.other)])
    return ComparedVersions(workspace, base, other, _by_hand(request.by_hand, base, other))


def compare(
    versions: ComparedVersions,
    most_cells: int | None = None,
    counted: Collection[str] | None = None,
    budget: Budget = UNLIMITED,
) -> VersionDiff:
    """Compare two versions, of one network or of two; raises StoreError.

    Tensors of more than `most_cells`, those whose rows have other names than those `counted`, and of many tensors those
    for which the time of the budget is over, are compared by their checksums only; they have no numbers, unless these
    are cached.
    """
    base, other = versions.base.version, versions.other.version
    rows = [_tensor_diff(versions, pair) for pair in versions.matched()]

    def is_wanted(row: TensorDiff, pair: TensorPair) -> bool:
        is_large = most_cells is not None and math.prod(pair.one.shape) > most_cells
        return not is_large and (counted is None or row.name in counted)

    wanted = {row.name for row in rows if row.pair is not None and is_wanted(row, row.pair)}
    numbers = _numbers(rows, wanted, budget)
    tensors = [_numbered(row, numbers.get(row.name)) for row in rows]
    settings = _facts(_flat_settings(base), _flat_settings(other))
    left = sum(numbers[name] is None for name in wanted)
    return VersionDiff(base, other, _facts(base.metrics, other.metrics), settings, tensors, left)


def neighbours(workspace: Workspace, version: Version) -> tuple[int | None, int | None]:
    """Return the numbers of the versions before and after one of a comparison."""
    with workspace.catalogue.reading() as connection:
        return version_rows.neighbours(connection, version)


def tensor_pair(versions: ComparedVersions, tensor_name: str) -> TensorPair:
    """Return a tensor (named as in either version) with its counterpart of the same shape; raises NotFound."""
    base, other = versions.base, versions.other
    pairs = [
        TensorPair(versions.workspace, base, other, base.tensors[pair.base], other.tensors[pair.other])
        for pair in versions.matched()
        if pair.base is not None and pair.other is not None
    ]
    alike = [pair for pair in pairs if pair.one.shape == pair.two.shape]
    named = [pair for pair in alike if pair.one.name == tensor_name] or [
        pair for pair in alike if pair.two.name == tensor_name
    ]
    if not named:
        matched = [pair.one.name for pair in alike]
        raise NotFound(f"The two versions have no common tensor named {tensor_name!r}.", "tensor", matched)
    return named[0]


def _by_hand(texts: Sequence[str], base: VersionTensors, other: VersionTensors) -> dict[str, str]:
    """Return the pairs that a person has made; a name may contain the sign between the two."""
    pairs = {}
    for text in texts:
        splits = ((text[: sign.start()], text[sign.start() + 2 :]) for sign in re.finditer(r"(?=\.\.)", text))
        pair = next(((one, two) for one, two in splits if one in base.tensors and two in other.tensors), None)
        if pair is None:
            raise NotFound(
                f"{text!r} pairs no tensors: write it as a tensor of the base, two points, and a tensor of the other.",
                "pair",
                [*base.tensors, *other.tensors],
            )
        pairs[pair[0]] = pair[1]
    return pairs


def _numbers(rows: Iterable[TensorDiff], wanted: Collection[str], budget: Budget) -> dict[str, TensorDifference | None]:
    """Return the numbers of the rows whose two sides have the same shape; of those not wanted what is cached."""
    pairs = {row.name: row.pair for row in rows if row.pair is not None}
    numbers: dict[str, TensorDifference | None] = {}
    for names, allowed in ((wanted, budget), (pairs.keys() - wanted, NOTHING)):
        some = [pairs[name] for name in names]
        numbers |= zip(names, differences(some, allowed, len(pairs) > FEW), strict=True)
    return numbers


def _numbered(row: TensorDiff, numbers: TensorDifference | None) -> TensorDiff:
    if numbers is None:
        return row
    return replace(row, status="equal" if numbers.identical else "changed", numbers=numbers)


def _tensor_diff(versions: ComparedVersions, pair: Pair) -> TensorDiff:
    """Return the row of a tensor as checksums say, without numbers."""
    one = versions.base.tensors[pair.base] if pair.base is not None else None
    two = versions.other.tensors[pair.other] if pair.other is not None else None
    by_hand = pair.base in versions.by_hand
    if one is None or two is None:
        info = one or two
        assert info is not None  # a pair has at least one side
        return TensorDiff(info.name, "added" if one is None else "removed", one, two, None)
    if one.shape != two.shape:
        return TensorDiff(one.name, "reshaped", one, two, None, by_hand)
    matched = TensorPair(versions.workspace, versions.base, versions.other, one, two)
    is_equal = (one.sha256, one.dtype) == (two.sha256, two.dtype)
    return TensorDiff(one.name, "equal" if is_equal else "changed", one, two, None, by_hand, matched)


def _flat_settings(version: Version) -> dict[str, Any]:
    spec = version.spec
    layers = {
        f"layer {number} {name}": value
        for number, layer in enumerate(spec.layers, start=1)
        for name, value in asdict(layer).items()
    }
    if not version.can_run:
        return {"epoch": version.epoch, "run": version.run_id}
    about = {"dataset": version.dataset or None, "epoch": version.epoch, "run": version.run_id}
    head = about | {"parameters": spec.parameters}
    return head | {"inputs": spec.inputs} | layers | asdict(spec.training)


def _facts(base: Mapping[str, Any], other: Mapping[str, Any]) -> list[DiffFact]:
    names = [*base, *(name for name in other if name not in base)]
    return [DiffFact(name, base.get(name), other.get(name)) for name in names]

"""The diff of two versions: base on the left, other on the right; metrics, settings, and every tensor."""

import math
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from dashboard.analysis.differences import TensorDifference, tensor_difference
from dashboard.analysis.matching import Pair, match_tensors
from dashboard.catalogue import versions as version_rows
from dashboard.errors import NotFound, UserError
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.versions.tensors import array
from dashboard.services.workspace import Workspace

Array = np.ndarray[Any, Any]
Found = TypeVar("Found")

PAIRED = ".."
"""Stands between the names of two tensors that a person has paired."""

NUMBER_NAMES = (*TensorDifference.__annotations__, "identical")
"""The numbers of a tensor's difference, as `TensorDifference.to_json` names them."""


class Asked(NamedTuple):
    """What is compared: two versions as name:number, and tensors that a person has paired, as base..other."""

    base: str
    other: str
    by_hand: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    """One side of a diff: a version and its tensors by name."""

    version: Version
    tensors: dict[str, TensorInfo]


@dataclass(frozen=True)
class TensorPair:
    """A tensor of the base and its counterpart of the same shape; their cells are read when they are asked for."""

    workspace: Workspace
    base: Side
    other: Side
    one: TensorInfo
    two: TensorInfo

    @cached_property
    def before(self) -> Array:
        """The base's cells, read-only; raises StoreError."""
        return array(self.workspace, self.base.version, self.one)

    @cached_property
    def after(self) -> Array:
        """The other's cells, read-only; raises StoreError."""
        return array(self.workspace, self.other.version, self.two)

    def known(self, *what: Hashable) -> Any:  # noqa: ANN401 - what `kept` was asked to find
        """Return what `kept` has found out, None if it is not known yet."""
        return self.workspace.kept.get(self._key(what))

    def kept(self, find: Callable[[Array, Array], Found], *what: Hashable) -> Found:
        """Return what `find` finds out about the cells of both sides; it is kept by their content and by `what`.

        Cells that do not come from the cache of decoded arrays, where only what is proven lies, may have been tampered
        with: what is found out about them is not kept.
        """
        known: Found | None = self.known(*what)
        if known is not None:
            return known
        found = find(self.before, self.after)
        if all(isinstance(cells, np.memmap) for cells in (self.before, self.after)):
            self.workspace.kept.keep(self._key(what), found)
        return found

    def _key(self, what: tuple[Hashable, ...]) -> Hashable:
        return (*what, *((info.dtype, info.shape, info.sha256) for info in (self.one, self.two)))

    def difference(self) -> TensorDifference:
        """Return what changed, in a few numbers."""
        return self.kept(tensor_difference, "difference")


@dataclass(frozen=True)
class TensorDiff:
    """One line of a diff: status is equal, changed, added, removed or reshaped; numbers where both sides have cells.

    Of tensors that were too large to be counted there are no numbers, either. `by_hand` tells whether a person has
    paired the two; `pair` is there where both have one shape.
    """

    name: str
    status: str
    base: TensorInfo | None
    other: TensorInfo | None
    numbers: TensorDifference | None
    by_hand: bool = False
    pair: TensorPair | None = None


@dataclass(frozen=True)
class Fact:
    """One metric or setting side by side; None where a side has none."""

    name: str
    base: Any
    other: Any

    @property
    def equal(self) -> bool:
        """Whether both sides say the same."""
        return bool(self.base == self.other)


@dataclass(frozen=True)
class VersionDiff:
    """The whole comparison of two versions."""

    base: Version
    other: Version
    metrics: list[Fact]
    settings: list[Fact]
    tensors: list[TensorDiff]

    @property
    def identical(self) -> bool:
        """Whether every tensor is equal, bit for bit."""
        return all(tensor.status == "equal" for tensor in self.tensors)


def parse_reference(text: str, field: str) -> tuple[str, int]:
    """Read a version written as name:number; raises UserError."""
    name, colon, number = text.rpartition(":")
    if not colon or not re.fullmatch("[0-9]{1,100}", number) or not name:
        raise UserError(f"Write the {field} version as name:number, such as mnist-digits:3.", field)
    return name, int(number)


def side(workspace: Workspace, reference: str, field: str) -> Side:
    """Return the version of a reference with its tensors; raises UserError or NotFound naming the field."""
    name, number = parse_reference(reference, field)
    with workspace.catalogue.reading() as connection:
        try:
            version = version_rows.get_version(connection, name, number)
        except NotFound as error:
            raise NotFound(error.message, field, error.nearest) from error
        return Side(version, {info.name: info for info in version_rows.list_tensors(connection, version.id)})


def compare(workspace: Workspace, asked: Asked, most_cells: int | None = None) -> VersionDiff:
    """Compare two versions, of one network or of two; raises UserError, NotFound or StoreError.

    Tensors of more than `most_cells` are told equal or changed by their checksums alone; they come without numbers,
    unless these are known already.
    """
    base, other = sides(workspace, asked)
    by_hand = _by_hand(asked.by_hand, base, other)
    tensors = [
        _tensor_diff(workspace, base, other, pair, most_cells, pair.base in by_hand)
        for pair in _matched(base, other, by_hand)
    ]
    return VersionDiff(base.version, other.version, _metrics(base, other), _settings(base, other), tensors)


def sides(workspace: Workspace, asked: Asked) -> tuple[Side, Side]:
    """Return both versions with their tensors; raises UserError or NotFound naming the field."""
    return side(workspace, asked.base, "base"), side(workspace, asked.other, "other")


def neighbours(workspace: Workspace, version: Version) -> tuple[int | None, int | None]:
    """Return the numbers of the versions before and after one of a comparison."""
    with workspace.catalogue.reading() as connection:
        return version_rows.neighbours(connection, version)


def tensor_pair(workspace: Workspace, asked: Asked, tensor_name: str) -> TensorPair:
    """Return a tensor (named as in either version) with its counterpart of the same shape; raises NotFound."""
    base, other = sides(workspace, asked)
    pairs = [
        TensorPair(workspace, base, other, base.tensors[pair.base], other.tensors[pair.other])
        for pair in _matched(base, other, _by_hand(asked.by_hand, base, other))
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


def _by_hand(texts: Sequence[str], base: Side, other: Side) -> dict[str, str]:
    """Return the pairs that a person has made; a name may have the sign between the two in itself."""
    found = {}
    for text in texts:
        splits = ((text[: sign.start()], text[sign.start() + 2 :]) for sign in re.finditer(r"(?=\.\.)", text))
        pair = next(((one, two) for one, two in splits if one in base.tensors and two in other.tensors), None)
        if pair is None:
            raise NotFound(
                f"{text!r} pairs no tensors: write it as a tensor of the base, two points, and a tensor of the other.",
                "pair",
                [*base.tensors, *other.tensors],
            )
        found[pair[0]] = pair[1]
    return found


def _matched(base: Side, other: Side, by_hand: Mapping[str, str]) -> list[Pair]:
    one, two = ([(info.name, info.shape) for info in part.tensors.values()] for part in (base, other))
    return match_tensors(one, two, by_hand)


def _tensor_diff(
    workspace: Workspace, base: Side, other: Side, pair: Pair, most_cells: int | None, by_hand: bool
) -> TensorDiff:
    one = base.tensors[pair.base] if pair.base is not None else None
    two = other.tensors[pair.other] if pair.other is not None else None
    if one is None or two is None:
        info = one or two
        assert info is not None  # a pair has at least one side
        return TensorDiff(info.name, "added" if one is None else "removed", one, two, None)
    if one.shape != two.shape:
        return TensorDiff(one.name, "reshaped", one, two, None, by_hand)
    matched = TensorPair(workspace, base, other, one, two)
    is_large = most_cells is not None and math.prod(one.shape) > most_cells
    numbers = matched.known("difference") if is_large else matched.difference()
    is_equal = numbers.identical if numbers else (one.sha256, one.dtype) == (two.sha256, two.dtype)
    return TensorDiff(one.name, "equal" if is_equal else "changed", one, two, numbers, by_hand, matched)


def _metrics(base: Side, other: Side) -> list[Fact]:
    return _facts(base.version.metrics, other.version.metrics)


def _settings(base: Side, other: Side) -> list[Fact]:
    return _facts(_flat_settings(base.version), _flat_settings(other.version))


def _flat_settings(version: Version) -> dict[str, Any]:
    spec = version.spec
    layers = {
        f"layer {number} {name}": value
        for number, layer in enumerate(spec.layers, start=1)
        for name, value in asdict(layer).items()
    }
    head = {"dataset": version.dataset, "epoch": version.epoch, "run": version.run_id, "parameters": spec.parameters}
    return head | {"inputs": spec.inputs} | layers | asdict(spec.training)


def _facts(base: Mapping[str, Any], other: Mapping[str, Any]) -> list[Fact]:
    names = [*base, *(name for name in other if name not in base)]
    return [Fact(name, base.get(name), other.get(name)) for name in names]

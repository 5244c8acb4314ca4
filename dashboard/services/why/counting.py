"""Counting why a loss changed: the shares of tensors and units, and what putting them back restores."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from dashboard.engine.line import Scores as Summed
from dashboard.engine.network import lay_out
from dashboard.engine.putting_back import Unit, score_put_back, tensor_mix, units_mix
from dashboard.engine.weight_shares import weight_shares
from dashboard.errors import Conflict
from dashboard.records.why import (
    MOST_UNITS,
    CurvePoint,
    PathPoint,
    Scored,
    TensorShare,
    UnitShare,
    WhyRequest,
    WhyResult,
)
from dashboard.services.why.pair import SIDES, WhyPair
from dashboard.services.why.records import Chosen
from dashboard.services.why.records_lost import class_losses, gained_records, lost_records, own_unit
from dashboard.weights.dtypes import Array

MOST_UNIT_WORK = 2**37
"""About how many weights are multiplied with records to put units back one by one; of more, the first ones are."""
FEWEST_UNITS = 16
MOST_DRAWN = 129
CURVE = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
STAGES = 3

Step = Callable[[int], None]
"""Called with the stage, from 0, before each part of the work; raises to stop it."""


class Counted(NamedTuple):
    """A result, and the share of every cell, (parameters,), in the order of the version's tensors."""

    result: WhyResult
    cells: Array


def count_why(pair: WhyPair, chosen: Chosen, request: WhyRequest, step: Step) -> Counted:
    """Compute why the loss changed; raises Conflict where a loss is not finite."""
    counting = _Counting(pair, chosen, step)
    shares, ends = counting.shares, counting.shares.ends
    tensors, units = counting.put_back()
    result = WhyResult(
        base=pair.base.reference,
        other=pair.other.reference,
        dataset=pair.dataset.name,
        part=chosen.part,
        label=request.label,
        record=request.record,
        records=counting.records.total,
        loss_name=pair.other.spec.training.loss,
        metric_name=counting.records.metric,
        base_score=counting.scored(ends.scores[0]),
        other_score=counting.scored(ends.scores[1]),
        change=shares.change,
        sum=float(shares.vector.sum()),
        error=shares.error,
        tolerance=shares.tolerance,
        is_complete=shares.error <= shares.tolerance,
        points=shares.points,
        path=counting.path(),
        tensors=tensors,
        units=tuple(units[:MOST_UNITS]),
        changed_units=len(units),
        curve=counting.curve(units),
        classes=class_losses(chosen, ends),
        lost=lost_records(chosen, ends),
        gained=gained_records(chosen, ends),
    )
    return Counted(result, shares.vector)


def count_cells(pair: WhyPair, chosen: Chosen, step: Callable[[], None]) -> Array:
    """Compute the share of every cell alone, (parameters,); raises Conflict where a loss is not finite."""
    return _Counting(pair, chosen, lambda _: step()).shares.vector


class _Counting:
    """The shares of a pair on its records, and what follows from them."""

    def __init__(self, pair: WhyPair, chosen: Chosen, step: Step) -> None:
        self.line, self.records, self.step = pair.line(), chosen.records(), step
        self.unit = own_unit(chosen.preprocessing)
        with np.errstate(over="ignore", invalid="ignore"):  # a loss beyond all numbers is refused in words
            self.shares = weight_shares(self.line, self.records, lambda: step(0))
        for side, version, score in zip(SIDES, (pair.base, pair.other), self.shares.ends.scores, strict=True):
            if not np.isfinite(score.loss):
                raise Conflict(f"The loss of {version.reference} is not finite: its change has no shares.", side)
        if not np.isfinite(self.shares.vector).all():
            raise Conflict("Between the two versions the loss is not finite: its change has no shares.", "other")

    def scored(self, summed: Summed) -> Scored:
        """Return scores; an error is in the target's own unit."""
        return Scored(summed.loss, summed.metric / self.unit)

    def path(self) -> tuple[PathPoint, ...]:
        """Return the points of the line, both ends among them; of very many an even choice."""
        known = self.shares.path
        places = np.unique(np.linspace(0, len(known) - 1, min(len(known), MOST_DRAWN)).round().astype(np.intp))
        return tuple(
            PathPoint(t, loss, metric / self.unit) for t, loss, metric in (known[place] for place in places.tolist())
        )

    def put_back(self) -> tuple[tuple[TensorShare, ...], list[UnitShare]]:
        """Return the tensors with their shares, and the units that have changed, the most important first."""
        units, tensors = self._changed_units(), list(self._tensors())
        measured = units[: self._most_measured()]
        places = [Unit(one.layer - 1, one.unit) for one in measured]
        mixes = [tensor_mix(self.line, layer, is_bias) for _, layer, is_bias, _, _ in tensors]
        put = score_put_back(self.line, self.records, places, mixes, lambda: self.step(1))
        shares = tuple(
            TensorShare(name, share, changed, self.scored(score))
            for (name, _, _, share, changed), score in zip(tensors, put.mixes, strict=True)
        )
        known = [self._with(unit, score) for unit, score in zip(measured, put.units, strict=True)]
        return shares, sorted(known, key=self._restored, reverse=True) + units[len(measured) :]

    def curve(self, units: list[UnitShare]) -> tuple[CurvePoint, ...]:
        """Return the scores with the first units put back, of more and more of them, and with all but those."""
        counts = sorted({count for count in CURVE if count < len(units)} | ({len(units)} if units else set()))
        places = [Unit(one.layer - 1, one.unit) for one in units]
        mixes = [units_mix(self.line, part) for count in counts for part in (places[:count], places[count:])]
        scores = score_put_back(self.line, self.records, [], mixes, lambda: self.step(2)).mixes
        shares = np.cumsum([one.share for one in units]).tolist()
        change = self.shares.change
        return tuple(
            CurvePoint(count, shares[count - 1] / change if change else None, self.scored(back), self.scored(rest))
            for count, back, rest in zip(counts, scores[::2], scores[1::2], strict=True)
        )

    def _with(self, unit: UnitShare, score: Summed) -> UnitShare:
        return UnitShare(unit.layer, unit.unit, unit.share, unit.changed, self.scored(score))

    def _restored(self, unit: UnitShare) -> float:
        """Return how much of the change of the loss is undone by putting a unit back alone."""
        assert unit.put_back is not None  # only units that were measured are ranked by it
        undone = self.shares.ends.scores[1].loss - unit.put_back.loss
        return undone if self.shares.change >= 0.0 else -undone

    def _changed_units(self) -> list[UnitShare]:
        """Return the units of which a weight or the bias has changed, those with the largest shares first."""
        units = []
        layers = zip(*(lay_out(self.line.spec, one) for one in (self.shares.vector, self.line.delta)), strict=True)
        for number, (share, delta) in enumerate(layers, start=1):
            sums, counts = share.block.sum(axis=0), np.count_nonzero(delta.block, axis=0)
            changed = np.flatnonzero(counts).tolist()
            units += [UnitShare(number, place, float(sums[place]), int(counts[place]), None) for place in changed]
        return sorted(units, key=lambda one: -abs(one.share))

    def _most_measured(self) -> int:
        """Return how many units are put back one by one: each is a pass through the layers behind its own."""
        behind = self.line.spec.parameters - self.line.base.layers[0].span.stop
        work = self.records.total * (behind + 8 * self.line.base.outputs)
        return int(np.clip(MOST_UNIT_WORK // work, FEWEST_UNITS, MOST_UNITS))

    def _tensors(self) -> Iterator[tuple[str, int, bool, float, int]]:
        """Yield each tensor: its name, its layer from 0, whether it is a bias, its share, how many cells changed."""
        layers = zip(*(lay_out(self.line.spec, one) for one in (self.shares.vector, self.line.delta)), strict=True)
        for place, (share, delta) in enumerate(layers):
            for part, array, change in (("weight", share.weight, delta.weight), ("bias", share.bias, delta.bias)):
                if array is not None:
                    name = f"layer_{place + 1:02d}.{part}"
                    yield name, place, part == "bias", float(array.sum()), int(np.count_nonzero(change))

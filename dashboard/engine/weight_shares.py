"""Why the loss differs between two networks: each weight's share of the change, the shares summing to it.

Integrated gradients (Sundararajan, Taly & Yan 2017) along the straight line between both in weight space: the share of
weight i is Δ_i · ∫₀¹ ∂L/∂w_i(base + t·Δ) dt. The integral is taken at 8 Gauss-Legendre points. Where the sum of the
shares is not the change of the loss to the tolerance, pieces of the line are halved, each again with 8 points, those
with the largest error first: on a piece the sum should be the change of the loss from its begin to its end, which is
known. So points gather where a rectifier has a kink. What is on the line comes with it: the loss and the metric at each
point (linear mode connectivity: Frankle, Dziugaite, Roy & Carbin 2020).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.line import Batch, Line, Point, Records, Scores, bias_of
from dashboard.engine.measuring import classes, nothing
from dashboard.engine.network import lay_out
from dashboard.records.why import ABSOLUTE, MOST_POINTS, TOLERANCE

Tick = Callable[[], None]
POINTS = 8
NODES, WEIGHTS = np.polynomial.legendre.leggauss(POINTS)
FEWEST_AT_MOST = 64
MOST_WORK = 2**36
"""About how many weights may be multiplied with records while points are added; of many records fewer are allowed."""
SPLIT_FROM = 0.25
"""Pieces are halved whose error is at least this share of the largest."""

Piece = tuple[float, float]


class Ends(NamedTuple):
    """Each record on both networks: `losses` (2, records); the answers are codes (2, records) or numbers by output."""

    losses: Array
    answers: Array
    targets: Array
    scores: tuple[Scores, Scores]


class Shares(NamedTuple):
    """The share of each weight, (parameters,), what they should sum to, and the points: t, mean loss and metric."""

    vector: Array
    ends: Ends
    path: tuple[tuple[float, float, float], ...]
    points: int
    tolerance: float

    @property
    def change(self) -> float:
        """The loss of the other less the loss of the base."""
        return change_of(self.ends)

    @property
    def error(self) -> float:
        """How far the sum of the shares is from the change."""
        return abs(float(self.vector.sum()) - self.change)


def change_of(ends: Ends) -> float:
    """Return the loss of the other less the loss of the base."""
    return ends.scores[1].loss - ends.scores[0].loss


def weight_shares(line: Line, records: Records, tick: Tick = nothing) -> Shares:
    """Return each weight's share of the change of the mean loss; `tick` is called before each batch of records."""
    sweep = _Sweep(line, records, tick)
    gradient, ends, scores = sweep.gradient(_rule([(0.0, 1.0)]), with_ends=True)
    assert ends is not None  # they were wanted
    change = change_of(ends)
    tolerance = tolerance_of(ends)
    points = POINTS
    error = float(gradient @ line.delta) - change
    if abs(error) > tolerance and np.isfinite(error):
        rule = _rule(_refined(sweep, ends, error, tolerance, most_points(line, records)))
        gradient, _, scores = sweep.gradient(rule)
        points = len(rule)
    path = [(0.0, ends.scores[0]), *scores, (1.0, ends.scores[1])]
    known = tuple((t, score.loss, score.metric) for t, score in path)
    return Shares(gradient * line.delta + 0.0, ends, known, points, tolerance)


def tolerance_of(ends: Ends) -> float:
    """Return how far the sum may be from the change: 0.1 % of it, or a billionth of the larger loss if that is more."""
    return max(TOLERANCE * abs(change_of(ends)), ABSOLUTE * max(score.loss for score in ends.scores))


def most_points(line: Line, records: Records) -> int:
    """Return on how many points the gradient may be taken, so that the time stays bounded."""
    first = line.spec.layers[0].units
    behind = line.spec.parameters - line.base.layers[0].span.stop
    return int(np.clip(MOST_WORK // (records.total * (behind + 16 * first)), FEWEST_AT_MOST, MOST_POINTS))


def _rule(pieces: Sequence[Piece]) -> list[tuple[float, float]]:
    """Return the points of all pieces in order, each with its weight."""
    return [
        (low + (high - low) * (1.0 + node) / 2.0, (high - low) * weight / 2.0)
        for low, high in sorted(pieces)
        for node, weight in zip(NODES.tolist(), WEIGHTS.tolist(), strict=True)
    ]


def _refined(sweep: "_Sweep", ends: Ends, error: float, tolerance: float, most: int) -> list[Piece]:
    """Return pieces of the line, the sum of whose errors is within the tolerance, or as many as are allowed."""
    errors = {(0.0, 1.0): error}
    losses = {0.0: ends.scores[0].loss, 1.0: ends.scores[1].loss}
    while abs(sum(errors.values())) > tolerance and len(errors) * POINTS < most:
        worst = max(map(abs, errors.values()))
        split = sorted((one for one in errors if abs(errors[one]) >= SPLIT_FROM * worst), key=lambda p: -abs(errors[p]))
        split = split[: most // POINTS - len(errors)]
        middles = [(low + high) / 2.0 for low, high in split]
        halves = [half for (low, high), at in zip(split, middles, strict=True) for half in ((low, at), (at, high))]
        known, slopes = sweep.slopes(middles, _rule(halves))
        losses |= dict(zip(middles, known, strict=True))
        for piece in split:
            del errors[piece]
        for place, (low, high) in enumerate(sorted(halves)):
            integral = sum(slopes[place * POINTS : (place + 1) * POINTS])
            errors[low, high] = integral - (losses[high] - losses[low])
    return list(errors)


class _Sweep:
    """Passes over all records, each batch by batch, at some points of the line."""

    def __init__(self, line: Line, records: Records, tick: Tick) -> None:
        self.line, self.records, self.tick = line, records, tick

    def batches(self) -> Iterator[tuple[Batch, Array, Array]]:
        """Yield each batch with the first layer's sums on base and other."""
        base, other = self.line.base.layers[0], self.line.other.layers[0]
        for batch in self.line.batches(self.records, self.tick):
            sums = batch.inputs @ base.weight + bias_of(base), batch.inputs @ other.weight + bias_of(other)
            yield batch, *sums

    def point(self, sums: Array, moves: Array, t: float) -> Point:
        """Return the network at t, where the first layer's sums are sums + t · moves."""
        return Point(self.line, sums + t * moves, partial(self.line.at, t=t))

    def gradient(
        self, rule: Sequence[tuple[float, float]], with_ends: bool = False
    ) -> tuple[Array, Ends | None, list[tuple[float, Scores]]]:
        """Return Σ weight · gradient of the mean loss over the points, (parameters,), and the scores at each."""
        vector = np.zeros_like(self.line.delta)
        layers = lay_out(self.line.spec, vector)
        scores = [Scores(self.line, self.records) for _ in rule]
        ends = _EndsSoFar(self.line, self.records) if with_ends else None
        for batch, base, other in self.batches():
            moves = other - base
            first = np.zeros_like(base)
            for (t, weight), score in zip(rule, scores, strict=True):
                point = self.point(base, moves, t)
                score.add(point, batch)
                for place, slope in point.backward(batch.targets, weight / self.records.total):
                    if place:
                        layers[place].weight[...] += point.values[place - 1].T @ slope
                        _add_bias(layers[place].bias, slope)
                first += slope
            layers[0].weight[...] += batch.inputs.T @ first
            _add_bias(layers[0].bias, first)
            if ends is not None:
                ends.add(batch, base, other)
        known = [(t, score) for (t, _), score in zip(rule, scores, strict=True)]
        return vector, None if ends is None else ends.ends(), known

    def slopes(self, places: Sequence[float], rule: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
        """Return the mean loss at each place, and weight · slope of the mean loss along the line at each point."""
        losses, slopes = np.zeros(len(places)), np.zeros(len(rule))
        for batch, base, other in self.batches():
            moves = other - base
            for number, t in enumerate(places):
                point = self.point(base, moves, t)
                losses[number] += float(self.line.loss.value(point.record, batch.targets).sum())
            for number, (t, weight) in enumerate(rule):
                slopes[number] += weight * self.point(base, moves, t).loss_slope(moves, batch.targets)
        count = self.records.total
        return (losses / count).tolist(), (slopes / count).tolist()


def _add_bias(bias: Array | None, slope: Array) -> None:
    if bias is not None:
        bias[...] += slope.sum(axis=0)


class _EndsSoFar:
    """Collects what both networks answer, batch by batch."""

    def __init__(self, line: Line, records: Records) -> None:
        self.line, self.records = line, records
        self.scores = (Scores(line, records), Scores(line, records))
        self.parts: list[tuple[Array, Array, Array]] = []

    def add(self, batch: Batch, base: Array, other: Array) -> None:
        """Add a batch, given the first layer's sums of both."""
        losses, answers = [], []
        for t, (score, sums) in enumerate(zip(self.scores, (base, other), strict=True)):
            point = Point(self.line, sums, partial(self.line.at, t=float(t)))
            score.add(point, batch)
            losses.append(self.line.loss.value(point.record, batch.targets))
            is_number = score.errors is not None
            answers.append(
                point.values[-1] if is_number else classes(point.record, score.tally.threshold, score.tally.groups)
            )
        targets = batch.targets if self.records.task == "regression" else batch.codes
        self.parts.append((np.stack(losses), np.stack(answers), targets.copy()))

    def ends(self) -> Ends:
        """Return all of them together."""
        losses, answers, targets = zip(*self.parts, strict=True)
        return Ends(np.concatenate(losses, 1), np.concatenate(answers, 1), np.concatenate(targets), self.scores)

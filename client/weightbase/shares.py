"""Each weight's share of the change of a loss between two models, from the gradients of their own framework.

Integrated gradients along the straight line between both (Sundararajan, Taly and Yan 2017): the share of a weight is
its change times the mean of its gradient on the line, so that all shares sum to the change of the loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from weightbase.modules import Module, same_form

POINTS, MOST = 8, 1024
"""Points on a piece of the line (Gauss and Legendre's), and at most so many in all."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(POINTS)
EXACT = 0.001
NAMED = 5
Piece = tuple[float, float]
WHOLE: Piece = (0.0, 1.0)


class Why(NamedTuple):
    """The loss of both models, and the share of each weight, by the names of the tensors.

    `buffers` is what the change of all numbers without gradients, such as running means, has done. `line` has the share
    of the way to the other model and the loss there. `error` is the sum of all shares less the change.
    """

    base: float
    other: float
    shares: dict[str, Any]
    buffers: float
    line: list[tuple[float, float]]
    error: float

    @property
    def change(self) -> float:
        """By how much the loss has changed."""
        return self.other - self.base

    @property
    def points(self) -> int:
        """The number of points on the line at which gradients were taken."""
        return len(self.line)

    @property
    def tensors(self) -> dict[str, float]:
        """The share of each tensor, the largest in size first."""
        sums = {name: float(share.sum()) for name, share in self.shares.items()}
        return dict(sorted(sums.items(), key=lambda one: -abs(one[1])))

    def __str__(self) -> str:
        """Say it in a few lines."""
        lines = [f"The loss went from {self.base:.4g} to {self.other:.4g} ({self.change:+.4g})."]
        lines += [f"  {share:+.4g} by {name}" for name, share in list(self.tensors.items())[:NAMED]]
        lines += [f"  {self.buffers:+.4g} by buffers"] if self.buffers else []
        return "\n".join([*lines, f"The shares sum to the change but for {self.error:+.2g} ({self.points} points)."])


def why(base: Any, other: Any, loss: Callable[[Any], Any]) -> Why:  # noqa: ANN401 - models of PyTorch, or dicts
    """Return each weight's share of the change of `loss` from one model to another of the same form.

    Two modules of PyTorch: `loss(model)` returns the loss of your records as PyTorch's number, and is called with
    `other`, which has its own weights again afterwards. Or two dicts of arrays: `loss(arrays)` returns the loss and a
    dict of its gradients, as `jax.value_and_grad(loss)` does. Raises TypeError or ValueError that says what to change.
    """
    with _line(base, other, loss) as line:
        ends = [line.loss_at(0.0), line.loss_at(1.0)]
        if line.loss_at(1.0) != ends[1] or not np.isfinite(ends).all():
            raise ValueError(
                f"The loss of the two is {ends[0]:.6g} and {ends[1]:.6g}, not finite or not the same twice: switch "
                "dropout off with model.eval(), and use the same records each time."
            )
        whole = _summed(line, ends[0], ends[1], [WHOLE])
        if abs(whole.error) <= EXACT * abs(whole.change):
            return whole
        return _summed(line, ends[0], ends[1], _refined(line, ends[0], ends[1], whole.error))


def _line(base: Any, other: Any, loss: Callable[[Any], Any]) -> Arrays | Module:  # noqa: ANN401
    if isinstance(base, Mapping) and isinstance(other, Mapping):
        return Arrays(base, other, loss)
    if all(hasattr(model, "named_parameters") for model in (base, other)):
        return Module(base, other, loss)
    raise TypeError(f"Give two modules of PyTorch, or two dicts of arrays, not {type(base).__name__}.")


def _refined(line: Arrays | Module, base: float, other: float, error: float) -> list[Piece]:
    """Return pieces of the line on which the shares sum to the change of the loss: those with the most error halved.

    On each piece the sum should be the change of the loss from its begin to its end, which is known: so points gather
    where a rectifier has a kink.
    """
    known, errors = {0.0: base, 1.0: other}, {WHOLE: error}
    while abs(sum(errors.values())) > EXACT * abs(other - base) and POINTS * len(errors) < MOST:
        largest = max(map(abs, errors.values()))
        for begin, end in [piece for piece, one in errors.items() if abs(one) >= largest / 4]:
            del errors[begin, end]
            middle = (begin + end) / 2
            known[middle] = line.loss_at(middle)
            for piece in ((begin, middle), (middle, end)):
                slopes = (weight * _slope(line, t) for t, weight in _rule([piece]))
                errors[piece] = sum(slopes) - (known[piece[1]] - known[piece[0]])
    return sorted(errors)


def _slope(line: Arrays | Module, t: float) -> float:
    """Return by how much the loss changes along the line at a point of it."""
    _, gradients = line.gradients_at(t)
    return line.slope_of_buffers(t) + sum(float((one * line.changes[name]).sum()) for name, one in gradients.items())


def _rule(pieces: list[Piece]) -> list[tuple[float, float]]:
    """Return the points of each piece with their weights."""
    halves = ((begin, (end - begin) / 2) for begin, end in pieces)
    return [
        (begin + half * (1 + node), half * weight)
        for begin, half in halves
        for node, weight in zip(NODES.tolist(), WEIGHTS.tolist())
    ]


def _summed(line: Arrays | Module, base: float, other: float, pieces: list[Piece]) -> Why:
    """Return the shares, summed over the points of these pieces in float64."""
    shares = {name: np.zeros(change.shape) for name, change in line.changes.items()}
    passed, buffers = [], 0.0
    for t, weight in _rule(pieces):
        value, gradients = line.gradients_at(t)
        passed.append((t, value))
        for name, gradient in gradients.items():
            shares[name] += weight * gradient * line.changes[name]
        buffers += weight * line.slope_of_buffers(t)
    total = buffers + sum(float(share.sum()) for share in shares.values())
    return Why(base, other, shares, buffers, passed, total - (other - base))


class Arrays:
    """The line between two dicts of arrays of the same names and shapes."""

    def __init__(self, base: Mapping[str, Any], other: Mapping[str, Any], loss: Callable[[Any], Any]) -> None:
        self._base = {name: np.asarray(array, np.float64) for name, array in base.items()}
        ends = {name: np.asarray(array, np.float64) for name, array in other.items()}
        same_form(
            {name: one.shape for name, one in self._base.items()}, {name: two.shape for name, two in ends.items()}
        )
        self.changes = {name: ends[name] - one for name, one in self._base.items()}
        self._loss = loss

    def __enter__(self) -> Arrays:
        """Change nothing."""
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing was changed."""

    def loss_at(self, t: float) -> float:
        """Return the loss at a share of the way."""
        return self.gradients_at(t)[0]

    def gradients_at(self, t: float) -> tuple[float, dict[str, Any]]:
        """Return the loss at a share of the way, and its gradients."""
        value, gradients = self._loss({name: one + t * self.changes[name] for name, one in self._base.items()})
        return float(value), {name: np.asarray(gradients[name], np.float64) for name in self.changes}

    def slope_of_buffers(self, t: float) -> float:
        """Return 0: every array of a dict has a gradient."""
        return 0.0

"""How a gradient moves the weights: one pass over the flat vector, each rule a function in place.

``rule(weights, gradient, slots, rate, momentum, step)`` changes `weights` and its `slots` (flat vectors like the
weights, zero at first) and may use up `gradient`; `step` counts from 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.network import Network, lay_out

RMSPROP_DECAY = 0.9
ADAM_MEAN_DECAY = 0.9
ADAM_SQUARE_DECAY = 0.999
EPSILON = 1e-8


@dataclass(frozen=True)
class Rule:
    """An optimizer's function, the names of its slots, and whether weight decay is kept apart from the gradient."""

    update: Callable[[Array, Array, Sequence[Array], float, float, int], None]
    slots: tuple[str, ...] = ()
    decoupled_decay: bool = False


def sgd(weights: Array, gradient: Array, slots: Sequence[Array], rate: float, momentum: float, step: int) -> None:
    """Step down the slope: w ← w − rate·g."""
    np.multiply(gradient, rate, out=gradient)
    np.subtract(weights, gradient, out=weights)


def momentum(weights: Array, gradient: Array, slots: Sequence[Array], rate: float, momentum: float, step: int) -> None:
    """Keep a velocity: v ← μ·v + g; w ← w − rate·v (Polyak 1964, in PyTorch's form)."""
    (velocity,) = slots
    np.multiply(velocity, momentum, out=velocity)
    np.add(velocity, gradient, out=velocity)
    np.multiply(velocity, rate, out=gradient)
    np.subtract(weights, gradient, out=weights)


def nesterov(weights: Array, gradient: Array, slots: Sequence[Array], rate: float, momentum: float, step: int) -> None:
    """Look ahead along the velocity: v ← μ·v + g; w ← w − rate·(g + μ·v) (Sutskever et al. 2013, in PyTorch's form)."""
    (velocity,) = slots
    np.multiply(velocity, momentum, out=velocity)
    np.add(velocity, gradient, out=velocity)
    np.multiply(gradient, rate, out=gradient)
    np.subtract(weights, gradient, out=weights)
    np.multiply(velocity, rate * momentum, out=gradient)
    np.subtract(weights, gradient, out=weights)


def rmsprop(weights: Array, gradient: Array, slots: Sequence[Array], rate: float, momentum: float, step: int) -> None:
    """Divide by the recent size: s ← 0.9·s + 0.1·g²; w ← w − rate·g/(√s + 1e-8) (Tieleman & Hinton 2012)."""
    (square,) = slots
    np.multiply(square, RMSPROP_DECAY, out=square)
    np.add(square, (1.0 - RMSPROP_DECAY) * gradient * gradient, out=square)
    np.divide(gradient, np.sqrt(square) + EPSILON, out=gradient)
    np.multiply(gradient, rate, out=gradient)
    np.subtract(weights, gradient, out=weights)


def adam(weights: Array, gradient: Array, slots: Sequence[Array], rate: float, momentum: float, step: int) -> None:
    """Step by mean over root mean square, both corrected for their start at 0 (Kingma & Ba 2015, algorithm 1).

    The slots hold M = m/(1 − β₁) and S = s/(1 − β₂), which saves two passes over the vector: with
    c = √((1 − β₂)/(1 − β₂ᵗ)) the step rate·m̂/(√ŝ + ε) is rate·(1 − β₁)/((1 − β₁ᵗ)·c) · M/(√S + ε/c).
    """
    mean, square = slots
    root = ((1.0 - ADAM_SQUARE_DECAY) / (1.0 - ADAM_SQUARE_DECAY**step)) ** 0.5
    factor = rate * (1.0 - ADAM_MEAN_DECAY) / ((1.0 - ADAM_MEAN_DECAY**step) * root)
    np.multiply(mean, ADAM_MEAN_DECAY, out=mean)
    np.add(mean, gradient, out=mean)
    np.multiply(gradient, gradient, out=gradient)
    np.multiply(square, ADAM_SQUARE_DECAY, out=square)
    np.add(square, gradient, out=square)
    np.sqrt(square, out=gradient)
    np.add(gradient, EPSILON / root, out=gradient)
    np.divide(mean, gradient, out=gradient)
    np.multiply(gradient, factor, out=gradient)
    np.subtract(weights, gradient, out=weights)


OPTIMIZERS: dict[str, Rule] = {
    "sgd": Rule(sgd),
    "momentum": Rule(momentum, ("velocity",)),
    "nesterov": Rule(nesterov, ("velocity",)),
    "rmsprop": Rule(rmsprop, ("square",)),
    "adam": Rule(adam, ("mean", "square")),
    "adamw": Rule(adam, ("mean", "square"), decoupled_decay=True),
}


class Optimizer:
    """A rule with its slots over a network's vector, and the gradient that it takes; frozen layers are stepped over.

    `weight_decay` λ acts on weights, not on biases: it adds λ·w to the gradient, after clipping; for adamw it shrinks
    the weights by rate·λ apart from the gradient (Loshchilov & Hutter 2019).
    """

    def __init__(self, network: Network) -> None:
        training = network.spec.training
        self.rule = OPTIMIZERS[training.optimizer]
        self.momentum = training.momentum
        self.decay = training.weight_decay
        self.gradient = np.zeros_like(network.vector)
        self.slots = {name: np.zeros_like(network.vector) for name in self.rule.slots}
        self.steps = 0
        self.parts = [
            (network.vector[span], self.gradient[span], [slot[span] for slot in self.slots.values()])
            for span in trainable_spans(network)
        ]
        pairs = zip(network.layers, lay_out(network.spec, self.gradient), strict=True)
        self.decaying = [pair for pair in pairs if self.decay and not pair[0].spec.frozen]

    def step(self, rate: float) -> None:
        """Move the weights by one step along `gradient` (parameters,), which is used up."""
        self.steps += 1
        for layer, slope in self.decaying:
            if self.rule.decoupled_decay:
                np.multiply(layer.weight, 1.0 - rate * self.decay, out=layer.weight)
            else:
                np.add(slope.weight, self.decay * layer.weight, out=slope.weight)
        for weights, gradient, slots in self.parts:
            self.rule.update(weights, gradient, slots, rate, self.momentum, self.steps)


def trainable_spans(network: Network) -> list[slice]:
    """Return the parts of the flat vector that are trained, neighbours joined."""
    spans: list[slice] = []
    for layer in network.layers:
        if layer.spec.frozen:
            continue
        if spans and spans[-1].stop == layer.span.start:
            spans[-1] = slice(spans[-1].start, layer.span.stop)
        else:
            spans.append(layer.span)
    return spans

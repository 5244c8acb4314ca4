"""How a gradient moves the weights: one pass over the flat vector, each rule a function in place.

``rule(weights, gradient, slots, rate, momentum, count)`` changes `weights` and its `slots` (flat vectors like the
weights, zero at first) and may use up `gradient`; `count` numbers the steps from 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.network import Parameters

Rate: TypeAlias = Array | float
"""A learning rate: a number, or one for each network of a stack, (networks, 1)."""

RMSPROP_DECAY = 0.9
ADAM_MEAN_DECAY = 0.9
ADAM_SQUARE_DECAY = 0.999
EPSILON = 1e-8


@dataclass(frozen=True)
class Rule:
    """An optimizer's function, the names of its slots, and two ways in which rules differ.

    One that `takes_steps` is given rate · gradient: the rate is put into the output layer's delta, a few numbers,
    and saves a pass over all weights. With `decoupled_decay`, weight decay is separate from the gradient.
    """

    update: Callable[[Array, Array, Sequence[Array], Rate, Rate, int], None]
    slots: tuple[str, ...] = ()
    takes_steps: bool = False
    decoupled_decay: bool = False


def sgd(weights: Array, step: Array, slots: Sequence[Array], rate: Rate, momentum: Rate, count: int) -> None:
    """Step down the slope: w ← w − rate·g."""
    np.subtract(weights, step, out=weights)


def momentum(weights: Array, step: Array, slots: Sequence[Array], rate: Rate, momentum: Rate, count: int) -> None:
    """Keep a velocity: v ← μ·v + rate·g; w ← w − v (Rumelhart, Hinton & Williams 1986, eq. 9)."""
    (velocity,) = slots
    np.multiply(velocity, momentum, out=velocity)
    np.add(velocity, step, out=velocity)
    np.subtract(weights, velocity, out=weights)


def nesterov(weights: Array, step: Array, slots: Sequence[Array], rate: Rate, momentum: Rate, count: int) -> None:
    """Look ahead along the velocity: v ← μ·v + rate·g; w ← w − rate·g − μ·v (Sutskever et al. 2013, sec. 2)."""
    (velocity,) = slots
    np.multiply(velocity, momentum, out=velocity)
    np.add(velocity, step, out=velocity)
    np.subtract(weights, step, out=weights)
    np.multiply(velocity, momentum, out=step)
    np.subtract(weights, step, out=weights)


def rmsprop(weights: Array, gradient: Array, slots: Sequence[Array], rate: Rate, momentum: Rate, count: int) -> None:
    """Divide by the recent size: s ← 0.9·s + 0.1·g²; w ← w − rate·g/(√s + 1e-8) (Tieleman & Hinton 2012)."""
    (square,) = slots
    np.multiply(square, RMSPROP_DECAY, out=square)
    np.add(square, (1.0 - RMSPROP_DECAY) * gradient * gradient, out=square)
    np.divide(gradient, np.sqrt(square) + EPSILON, out=gradient)
    np.multiply(gradient, rate, out=gradient)
    np.subtract(weights, gradient, out=weights)


def adam(weights: Array, gradient: Array, slots: Sequence[Array], rate: Rate, momentum: Rate, count: int) -> None:
    """Step by mean over root mean square, both corrected for their start at 0 (Kingma & Ba 2015, algorithm 1).

    The slots hold M = m/(1 − β₁) and S = s/(1 − β₂), which saves two passes over the vector: with
    c = √((1 − β₂)/(1 − β₂ᵗ)) the step rate·m̂/(√ŝ + ε) is rate·(1 − β₁)/((1 − β₁ᵗ)·c) · M/(√S + ε/c).
    """
    mean, square = slots
    root = ((1.0 - ADAM_SQUARE_DECAY) / (1.0 - ADAM_SQUARE_DECAY**count)) ** 0.5
    factor = rate * (1.0 - ADAM_MEAN_DECAY) / ((1.0 - ADAM_MEAN_DECAY**count) * root)
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
    "sgd": Rule(sgd, takes_steps=True),
    "momentum": Rule(momentum, ("velocity",), takes_steps=True),
    "nesterov": Rule(nesterov, ("velocity",), takes_steps=True),
    "rmsprop": Rule(rmsprop, ("square",)),
    "adam": Rule(adam, ("mean", "square")),
    "adamw": Rule(adam, ("mean", "square"), decoupled_decay=True),
}


class Optimizer:
    """A rule with its slots over a network's vector, and the gradient that it takes; frozen layers are stepped over.

    `weight_decay` λ acts on weights, not on biases: it adds λ·w to the gradient, after clipping; for adamw it shrinks
    the weights by rate·λ apart from the gradient (Loshchilov & Hutter 2019).
    """

    def __init__(self, network: Parameters) -> None:
        training = network.spec.training
        self.rule = OPTIMIZERS[training.optimizer]
        self.momentum = np.full((), training.momentum, network.dtype)
        self.decay = training.weight_decay
        self.vector = network.vector
        self.gradient = np.zeros_like(network.vector)
        self.slots = {name: np.zeros_like(network.vector) for name in self.rule.slots}
        self.steps = 0
        self.parts = [
            (network.vector[..., span], self.gradient[..., span], [slot[..., span] for slot in self.slots.values()])
            for span in trainable_spans(network)
        ]
        self.held = network.weight_mask() if self.decay else None

    def factor(self, rate: Rate) -> Rate:
        """Return what the gradient must come multiplied by."""
        return rate if self.rule.takes_steps else 1.0

    def step(self, rate: Rate) -> None:
        """Move the weights by one step along `gradient` (parameters,), times `factor`, which is used up."""
        self.steps += 1
        if self.held is not None:
            pull = self.decay * self.held * self.vector
            if self.rule.decoupled_decay:
                np.subtract(self.vector, pull * rate, out=self.vector)
            else:
                np.add(self.gradient, pull * self.factor(rate), out=self.gradient)
        for weights, gradient, slots in self.parts:
            self.rule.update(weights, gradient, slots, rate, self.momentum, self.steps)


def trainable_spans(network: Parameters) -> list[slice]:
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

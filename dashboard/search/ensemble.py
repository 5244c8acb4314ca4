"""The network that proposes: four small networks that predict a candidate's score, and how sure they are of it.

Each member is trained from scratch by our own engine, all as one stack, for so few steps that it does not learn the
trials by heart. Then its last layer is replaced by a Bayesian linear regression on what its last
hidden layer says of the trials, which gives each prediction a spread (Snoek et al., *Scalable Bayesian
optimization using deep neural networks*, 2015; Bishop, *Pattern Recognition and Machine Learning*, 2006, ch. 3). What
the members disagree on adds to it (Lakshminarayanan et al. 2017).
"""

import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np

from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.batched import StackTraining
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec

Array = np.ndarray[Any, Any]
MEMBERS = 4
UNITS = 48
STEPS = 50
BATCH = 25
LEARNING_RATE = 0.01
WEIGHT_DECAY = 0.01
NOISE_TRIALS, NOISE = 20.0, 0.5  # before it saw any trial, a member takes so much of a score's variance for noise
RATIOS = np.logspace(-5.0, 3.0, 33)


class Prediction(NamedTuple):
    """What is expected of candidates: normal scores' mean and spread, (candidates,) each."""

    mean: Array
    spread: Array


class Head(NamedTuple):
    """A member's last layer: the posterior's mean (units + 1,), its bias last, and a root of its covariance.

    The spread of a prediction from the units' values h is the norm of hᵀ·root; `noise` is the remaining variance.
    """

    mean: Array
    root: Array
    noise: float


class Ensemble:
    """Members trained on candidates' features (trials, features) and their normal scores (trials,)."""

    def __init__(self, features: Array, scores: Array, seed: int) -> None:
        spec = member_spec(features.shape[1], len(scores), seed)
        seeds = [int(one) for one in np.random.SeedSequence(seed).generate_state(MEMBERS) >> 1]
        samples = Samples(features, scores[:, None])
        training = StackTraining(spec, seeds, [spec.training.learning_rate] * MEMBERS, samples, None, "regression")
        for _ in training.epochs():
            pass
        self.members = [training.network(number) for number in range(MEMBERS)]
        self.heads = [fit_head(hidden_values(member, features), scores) for member in self.members]

    @property
    def noise(self) -> float:
        """The standard deviation of an outcome that the model does not explain."""
        return math.sqrt(sum(head.noise for head in self.heads) / MEMBERS)

    def predict(self, features: Array) -> Prediction:
        """Return the mean and the spread of the members' mixture for candidates' features."""
        parts = [
            _predict(hidden_values(member, features), head)
            for member, head in zip(self.members, self.heads, strict=True)
        ]
        means = np.array([part.mean for part in parts])
        squares = np.array([part.spread for part in parts]) ** 2
        return Prediction(means.mean(axis=0), np.sqrt(squares.mean(axis=0) + means.var(axis=0)))

    @property
    def spec(self) -> NetworkSpec:
        """The definition of the ensemble as one network."""
        return self.as_network().spec

    def tensors(self) -> dict[str, Array]:
        """Return the ensemble's weights, named and shaped as `spec` says."""
        return self.as_network().tensors()

    def as_network(self) -> Network:
        """Return the ensemble as one ordinary network, whose output is the mean that the members predict.

        Its hidden layers hold the members' units side by side: four blocks of columns in the first, four blocks on the
        diagonal of the second and zeros elsewhere, as the members are independent. The last layer is the mean of
        the members' regressions.
        """
        first = self.members[0].spec
        wide = tuple(dataclasses.replace(layer, units=MEMBERS * layer.units) for layer in first.layers[:-1])
        whole = Network(dataclasses.replace(first, layers=(*wide, first.layers[-1])))
        for number, (member, head) in enumerate(zip(self.members, self.heads, strict=True)):
            units = slice(number * UNITS, (number + 1) * UNITS)
            for place, (layer, own) in enumerate(zip(whole.layers[:-1], member.layers[:-1], strict=True)):
                layer.weight[slice(None) if place == 0 else units, units] = own.weight
                assert layer.bias is not None
                layer.bias[units] = own.bias
            last = whole.layers[-1]
            last.block[units, 0] = head.mean[:-1] / MEMBERS
            last.block[-1, 0] += head.mean[-1] / MEMBERS
        return whole


def member_spec(inputs: int, trials: int, seed: int) -> NetworkSpec:
    """Return a member's definition: as many epochs as make about STEPS steps, whatever the number of trials."""
    batch = min(BATCH, trials)
    training = TrainingSpec(
        loss="squared_error",
        optimizer="adamw",
        learning_rate=LEARNING_RATE,
        schedule="cosine",
        batch_size=batch,
        epochs=max(1, STEPS // -(-trials // batch)),
        weight_decay=WEIGHT_DECAY,
        seed=seed,
        scaling="none",
        save="last",
    )
    hidden = (LayerSpec(UNITS, "tanh"), LayerSpec(UNITS, "tanh"))
    return NetworkSpec(inputs, (*hidden, LayerSpec(1, "identity")), training)


def hidden_values(network: Network, features: Array) -> Array:
    """Return what the last hidden layer says of inputs (candidates, inputs): (candidates, units + 1), a 1 the last."""
    values = np.asarray(features, network.dtype)
    for layer in network.layers[:-1]:
        values = values @ layer.weight + (0.0 if layer.bias is None else layer.bias)
        ACTIVATIONS[layer.spec.activation].forward(values, np.zeros_like(values))
    return np.hstack([values, np.ones((len(values), 1))]).astype(np.float64)


def fit_head(hidden: Array, scores: Array) -> Head:
    """Return the linear regression of the highest evidence from hidden values (trials, units + 1) to scores (trials,).

    With the eigenvalues e and eigenvectors V of HᵀH, c = VᵀHᵀy and λ = prior precision / noise precision, the misfit
    is yᵀy − Σ c²/(e + λ), the noise for λ (misfit + n₀·v₀)/(n + n₀), its prior a scaled inverse χ² of n₀ = NOISE_TRIALS
    and v₀ = NOISE, and the log evidence −½·(Σ log(1 + e/λ) + (n + n₀)·log noise), but for what is the same for every λ
    (Bishop, eq. 3.86, in that basis). λ is the best of RATIOS.
    """
    values, vectors = np.linalg.eigh(hidden.T @ hidden)
    values = np.maximum(values, 0.0)[:, None]
    along = (vectors.T @ (hidden.T @ scores))[:, None]
    misfit = np.maximum(scores @ scores - (along**2 / (values + RATIOS)).sum(axis=0), 0.0)
    count = len(scores) + NOISE_TRIALS
    noise = (misfit + NOISE_TRIALS * NOISE) / count
    evidence = -0.5 * (np.log1p(values / RATIOS).sum(axis=0) + count * np.log(noise))
    best = int(np.argmax(evidence))
    shrunk = values[:, 0] + RATIOS[best]
    return Head(vectors @ (along[:, 0] / shrunk), vectors * np.sqrt(noise[best] / shrunk), float(noise[best]))


def _predict(hidden: Array, head: Head) -> Prediction:
    return Prediction(hidden @ head.mean, np.sqrt(((hidden @ head.root) ** 2).sum(axis=1)))

"""Trials of equal shape trained as one stack, where that is quicker, such as a winner on several seeds.

What may differ within a stack is the seed and the learning rate; all else is one product for all (engine/batched).
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from dashboard.engine.batched import StackTraining
from dashboard.engine.measuring import nothing
from dashboard.engine.samples import Samples
from dashboard.engine.training import EpochResult
from dashboard.errors import Invalid
from dashboard.records import NetworkSpec

MOST_WEIGHTS = 5_000


def have_one_shape(specs: Sequence[NetworkSpec]) -> bool:
    """Tell whether definitions differ in nothing but their seeds and learning rates."""
    return len({_neutral(spec) for spec in specs}) == 1


def is_quicker(specs: Sequence[NetworkSpec]) -> bool:
    """Tell whether training these together takes less time than one after another.

    That is so for two or more of one shape up to MOST_WEIGHTS parameters each: there the price of a call is most of a
    step, and `benchmarks/search.py --together` prints by how much it is shared. Larger ones are as quick alone, and
    can run side by side in processes of their own.
    """
    return len(specs) > 1 and have_one_shape(specs) and specs[0].parameters <= MOST_WEIGHTS


def on_seeds(spec: NetworkSpec, seeds: Sequence[int]) -> list[NetworkSpec]:
    """Return the definition once for each seed, as a winner is confirmed: one good score may have been luck."""
    return [dataclasses.replace(spec, training=dataclasses.replace(spec.training, seed=seed)) for seed in seeds]


def train_together(
    specs: Sequence[NetworkSpec], train: Samples, validation: Samples | None, task: str
) -> StackTraining:
    """Return a training of all these definitions as one stack; raises Invalid unless they have one shape."""
    if not specs or not have_one_shape(specs):
        raise Invalid(
            {"specs": "Only definitions that differ in seed and learning rate alone can be trained together."}
        )
    seeds = [spec.training.seed for spec in specs]
    rates = [spec.training.learning_rate for spec in specs]
    return StackTraining(specs[0], seeds, rates, train, validation, task)


def epochs_together(
    specs: Sequence[NetworkSpec],
    train: Samples,
    validation: Samples | None,
    task: str,
    tick: Callable[[], None] = nothing,
) -> Iterator[list[EpochResult | None]]:
    """Train definitions of one shape together; yield after each epoch a result for each, None for one that stopped.

    Within rounding each result is that of its own training (see engine/batched). Raises Invalid.
    """
    yield from train_together(specs, train, validation, task).epochs(tick)


def _neutral(spec: NetworkSpec) -> NetworkSpec:
    return dataclasses.replace(spec, training=dataclasses.replace(spec.training, seed=0, learning_rate=1.0))

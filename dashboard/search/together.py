"""Which trials are quicker trained as one stack, such as a small winner on several seeds (`jobs.together` does so).

What may differ within a stack is the seed and the learning rate; all else is one product for all (engine/batched).
"""

import dataclasses
from collections.abc import Sequence

from dashboard.records.network import NetworkSpec

MOST_WEIGHTS = 5_000
MOST_STEPS = 10_000


def is_quicker(specs: Sequence[NetworkSpec], rows: int) -> bool:
    """Return whether training these together on so many rows takes less time than one after another.

    That is so for two or more of one shape up to MOST_WEIGHTS parameters each: there the price of a call is most of a
    step, and `benchmarks/search.py --together` prints by how much it is shared. Larger ones are as quick alone, and
    can run side by side in processes of their own. An epoch has MOST_STEPS at most, about a second: one of a stack is
    cancelled at the end of an epoch.
    """
    one_shape = len({_neutral(spec) for spec in specs}) == 1
    small = specs[0].parameters <= MOST_WEIGHTS and rows <= MOST_STEPS * specs[0].training.batch_size
    return len(specs) > 1 and one_shape and small


def on_seeds(spec: NetworkSpec, seeds: Sequence[int]) -> list[NetworkSpec]:
    """Return the definition once for each seed, as a winner is confirmed: one good score may have been luck."""
    return [dataclasses.replace(spec, training=dataclasses.replace(spec.training, seed=seed)) for seed in seeds]


def _neutral(spec: NetworkSpec) -> NetworkSpec:
    return dataclasses.replace(spec, training=dataclasses.replace(spec.training, seed=0, learning_rate=1.0))

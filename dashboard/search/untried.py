"""A candidate that no earlier trial had: what a sampler repeats is skipped; where nothing new is left, there is none.

Two candidates are one if they train to the same weights, whatever they are called: their definitions are compared, not
their parameters. So a space that was changed in between is no exception, nor is a batch larger than the training part.
"""

import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from optuna.samplers import RandomSampler

from dashboard.records.network import NetworkSpec
from dashboard.records.training import TrainingSpec
from dashboard.search.grid import GridSampler
from dashboard.search.proposer import NeuralSampler
from dashboard.search.samplers import make_sampler
from dashboard.search.space import Params, SearchSpace
from dashboard.search.studies import Past, Proposal, build_study, propose

REPEATS = 8
"""So often a sampler is asked again, with another seed each time, before a candidate is drawn at random."""
DRAWN = 200
FEW = 1000
"""A space of no more candidates is looked through before the sampler is asked again."""


Definition = Callable[[Params], NetworkSpec]


class Choice(NamedTuple):
    """The candidate to train next (None: no other was found), and how many proposals were `skipped` as tried before.

    `all_tried` is how many candidates there are, once each of them has been tried; 0 where they cannot be listed.
    """

    proposal: Proposal | None
    skipped: int
    all_tried: int = 0


def same_weights(spec: NetworkSpec, records: int) -> NetworkSpec:
    """Return a definition that stands for all that train to the same weights on so many training records."""
    training = spec.training
    plain: dict[str, Any] = {"batch_size": min(training.batch_size, max(records, 1))}
    if training.optimizer == "adamw" and training.weight_decay == 0:
        plain["optimizer"] = "adam"  # they differ in how they decay weights
    if not _changes_rate(training):
        plain["schedule"] = "constant"
    return dataclasses.replace(spec, training=dataclasses.replace(training, **plain))


def choose(
    space: SearchSpace,
    sampler: str,
    seed: int,
    directions: Sequence[str],
    past: Sequence[Past],
    definition: Definition,
    tried: Collection[NetworkSpec],
) -> Choice:
    """Return what trial number len(past) should try: the sampler's proposal, or another candidate if that was tried.

    `definition` makes of a candidate what stands for it in `tried` (see `same_weights`). The same arguments give the
    same candidate. Raises Invalid for a sampler that cannot be used.
    """
    chosen = make_sampler(sampler, space, seed, len(past))
    if isinstance(chosen, GridSampler):
        return _next_of(chosen, definition, tried)
    first = propose(space, sampler, seed, directions, past)
    if definition(first.params) not in tried:
        return Choice(first, 0)
    listed = space.candidates(FEW)
    if listed is not None and all(definition(one) in tried for one in listed):
        return Choice(None, 1, _different(listed, definition))
    skipped = 1
    for time in () if isinstance(chosen, NeuralSampler) else range(1, REPEATS + 1):
        again = propose(space, sampler, _other_seed(seed, len(past), time), directions, past)
        if definition(again.params) not in tried:
            return Choice(again, skipped)
        skipped += 1
    new, all_tried = _any_other(space, _other_seed(seed, len(past), 0), definition, tried)
    return Choice(None if new is None else Proposal(new, first.sampler), skipped, all_tried)


def _any_other(
    space: SearchSpace, seed: int, definition: Definition, tried: Collection[NetworkSpec]
) -> tuple[dict[str, Any] | None, int]:
    """Return a candidate at random that was not tried, or else None and how many there are (0: it cannot be said)."""
    study = build_study(space, RandomSampler(seed), ["maximize"], [])
    for _ in range(DRAWN):
        drawn = space.suggest(study.ask())
        if definition(drawn) not in tried:
            return drawn, 0
    listed = space.candidates() or []
    left = [one for one in listed if definition(one) not in tried]
    if left:
        return left[int(np.random.default_rng(seed).integers(len(left)))], 0
    return None, _different(listed, definition)


def _different(candidates: Sequence[Params], definition: Definition) -> int:
    return len({definition(one) for one in candidates})


def _next_of(grid: GridSampler, definition: Definition, tried: Collection[NetworkSpec]) -> Choice:
    """Return the next candidate of a grid that was not tried."""
    for params in grid.candidates:
        if definition(params) not in tried:
            return Choice(Proposal(dict(params), grid), 0)
    different = _different(grid.candidates, definition)
    return Choice(None, len(grid.candidates) - different, different)


def _changes_rate(training: TrainingSpec) -> bool:
    """Return whether a schedule changes the learning rate within this many epochs."""
    first = training.warmup_epochs + (training.step_epochs if training.schedule == "step" else 1)
    return training.schedule != "constant" and training.epochs > first


def _other_seed(seed: int, number: int, time: int) -> int:
    return int(np.random.SeedSequence([seed, number, time + 1]).generate_state(1)[0] % 2**31)

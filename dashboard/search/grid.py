"""Every candidate of a grid once, in an order that no setting rules.

Optuna's own grid takes a product of all settings, so that a network of one layer would be tried again for each width
of its absent third one; this one walks the candidates that really differ.
"""

from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from dashboard.errors import Invalid
from dashboard.search.space import MOST_IN_GRID, SearchSpace

LEVELS = 3


class GridSampler(BaseSampler):
    """Walks the grid of a space, shuffled by the seed; once all are tried it proposes at random.

    What was tried is read from the study, so a rebuilt study continues where it was. Raises Invalid if the
    grid has more than MOST_IN_GRID candidates.
    """

    def __init__(self, space: SearchSpace, seed: int, levels: int = LEVELS) -> None:
        size = space.size(levels)
        if size > MOST_IN_GRID:
            message = f"The grid of this space has {size:,} candidates, at most {MOST_IN_GRID:,} are possible."
            raise Invalid({"sampler": f"{message} Narrow the space, or choose another way to propose."})
        grid = list(space.grid(levels))
        order = np.random.default_rng(seed).permutation(len(grid))
        self.candidates = [grid[place] for place in order]
        self.space = space
        self.random = RandomSampler(seed)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return all parameters: a candidate is chosen as a whole."""
        return self.space.distributions()

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the next candidate that no trial of the study has; nothing when all were tried."""
        tried = {_key(one.params) for one in study.get_trials(deepcopy=False) if one.number != trial.number}
        return next((dict(one) for one in self.candidates if _key(one) not in tried), {})

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:  # noqa: ANN401 - Optuna's signature
        """Propose at random what the grid does not say."""
        return self.random.sample_independent(study, trial, param_name, param_distribution)


def _key(params: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(params.items()))

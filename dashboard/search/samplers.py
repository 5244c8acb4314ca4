"""The samplers that propose candidates: a registry of names, each with a help text."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

from dashboard.errors import Invalid
from dashboard.search.grid import GridSampler
from dashboard.search.proposer import NeuralSampler
from dashboard.search.space import SearchSpace

DEFAULT_SAMPLER = "neural"


@dataclass(frozen=True)
class SamplerKind:
    """A sampler; `needs` names further packages that must be installed for it."""

    name: str
    title: str
    help: str
    make: Callable[[SearchSpace, int, int], BaseSampler]
    needs: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        """The packages that it needs and that are not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    @property
    def is_available(self) -> bool:
        """Whether its packages are installed."""
        return not self.missing


def _neural(space: SearchSpace, seed: int, number: int) -> BaseSampler:
    return NeuralSampler(space.distributions(), space.conditions(), seed)  # it knows a trial's number by itself


def _tpe(space: SearchSpace, seed: int, number: int) -> BaseSampler:
    return TPESampler(seed=_seed(seed, number))


def _gp(space: SearchSpace, seed: int, number: int) -> BaseSampler:
    return GPSampler(seed=_seed(seed, number), warn_independent_sampling=False)


def _random(space: SearchSpace, seed: int, number: int) -> BaseSampler:
    return RandomSampler(seed=_seed(seed, number))


def _grid(space: SearchSpace, seed: int, number: int) -> BaseSampler:
    return GridSampler(space, seed)


def _seed(seed: int, number: int) -> int:
    """Return a seed for a sampler that begins at a trial: a new one for each must not repeat its draws."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


KINDS = (
    SamplerKind(
        "neural",
        "Neural sampler",
        "Four small networks learn from the trials so far what to expect of a candidate, and how certain that is; "
        "the most promising one is tried. You can inspect their weights, and the effect of each setting.",
        _neural,
    ),
    SamplerKind(
        "tpe",
        "Parzen trees (TPE)",
        "Optuna's default: compares the distributions of good and other candidates by setting. Fast and robust.",
        _tpe,
    ),
    SamplerKind(
        "gp",
        "Gaussian process",
        "Optuna's Gaussian process: careful, and slower with every trial. It needs the packages torch and scipy, which "
        "Weightbase does not install: pip install torch scipy.",
        _gp,
        ("torch", "scipy"),
    ),
    SamplerKind("random", "Random", "Draws every setting independently: the baseline for all others.", _random),
    SamplerKind("grid", "Grid", "Three values of each range with every choice, in a shuffled order.", _grid),
)
SAMPLERS = {kind.name: kind for kind in KINDS}


def make_sampler(name: str, space: SearchSpace, seed: int, number: int = 0) -> BaseSampler:
    """Return the sampler of this name for a space, about to propose trial `number`.

    The same arguments and trials give the same proposals. Raises Invalid if there is no such sampler, if a package is
    missing, or if a grid is too large.
    """
    kind = SAMPLERS.get(name)
    if kind is None:
        raise Invalid({"sampler": f"Choose one of: {', '.join(SAMPLERS)}."})
    if kind.missing:
        packages = " ".join(kind.missing)
        raise Invalid({"sampler": f"{kind.title} needs a package that is not installed: pip install {packages}."})
    return kind.make(space, seed, number)

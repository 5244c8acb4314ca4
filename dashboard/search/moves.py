"""Candidate generation: anywhere in the space, near the best so far, or a small step from the most promising."""

import numpy as np

from dashboard.search.encoding import Array, Encoding

LEAPS = 0.2
WIDE_STEP = 0.2
SMALL_STEP = 0.1


def random_candidates(encoding: Encoding, count: int, rng: np.random.Generator) -> Array:
    """Return genes (count, settings) drawn evenly over the space."""
    return encoding.snap(rng.random((count, len(encoding.names))))


def mutants(encoding: Encoding, parents: Array, count: int, rng: np.random.Generator) -> Array:
    """Return genes (count, settings): each of a parent drawn at random, about two or three settings changed."""
    chosen = parents[rng.integers(len(parents), size=count)]
    return _changed(encoding, chosen, 2.0, WIDE_STEP, rng)


def neighbours(encoding: Encoding, candidates: Array, each: int, rng: np.random.Generator) -> Array:
    """Return genes (candidates · each, settings) near each candidate, with one or two settings changed."""
    return _changed(encoding, np.repeat(candidates, each, axis=0), 1.0, SMALL_STEP, rng)


def untried(candidates: Array, tried: Array) -> Array:
    """Return the candidates (candidates, settings) that are not among those tried, each once."""
    seen = {row.tobytes() for row in _rounded(tried)}
    places = []
    for place, row in enumerate(_rounded(candidates)):
        key = row.tobytes()
        if key not in seen:
            seen.add(key)
            places.append(place)
    return candidates[places]


def _changed(encoding: Encoding, genes: Array, changes: float, step: float, rng: np.random.Generator) -> Array:
    """Change one setting of each candidate, and each other with a probability that makes `changes` more.

    A number of many levels takes a step, reflected at its ends, or now and then a leap; what has few levels always
    leaps.
    """
    count, settings = genes.shape
    change = rng.random(genes.shape) < min(1.0, changes / settings)
    change[np.arange(count), rng.integers(settings, size=count)] = True
    stepped = genes + rng.normal(0.0, step, genes.shape)
    stepped = 1.0 - np.abs(1.0 - np.abs(stepped))
    leaps = (rng.random(genes.shape) < LEAPS) | np.array([setting.is_stepless for setting in encoding.settings])
    moved = np.where(leaps, rng.random(genes.shape), stepped)
    return encoding.snap(np.clip(np.where(change, moved, genes), 0.0, 1.0))


def _rounded(genes: Array) -> Array:
    return np.round(genes, 9) + 0.0

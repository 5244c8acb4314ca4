"""Where weights begin: each function draws a (inputs, units) matrix of float64; biases begin at 0.

`inputs` is a layer's fan-in, `units` its fan-out. For uniform draws ±limit has the variance limit²/3.
"""

from collections.abc import Callable

import numpy as np

from dashboard.engine.arrays import Array

Initializer = Callable[[np.random.Generator, int, int], Array]


def glorot_uniform(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Draw from ±√(6/(inputs + units)) (Glorot & Bengio 2010, eq. 16)."""
    return _uniform(rng, inputs, units, 6.0 / (inputs + units))


def glorot_normal(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Draw from N(0, 2/(inputs + units)) (Glorot & Bengio 2010, eq. 12)."""
    return _normal(rng, inputs, units, 2.0 / (inputs + units))


def he_uniform(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Draw from ±√(6/inputs) (He et al. 2015, eq. 10 as a uniform draw)."""
    return _uniform(rng, inputs, units, 6.0 / inputs)


def he_normal(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Draw from N(0, 2/inputs) (He et al. 2015, eq. 10)."""
    return _normal(rng, inputs, units, 2.0 / inputs)


def lecun_uniform(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Draw from ±√(3/inputs) (LeCun et al. 1998, Efficient BackProp, eq. 16 as a uniform draw)."""
    return _uniform(rng, inputs, units, 3.0 / inputs)


def lecun_normal(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Draw from N(0, 1/inputs) (LeCun et al. 1998, Efficient BackProp, eq. 16)."""
    return _normal(rng, inputs, units, 1.0 / inputs)


def normal_sqrt(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Draw from N(0, 1/units): the book's ``numpy.random.normal(0.0, pow(nodes, -0.5), ...)`` (Rashid 2016)."""
    return _normal(rng, inputs, units, 1.0 / units)


def zeros(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Begin at 0 everywhere: right for a network without hidden layers only."""
    return np.zeros((inputs, units))


def _uniform(rng: np.random.Generator, inputs: int, units: int, square: float) -> Array:
    return rng.uniform(-np.sqrt(square), np.sqrt(square), (inputs, units))


def _normal(rng: np.random.Generator, inputs: int, units: int, variance: float) -> Array:
    return rng.normal(0.0, np.sqrt(variance), (inputs, units))


INITIALIZERS: dict[str, Initializer] = {
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "lecun_uniform": lecun_uniform,
    "lecun_normal": lecun_normal,
    "normal_sqrt": normal_sqrt,
    "zeros": zeros,
}

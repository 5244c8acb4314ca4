"""The acquisition function: the logarithm of the expected improvement of a candidate.

With a prediction of mean m and spread s, and the best score b so far, the expected improvement is s·h(z) with
z = (m − b)/s and h(z) = φ(z) + z·Φ(z) (Jones, Schonlau & Welch 1998). Its logarithm distinguishes candidates even where
it is tiny (Ament et al., *Unexpected improvements to expected improvement*, 2023).
"""

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LOWEST = -35.0  # erfc is exact to there; beyond, h(z) is φ(z)/z²
ROOT_2 = math.sqrt(2.0)
LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)


def log_expected_improvement(mean: Array, spread: Array, best: float) -> Array:
    """Return log EI over `best` of predictions `mean` and `spread` (candidates,), where higher scores are better."""
    spread = np.maximum(spread, 1e-12)
    z = (mean - best) / spread
    value: Array = np.log(spread) + np.asarray(_LOG_H(z), np.float64)
    return value


def _log_h(z: float) -> float:
    """Return log(φ(z) + z·Φ(z))."""
    log_density = -0.5 * z * z - LOG_ROOT_2PI
    if z < LOWEST:
        return log_density - 2.0 * math.log(-z)
    return math.log(math.exp(log_density) + z * 0.5 * math.erfc(-z / ROOT_2))


_LOG_H = np.frompyfunc(_log_h, 1, 1)

"""How the learning rate changes from epoch to epoch: each function returns the share of the full rate.

`passed` counts the epochs since the warm-up ended (0 in the first), `length` the epochs from there to the end.
"""

import math
from collections.abc import Callable

from dashboard.records.training import TrainingSpec

Schedule = Callable[[TrainingSpec, int, int], float]


def constant(spec: TrainingSpec, passed: int, length: int) -> float:
    """Keep the full rate."""
    return 1.0


def step(spec: TrainingSpec, passed: int, length: int) -> float:
    """Multiply by `decay` after every `step_epochs` epochs."""
    return float(spec.decay ** (passed // spec.step_epochs))


def exponential(spec: TrainingSpec, passed: int, length: int) -> float:
    """Multiply by `decay` after every epoch."""
    return float(spec.decay**passed)


def cosine(spec: TrainingSpec, passed: int, length: int) -> float:
    """Fall as half a cosine from 1 towards 0, which the epoch after the last would have (Loshchilov & Hutter 2017)."""
    return 0.5 * (1.0 + math.cos(math.pi * passed / length))


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "step": step,
    "exponential": exponential,
    "cosine": cosine,
}


def learning_rate(spec: TrainingSpec, epoch: int) -> float:
    """Return the rate of an epoch (from 1): a linear warm-up from rate/(warmup_epochs + 1), then the schedule."""
    if epoch <= spec.warmup_epochs:
        return spec.learning_rate * epoch / (spec.warmup_epochs + 1)
    passed = epoch - 1 - spec.warmup_epochs
    return spec.learning_rate * SCHEDULES[spec.schedule](spec, passed, max(1, spec.epochs - spec.warmup_epochs))

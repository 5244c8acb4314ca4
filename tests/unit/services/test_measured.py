"""Measurements that are kept: as many as fit, the ones that were used last."""

import numpy as np

from dashboard.services.versions.measured import BYTES_OF_NUMBERS, Measured, MeasuredCache


def measured(rows):
    return Measured({}, {}, None, False, np.zeros(rows), *[np.zeros(rows)] * 3)


def test_as_many_measurements_are_kept_as_fit():
    made = []

    def make(name, rows):
        def measure():
            made.append(name)
            return measured(rows)

        return measure

    cache = MeasuredCache(3 * BYTES_OF_NUMBERS)
    for name in ("a", "b", "a", "c", "a", "b"):
        cache.get_or_measure(name, make(name, 100))
    assert made == ["a", "b", "c", "b"]
    for _ in range(2):
        cache.get_or_measure("huge", make("huge", 100_000))
    assert made[-2:] == ["huge", "huge"]
    cache.get_or_measure("b", make("b", 100))
    assert made[-1] == "huge"

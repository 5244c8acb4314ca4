"""Sobol's sequence: points that fill the unit cube more evenly than random ones, each known by its number alone.

Direction numbers by Joe & Kuo, *Constructing Sobol sequences with better two-dimensional projections*, 2008; the points
are shifted by random bits, so that each seed has other ones, equally well distributed (digital shift, L'Ecuyer 2004).
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
BITS = 30
# The primitive polynomial of each dimension but the first, all its bits, and the numbers that the sequence begins with.
DIRECTIONS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (3, (1,)),
    (7, (1, 3)),
    (11, (1, 3, 1)),
    (13, (1, 1, 1)),
    (19, (1, 1, 3, 3)),
    (25, (1, 3, 5, 13)),
    (37, (1, 1, 5, 5, 17)),
    (41, (1, 1, 5, 5, 5)),
    (47, (1, 1, 7, 11, 19)),
    (55, (1, 1, 5, 1, 1)),
    (59, (1, 1, 1, 3, 11)),
    (61, (1, 3, 5, 5, 31)),
    (67, (1, 3, 3, 9, 7, 49)),
    (91, (1, 1, 1, 15, 21, 21)),
    (97, (1, 3, 1, 13, 27, 49)),
    (103, (1, 1, 1, 15, 7, 5)),
    (109, (1, 3, 1, 15, 13, 25)),
    (115, (1, 1, 5, 5, 19, 61)),
    (131, (1, 3, 7, 11, 23, 15, 103)),
    (137, (1, 3, 7, 13, 13, 15, 69)),
    (143, (1, 1, 3, 13, 7, 35, 63)),
    (145, (1, 3, 5, 9, 1, 25, 53)),
    (157, (1, 3, 1, 13, 9, 35, 107)),
)
MOST_DIMENSIONS = len(DIRECTIONS) + 1


def sobol_point(number: int, dimensions: int, seed: int) -> Array:
    """Return point `number` (from 0) of a seed's sequence, (dimensions,) in [0, 1).

    Dimensions beyond MOST_DIMENSIONS are drawn at random.
    """
    shift = np.random.default_rng([seed, 0]).integers(0, 1 << BITS, dimensions)
    known = min(dimensions, MOST_DIMENSIONS)
    bits = np.array([_bits(number, dimension) for dimension in range(known)], np.int64)
    point: Array = np.empty(dimensions)
    point[:known] = (bits ^ shift[:known]) / (1 << BITS)
    point[known:] = np.random.default_rng([seed, 1, number]).random(dimensions - known)
    return point


def _bits(number: int, dimension: int) -> int:
    """Return a coordinate as a whole number of BITS bits: the directions of the number's Gray code, bit by bit."""
    gray = number ^ (number >> 1)
    value = 0
    for place, direction in enumerate(_directions(dimension, gray.bit_length())):
        if gray >> place & 1:
            value ^= direction << (BITS - 1 - place)
    return value


def _directions(dimension: int, count: int) -> list[int]:
    """Return the first odd numbers m of a dimension, by the recurrence of its polynomial (Joe & Kuo, eq. 2)."""
    if dimension == 0:
        return [1] * count
    polynomial, first = DIRECTIONS[dimension - 1]
    degree = polynomial.bit_length() - 1
    numbers = list(first)
    for place in range(degree, count):
        value = numbers[place - degree] ^ (numbers[place - degree] << degree)
        for back in range(1, degree):
            if polynomial >> (degree - back) & 1:
                value ^= numbers[place - back] << back
        numbers.append(value)
    return numbers[:count]

"""The singular values of a weight table: how much a layer can stretch its input, and in how many directions."""

from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, Cells, cells_of, finite_or_zero

MOST_STEPS = 60
TOLERANCE = 1e-12
WHOLE_SPECTRUM = 1024
"""Tables with at most so many rows or columns have all their singular values computed."""

FEWEST_IN_TAIL = 8


class Stretch(NamedTuple):
    """`spectral_norm` is the largest singular value σ₁; `stable_rank` is ‖W‖²/σ₁², 1 to the rank, None for all zero."""

    spectral_norm: float
    stable_rank: float | None


def stretch(source: Array | Cells) -> Stretch:
    """Return the spectral norm and the stable rank (Rudelson and Vershynin 2007) of a table; not finite cells count 0.

    By the method of Lanczos, which reads the table twice a step, in blocks: right to about 1e-6.
    """
    cells = cells_of(source)
    scale = _scale(cells)
    square = 0.0
    for _, block in cells.blocks():
        values = finite_or_zero(block) * scale
        square += float(values @ values)
    if not square:
        return Stretch(0.0, None)
    largest = min(_largest_eigenvalue(cells, scale), square)
    return Stretch(float(np.sqrt(largest)) / scale, square / largest)


def singular_values(source: Array | Cells) -> Array | None:
    """Return all singular values of a table, the largest first; None if it has more than 1,024 rows and columns."""
    cells = cells_of(source)
    if min(cells.rows, cells.columns) > WHOLE_SPECTRUM or not cells.size:
        return None
    scale = _scale(cells)
    gram = np.zeros((min(cells.rows, cells.columns),) * 2)
    if cells.columns <= cells.rows:
        for _, band in cells.bands():
            table = finite_or_zero(band) * scale
            gram += table.T @ table
    else:
        table = finite_or_zero(cells.band(0, cells.rows)) * scale
        gram = table @ table.T
    values: Array = np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[::-1], 0.0)) / scale
    return values


class Tail(NamedTuple):
    """A power law p(λ) ~ λ^−exponent of the eigenvalues from `start` (a share of the largest) on.

    `distance` is Kolmogorov's between the law and these eigenvalues: below about 0.1 they follow it.
    """

    exponent: float
    start: float
    distance: float


def spectral_tail(values: Array) -> Tail | None:
    """Return the power law of the tail of the eigenvalues λ = σ² of WᵀW, for singular values σ; None for too few.

    The exponent is the most likely one for the start of the tail whose law is nearest to the eigenvalues (Clauset,
    Shalizi and Newman 2009). For layers of well-trained networks it is mostly from 2 to 6 (Martin and Mahoney 2021).
    """
    ordered = np.sort(np.square(values / (values.max(initial=0.0) or 1.0)))
    ordered = ordered[ordered > 1e-12]
    if ordered.size < 2 * FEWEST_IN_TAIL:
        return None
    fits = [fit for start in range(ordered.size - FEWEST_IN_TAIL) if (fit := _power_law(ordered[start:])) is not None]
    return min(fits, key=lambda fit: fit.distance, default=None)


def _power_law(tail: Array) -> Tail | None:
    logs = np.log(tail / tail[0])
    if not logs.any():
        return None
    exponent = 1.0 + tail.size / float(logs.sum())
    expected = 1.0 - np.exp(logs * (1.0 - exponent))
    steps = np.arange(tail.size + 1) / tail.size
    distance = max(np.abs(expected - steps[:-1]).max(), np.abs(expected - steps[1:]).max())
    return Tail(exponent, float(tail[0]), float(distance))


def _scale(cells: Cells) -> float:
    """Return the power of two that brings the largest |value| near 1, so that fourth powers stay in range."""
    largest = max((float(np.abs(finite_or_zero(block)).max()) for _, block in cells.blocks()), default=0.0)
    return float(np.ldexp(1.0, np.clip(-np.frexp(largest)[1], -1022, 1022)))


def _largest_eigenvalue(cells: Cells, scale: float) -> float:
    """Return the largest eigenvalue of WᵀW by Lanczos' method with full reorthogonalisation."""
    start = np.random.default_rng(0).standard_normal(cells.columns)
    basis = [start / np.linalg.norm(start)]
    diagonal: list[float] = []
    off_diagonal: list[float] = []
    largest = 0.0
    for _ in range(min(MOST_STEPS, cells.columns)):
        image = _times_itself(cells, basis[-1], scale)
        diagonal.append(float(image @ basis[-1]))
        before, largest = largest, _largest_of(diagonal, off_diagonal)
        for _ in range(2):  # twice is enough (Kahan, Parlett)
            known = np.array(basis)
            image -= known.T @ (known @ image)
        length = float(np.linalg.norm(image))
        if length <= TOLERANCE * largest or largest - before <= TOLERANCE * largest:
            break
        off_diagonal.append(length)
        basis.append(image / length)
    return largest


def _largest_of(diagonal: list[float], off_diagonal: list[float]) -> float:
    matrix = np.diag(diagonal) + np.diag(off_diagonal, 1) + np.diag(off_diagonal, -1)
    return float(np.linalg.eigvalsh(matrix)[-1])


def _times_itself(cells: Cells, vector: Array, scale: float) -> Array:
    """Return WᵀW times a vector, band by band."""
    product = np.zeros(cells.columns)
    for _, band in cells.bands():
        table = finite_or_zero(band) * scale
        product += (table @ vector) @ table
    return product

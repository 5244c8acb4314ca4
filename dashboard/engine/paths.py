"""The paths by which a training computes its steps: numpy, or the compiled library; they agree within rounding.

A run stays on the path that it began on, so that what is resumed continues with the same bits. numpy is the reference:
it is always there, and does what the library does not.
"""

from dashboard.engine.compiled.library import library
from dashboard.errors import UserError
from dashboard.records.network import NetworkSpec

NUMPY = "numpy"
MOST_BATCH = 128
MOST_PARAMETERS = 5_000_000
"""The library has weights and slots a second time, in an order of its own: of large networks that is much memory."""
MOST_WORK = 300_000_000
"""Multiplications of a batch's forward pass: above, the products of matrices are nearly all, and BLAS has the best."""


def compiled_path() -> str:
    """Return the name of the compiled path that is here, such as compiled-1; empty if there is none."""
    loaded = library()
    return "" if loaded is None else f"compiled-{loaded.arithmetic}"


def path_of(spec: NetworkSpec) -> str:
    """Return the path that a new training of a network takes here."""
    batch = spec.training.batch_size
    loaded = library()
    is_quicker = batch <= MOST_BATCH and spec.parameters <= min(MOST_PARAMETERS, MOST_WORK // batch)
    return compiled_path() if loaded is not None and loaded.computes(spec) and is_quicker else NUMPY


def require_path(path: str) -> None:
    """Raise UserError unless a training that began on a path can go on here with the same bits."""
    if path not in {NUMPY, compiled_path()}:
        here = compiled_path() or "numpy alone: no compiled library, or a processor without AVX2 and FMA"
        raise UserError(
            f"This training began with the compiled library ({path}), and here is {here}. It cannot go on with the "
            "same bits: build the library (python -m dashboard.engine.compiled.build) and resume it, or start it again."
        )

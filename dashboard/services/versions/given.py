"""What is given to be saved as a version, from outside: its tensors, and the checks that all of it has to pass."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dashboard.errors import Invalid
from dashboard.records.network import NetworkSpec
from dashboard.records.tensor import TensorInfo
from dashboard.weights.checksums import tensor_sha256
from dashboard.weights.dtypes import DTYPES, FLOATS, Array, numpy_dtype
from dashboard.weights.manifests import SHA256

MOST_TENSORS = 10_000
LONGEST_TENSOR = 1024
LONGEST_KEY = 160
MOST_AXES = 8
MOST_METRICS = 200
LONGEST_METRIC = 64
MOST_EPOCH = 2**31 - 1


class GivenTensor(NamedTuple):
    """A tensor to be saved. `sha256` is that of its bytes (C order, little-endian), `dtype` one of our 13 names.

    `read` returns it, in this type and shape; it is called only if the store does not hold its contents yet, and may be
    None if it does. `units_axis` is 1 where its columns are units, 0 where its rows are, None if that is not known.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str
    read: Callable[[], Array] | None
    units_axis: int | None = None

    @property
    def info(self) -> TensorInfo:
        """What is known of it before it is read: all but the statistics."""
        size = math.prod(self.shape) * numpy_dtype(self.dtype).itemsize
        return TensorInfo(self.name, self.shape, self.dtype, self.sha256, size, "", {}, self.units_axis)


def given_arrays(arrays: Mapping[str, Array]) -> list[GivenTensor]:
    """Return arrays as tensors to be saved; raises Invalid for a type that tables cannot hold."""
    return [_given(name, np.asarray(array)) for name, array in arrays.items()]


def _given(name: str, array: Array) -> GivenTensor:
    if array.dtype.name not in DTYPES:
        raise Invalid({name: f"Tables cannot hold {array.dtype.name}; they hold {', '.join(DTYPES)}."})
    plain = np.ascontiguousarray(array, numpy_dtype(array.dtype.name)).reshape(array.shape)
    return GivenTensor(name, plain.dtype.name, plain.shape, tensor_sha256(plain), lambda: plain)


def checked_metrics(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """Return metrics as numbers, None for what is not finite; raises Invalid naming those that are no numbers."""
    if len(metrics) > MOST_METRICS:
        raise Invalid({"metrics": f"A version has at most {MOST_METRICS} metrics."})
    problems = {f"metrics.{str(name)[:LONGEST_METRIC]}": _metric_problem(name, metrics[name]) for name in metrics}
    wrong = {field: problem for field, problem in problems.items() if problem}
    if wrong:
        raise Invalid(wrong)
    return {name: checked_number(value) for name, value in metrics.items()}


def is_metric_name(name: object) -> bool:
    """Return whether this can be the name of a metric."""
    return isinstance(name, str) and 1 <= len(name) <= LONGEST_METRIC and name.isprintable()


def _metric_problem(name: Any, value: Any) -> str:  # noqa: ANN401 - from outside
    if not is_metric_name(name):
        return f"The name of a metric has 1 to {LONGEST_METRIC} printable characters."
    if value is None or (isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)):
        return ""
    return f"The metric {name!r} must be a number or null. A text can be written into the purpose."


def checked_number(value: Any) -> float | None:  # noqa: ANN401 - a number of any type, or None
    """Return a number as a float; None for what is not finite, or beyond the largest."""
    try:
        number = None if value is None else float(value)
    except OverflowError:
        return None
    return number if number is not None and math.isfinite(number) else None


def checked_epoch(epoch: Any) -> int:  # noqa: ANN401 - from outside
    """Return an epoch; raises Invalid unless it is a whole number."""
    if isinstance(epoch, bool) or not isinstance(epoch, int) or not 0 <= epoch <= MOST_EPOCH:
        raise Invalid({"epoch": f"The epoch is a whole number from 0 to {MOST_EPOCH:,}."})
    return epoch


def checked_key(key: Any) -> str | None:  # noqa: ANN401 - from outside
    """Return a key, or None; raises Invalid unless it is a short text."""
    if key is None or (isinstance(key, str) and 1 <= len(key) <= LONGEST_KEY and key.isprintable()):
        return key
    raise Invalid({"key": f"A key has 1 to {LONGEST_KEY} printable characters."})


def check_tensors(given: Sequence[GivenTensor]) -> None:
    """Raise Invalid naming each tensor that cannot be kept."""
    if not 1 <= len(given) <= MOST_TENSORS:
        raise Invalid({"tensors": f"A version has 1 to {MOST_TENSORS:,} tensors; these are {len(given):,}."})
    wrong: dict[str, str] = {}
    seen: set[str] = set()
    for place, tensor in enumerate(given):
        problem = "Two tensors have this name." if tensor.name in seen else _problem(tensor)
        if problem:
            wrong[f"tensors.{place}"] = f"{tensor.name[:80]!r}: {problem}"
        seen.add(tensor.name)
    if wrong:
        raise Invalid(wrong)


def _problem(tensor: GivenTensor) -> str:
    """Return what is wrong with a tensor as it is described; empty if nothing is."""
    if not 1 <= len(tensor.name) <= LONGEST_TENSOR or not _is_text(tensor.name):
        return f"A tensor's name has 1 to {LONGEST_TENSOR:,} characters, none of them NUL or half a character."
    if tensor.dtype not in DTYPES:
        return f"Tables cannot hold {tensor.dtype!r}; they hold {', '.join(DTYPES)}."
    if len(tensor.shape) > MOST_AXES or any(length < 0 for length in tensor.shape):
        return f"A shape has at most {MOST_AXES} axes, none of them below 0."
    if tensor.units_axis not in (None, 0, 1):
        return "units_axis is 1 where columns are units, 0 where rows are, or null."
    return "" if SHA256.fullmatch(tensor.sha256) else "sha256 has 64 hexadecimal digits."


def _is_text(name: str) -> bool:
    return "\0" not in name and not any("\ud800" <= sign <= "\udfff" for sign in name)


def check_shapes(given: Sequence[GivenTensor], spec: NetworkSpec) -> None:
    """Raise Invalid unless the tensors are those of a dense network."""
    shapes = {tensor.name: tensor.shape for tensor in given}
    wrong = {name: shape for name, shape in spec.tensor_shapes if shapes.get(name) != shape}
    further = shapes.keys() - dict(spec.tensor_shapes).keys()
    if wrong or further:
        names = ", ".join(sorted({*wrong, *further})[:5])
        raise Invalid({"tensors": f"A dense network takes the tensors of its definition; these differ: {names[:200]}."})
    if any(tensor.dtype not in FLOATS for tensor in given):
        raise Invalid({"tensors": f"The weights of a dense network are of one of {', '.join(FLOATS)}."})

"""How tensors of which only names and shapes are known could follow one another as dense layers: every way is found."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

FLOATS = {"float16", "bfloat16", "float32", "float64"}
MOST_STEPS = 20_000
MOST_ORDERS = 4
"""So many orders of one layout are enough to see that a person has to choose."""
MOST_LAYERS = 200
SWAPS = (
    *(("weight", "bias"), ("kernel", "bias"), ("coefs_", "intercepts_"), ("coef", "intercept")),
    *(("^w", "b"), ("w$", "b"), (r"(?<![a-z])w(?=[0-9_])", "b"), ("_w$", "_b"), ("_w_", "_b_")),
)
"""How the name of a bias differs from that of its weight."""

Shape = tuple[int, ...]


class Bare(NamedTuple):
    """A tensor as far as it is known: its name, its type and its shape."""

    name: str
    dtype: str
    shape: Shape


class Step(NamedTuple):
    """A dense layer of a chain."""

    weight: str
    bias: str | None
    inputs: int
    units: int


class Reading(NamedTuple):
    """One way to read tensors as a chain; `order` says in which order they were taken."""

    steps: tuple[Step, ...]
    units_first: bool
    order: str
    left_over: tuple[str, ...]


def readings(tensors: Sequence[Bare]) -> list[Reading]:
    """Return every way to read tensors as a chain: in the file's order, reversed, by name, and as their sizes fit."""
    ways: list[Reading] = []
    for units_first in (False, True):
        weights, biases = _parts(tensors, units_first)
        if not weights or len(weights) > MOST_LAYERS:
            continue
        orders = {
            "file": weights,
            "reversed": weights[::-1],
            "name": sorted(weights, key=lambda one: by_number(one.name)),
        }
        fitting = {name: order for name, order in orders.items() if _follow(order, units_first)}
        if not fitting:
            fitting = {f"size {place}": order for place, order in enumerate(_by_size(weights, units_first))}
        for name, order in fitting.items():
            reading = _reading(order, units_first, name, biases, tensors)
            if not any(one.steps == reading.steps and one.units_first == units_first for one in ways):
                ways.append(reading)
    return ways


def by_number(name: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts names as people count: ``fc2`` before ``fc10``."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,18})", name))


def _sides(weight: Bare, units_first: bool) -> tuple[int, int]:
    """Return a weight's inputs and units."""
    first, second = weight.shape
    return (second, first) if units_first else (first, second)


def _parts(tensors: Sequence[Bare], units_first: bool) -> tuple[list[Bare], dict[str, str]]:
    """Return the weights in the file's order, and weight -> its bias. A matrix of one row may be a bias."""
    numbers = [one for one in tensors if one.dtype in FLOATS and 0 not in one.shape]
    matrices = [one for one in numbers if len(one.shape) == 2]
    vectors = [one for one in numbers if len(one.shape) == 1 or (len(one.shape) == 2 and 1 in one.shape)]
    places = {one.name: place for place, one in enumerate(tensors)}
    biases: dict[str, str] = {}
    for weight in matrices:
        if weight.name not in biases.values():
            units = _sides(weight, units_first)[1]
            free = [one for one in vectors if one.name not in biases.values() and one.name != weight.name]
            bias = _bias_of(weight, units, free, places)
            if bias is not None:
                biases[weight.name] = bias
    weights = [one for one in matrices if one.name not in biases.values()]
    return weights, {weight: bias for weight, bias in biases.items() if weight not in biases.values()}


def _bias_of(weight: Bare, units: int, vectors: Sequence[Bare], places: Mapping[str, int]) -> str | None:
    """Return the vector that is a weight's bias: by a name that differs as biases' do, by its stem, or the next one."""
    fitting = [one for one in vectors if one.shape in {(units,), (units, 1), (1, units)}]
    plain = [one for one in fitting if len(one.shape) == 1]  # a matrix of one row is a bias only if its name says so
    swapped = {re.sub(old, new, weight.name.lower()) for old, new in SWAPS} - {weight.name.lower()}
    by_name = [one.name for one in fitting if one.name.lower() in swapped]
    by_stem = [one.name for one in plain if stem(one.name) and stem(one.name) == stem(weight.name)]
    following = [one.name for one in plain if places[one.name] == places[weight.name] + 1]
    for names in (by_name, by_stem, following):
        if len(names) == 1:
            return names[0]
    return None


def stem(name: str) -> str:
    """Return a name without its last part: ``fc1`` of ``fc1.weight``; an empty text if it has one part."""
    return re.split(r"[./](?=[^./]*$)", name)[0] if re.search(r"[./]", name) else ""


def _follow(weights: Sequence[Bare], units_first: bool) -> bool:
    """Return whether each weight has as many inputs as the one before has units."""
    sides = [_sides(one, units_first) for one in weights]
    return all(before[1] == after[0] for before, after in itertools.pairwise(sides))


def _by_size(weights: Sequence[Bare], units_first: bool) -> list[list[Bare]]:
    """Return orders of all weights in which they follow one another, at most a few, within bounded work."""
    return list(itertools.islice(_orders(weights, units_first), MOST_ORDERS))


def _orders(weights: Sequence[Bare], units_first: bool) -> Iterator[list[Bare]]:
    stack: list[tuple[int, ...]] = [(place,) for place in reversed(range(len(weights)))]
    for _ in range(MOST_STEPS):
        if not stack:
            return
        taken = stack.pop()
        if len(taken) == len(weights):
            yield [weights[place] for place in taken]
            continue
        units = _sides(weights[taken[-1]], units_first)[1]
        for place in reversed(range(len(weights))):
            if place not in taken and _sides(weights[place], units_first)[0] == units:
                stack.append((*taken, place))


def _reading(
    weights: Sequence[Bare], units_first: bool, order: str, biases: Mapping[str, str], tensors: Sequence[Bare]
) -> Reading:
    steps = tuple(Step(one.name, biases.get(one.name), *_sides(one, units_first)) for one in weights)
    used = {name for step in steps for name in (step.weight, step.bias)}
    return Reading(steps, units_first, order, tuple(one.name for one in tensors if one.name not in used))

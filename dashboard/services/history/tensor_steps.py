"""How far each tensor moved from the version that another one came from to that one, over all versions of a network.

The numbers were counted when the versions were saved. Those of homes made before that, and of versions since whose
parent was deleted, are counted when somebody looks, a little in each request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dashboard.analysis.differences import relative_change
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.lineage import StepRow, step_rows
from dashboard.catalogue.stored_tables import tensor_names
from dashboard.records.network import Network
from dashboard.records.tensor import TensorInfo
from dashboard.services.cache.numbers import NOTHING, Budget, Numbers, cached_numbers
from dashboard.services.versions.damage import damaged_numbers, located
from dashboard.services.versions.movement import step_key, steps_group
from dashboard.services.workspace import Workspace

MOST_BYTES = 20_000_000
"""Of larger versions a change is counted by who opens the comparison only."""


class TensorStep(NamedTuple):
    """From a version to another: `changes` has ‖Δ‖/‖base‖ of each tensor that both have in one shape.

    It is None, as is a tensor's number, where it is not known: `is_waiting` says that it can be counted. A tensor of
    zeros alone has none. `base` is None for a version that comes from no other one of the network.
    """

    base: int | None
    number: int
    changes: Mapping[str, float | None] | None = None
    is_waiting: bool = False


@dataclass(frozen=True)
class TensorSteps:
    """The steps to all versions of a network, the oldest first, and the newest one's tensors in their order."""

    network: Network
    tensors: list[str]
    steps: list[TensorStep]

    @property
    def waiting(self) -> int:
        """How many steps are not counted yet."""
        return sum(step.is_waiting for step in self.steps)


def tensor_steps(workspace: Workspace, network: Network, budget: Budget = NOTHING) -> TensorSteps:
    """Return how far each tensor moved in each step, counting what is not known as far as the budget goes."""
    with workspace.catalogue.reading() as connection:
        rows, names = step_rows(connection, network.id), tensor_names(connection, network.id)
    pairs = list(zip(bases_of(rows), rows, strict=True))
    steps = [(base, row) for base, row in pairs if base is not None]
    damaged = damaged_numbers(workspace, network.name)
    countable = [step for step in steps if _is_countable(step, damaged)]
    known = _known(workspace, network, steps, NOTHING)
    if budget != NOTHING and any(row.number not in known for _, row in countable):
        known |= _known(workspace, network, countable, budget)
    waiting = {row.number for _, row in countable} - known.keys()
    return TensorSteps(network, names, [_step(base, row, known, row.number in waiting) for base, row in pairs])


def bases_of(rows: list[StepRow]) -> list[StepRow | None]:
    """Return what each version came from: the one before in its run, else its parent.

    One that has neither a run nor a parent, such as one that was imported, is compared with the version before it.
    """
    bases: list[StepRow | None] = []
    last_of_run: dict[int | None, StepRow] = {}
    by_number = {row.number: row for row in rows}
    for place, row in enumerate(rows):
        base = last_of_run.get(row.run_id) if row.run_id is not None else None
        if base is None and row.parent is not None:
            base = by_number.get(row.parent)
        if base is None and row.run_id is None and row.parent is None and place:
            base = rows[place - 1]
        bases.append(base)
        last_of_run[row.run_id] = row
    return bases


def _is_countable(step: tuple[StepRow, StepRow], damaged: set[int | None]) -> bool:
    return max(row.bytes for row in step) <= MOST_BYTES and damaged.isdisjoint(row.number for row in step)


def _step(base: StepRow | None, row: StepRow, known: Mapping[int, Numbers], is_waiting: bool) -> TensorStep:
    if base is None:
        return TensorStep(None, row.number)
    numbers = known.get(row.number)
    changes = None if numbers is None else dict(numbers["tensors"])
    return TensorStep(base.number, row.number, changes, is_waiting)


def _known(
    workspace: Workspace, network: Network, steps: list[tuple[StepRow, StepRow]], budget: Budget
) -> dict[int, Numbers]:
    """Return number -> what is known, or is counted now, of the step to that version."""

    def count(place: int) -> Numbers:
        return {"tensors": _changes(workspace, network, *steps[place])}

    keys = [step_key(base.sha256, row.sha256) for base, row in steps]
    cells = [row.bytes for _, row in steps]
    counted = cached_numbers(workspace, steps_group(network.slug), keys, cells, count, budget)
    return {row.number: numbers for (_, row), numbers in zip(steps, counted, strict=True) if numbers is not None}


def _changes(workspace: Workspace, network: Network, base: StepRow, row: StepRow) -> list[tuple[str, float | None]]:
    with workspace.catalogue.reading() as connection:
        before = {info.name: info for info in version_rows.list_tensors(connection, base.id)}
        after = version_rows.list_tensors(connection, row.id)
    common = [(before[info.name], info) for info in after if info.name in before]
    return [
        (one.name, _change(workspace, network, base.number, one, row.number, two))
        for one, two in common
        if one.shape == two.shape
    ]


def _change(
    workspace: Workspace, network: Network, base: int, one: TensorInfo, number: int, two: TensorInfo
) -> float | None:
    if one.content == two.content and one.statistics["norm"]:
        return 0.0
    with located(workspace, network.name, network.slug, base, one):
        before = workspace.decoded.get(workspace.store, one.key(network.slug, base))
    with located(workspace, network.name, network.slug, number, two):
        after = workspace.decoded.get(workspace.store, two.key(network.slug, number))
    return relative_change(before, after)

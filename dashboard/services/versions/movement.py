"""How far a network has moved since the version that it came from, counted once, when a version is saved.

One number is of all weights, and stored with the version. Those of each tensor are cached by the content of both.

That is the version before in the same run or, for the first of a run, the run's parent. The first version of a training
from scratch came from none: another run's weights are no measure of its change.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from dashboard.analysis.cells import Change
from dashboard.analysis.differences import relative_change
from dashboard.analysis.statistics import l2_norm
from dashboard.catalogue import versions as version_rows
from dashboard.errors import NotAsSaved
from dashboard.records.network import Network, Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.cache.numbers import keep_numbers
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

MOST_CELLS = 5_000_000
"""Of larger networks the version before is not read at each save, which would hold up what is trained."""


class Source(NamedTuple):
    """What a new version comes from: its run, and the id of that one's parent."""

    run_id: int | None
    parent_id: int | None


class Movement(NamedTuple):
    """How far a version has moved, as a share of a norm, and since which number; both are None where it is unknown."""

    changed: float | None
    changed_since: int | None


UNKNOWN = Movement(None, None)


def moved(
    workspace: Workspace,
    network: Network,
    arrays: Mapping[str, Array],
    source: Source,
    sha256: str,
    most_cells: int = MOST_CELLS,
) -> Movement:
    """Return ‖new − before‖ / ‖before‖ (L2, over all tensors together) against the version that it comes from.

    `sha256` is that of the new version: under it and that of the version before each tensor's own number is cached.

    Unknown if there is none, its tensors are others, it is 0 or cannot be read, or the network has more than
    `most_cells` cells.
    """
    with workspace.catalogue.reading() as connection:
        before = version_rows.version_before(connection, network.id, source.run_id, source.parent_id)
        infos = version_rows.list_tensors(connection, before.id) if before else []
    shapes = {info.name: info.shape for info in infos}
    if before is None or shapes != {name: values.shape for name, values in arrays.items()}:
        return UNKNOWN
    if sum(values.size for values in arrays.values()) > most_cells:
        return UNKNOWN
    try:
        changed = _distance(workspace, before, infos, arrays, sha256)
    except NotAsSaved:
        return UNKNOWN  # what is wrong with the version before is no reason to lose this one
    return UNKNOWN if changed is None or before.network != network.name else Movement(changed, before.number)


def _distance(
    workspace: Workspace, before: Version, infos: list[TensorInfo], arrays: Mapping[str, Array], sha256: str
) -> float | None:
    changes, norms, relatives = [], [], []
    for info in infos:
        # Not kept: a training that saves each epoch would fill the cache with what nobody has looked at.
        old = workspace.decoded.get(workspace.store, info.key(before.slug, before.number), keep=False)
        changes.append(l2_norm(Change(old, arrays[info.name])))
        norms.append(l2_norm(old))
        relatives.append((info.name, relative_change(old, arrays[info.name])))
    keep_numbers(workspace, steps_group(before.slug), {step_key(before.sha256, sha256): {"tensors": relatives}})
    whole, size = math.hypot(*changes), math.hypot(*norms)
    return whole / size if size > 0 and math.isfinite(size) and math.isfinite(whole) else None


def steps_group(slug: str) -> str:
    """Return the group of cached numbers that has the changes of a network's tensors from version to version."""
    return f"relative changes {slug}"


def step_key(base: str, other: str) -> str:
    """Return the key of the change between two versions with these SHA-256."""
    return f"{base} {other}"

"""The lineage of a network: what each version was made of, and the runs between them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from dashboard.catalogue import lineage as rows_of
from dashboard.catalogue.lineage import LineageRow
from dashboard.records.network import Network
from dashboard.services.changes.sources import parents_of
from dashboard.services.workspace import Workspace

MOST_VERSIONS = 5000
MOST_NODES = 300


class Descent(NamedTuple):
    """A version, how it came to be, and what it comes from: versions, of a training the one that its run began at."""

    reference: str
    number: int
    epoch: int
    created: datetime
    how: str
    run: int | None
    parents: tuple[str, ...]


class Node(NamedTuple):
    """What is drawn: a version, a run, or several versions of a run of which nothing else comes.

    `id` is unique, `parents` are ids of nodes. `first` and `last` are the numbers of a group, equal for a version, and
    0 for a run and for a version of another network, whose `reference` it has.
    """

    id: str
    kind: str
    reference: str
    how: str
    first: int
    last: int
    versions: int
    run: int | None
    parents: tuple[str, ...]


def descents(workspace: Workspace, network: Network) -> list[Descent]:
    """Return the newest 5,000 versions of a network with what they come from, the oldest of them first."""
    with workspace.catalogue.reading() as connection:
        rows = rows_of.lineage_rows(connection, network.id, MOST_VERSIONS)
    return [_descent(network.name, row) for row in rows]


def _descent(network: str, row: LineageRow) -> Descent:
    origin = row.origin or {}
    how = str(origin.get("how") or (row.run_kind if row.run_id is not None else "") or "")
    parents = parents_of(origin) or ([row.parent] if row.parent else [])
    return Descent(f"{network}:{row.number}", row.number, row.epoch, row.created, how, row.run_id, tuple(parents))


def nodes_of(versions: Sequence[Descent], most: int = MOST_NODES) -> list[Node]:
    """Return what is drawn of versions, at most `most` of the newest nodes; each stands after its parents.

    Versions of a run that nothing comes from stand together, all but the newest.
    """
    used = {parent for version in versions for parent in version.parents}
    named = {version.reference for version in versions}
    nodes = {name: _stranger(name) for name in sorted(used - named)}
    runs: set[int] = set()
    for run, group in groupby(versions, key=lambda version: version.run):
        members = list(group)
        if run is not None and run not in runs:
            runs.add(run)
            nodes[_run_id(run)] = _run(members[0])
        nodes |= {node.id: node for node in _of_run(members, used)}
    return _newest(list(nodes.values()), most)


def _stranger(reference: str) -> Node:
    return Node(reference, "version", reference, "", 0, 0, 1, None, ())


def _run_id(run: int) -> str:
    return f"run {run}"


def _run(first: Descent) -> Node:
    return Node(_run_id(first.run or 0), "run", "", first.how, 0, 0, 1, first.run, first.parents)


def _of_run(members: Sequence[Descent], used: Collection[str]) -> list[Node]:
    """Return the nodes of versions that follow one another and have one run, or none."""
    last = members[-1]
    nodes = []
    for is_single, group in groupby(members, key=lambda one: one.run is None or one.reference in used or one is last):
        versions = list(group)
        nodes += [_node([one]) for one in versions] if is_single else [_node(versions)]
    return nodes


def _node(versions: Sequence[Descent]) -> Node:
    first, last = versions[0], versions[-1]
    parents = first.parents if first.run is None else (_run_id(first.run),)
    kind = "version" if len(versions) == 1 else "group"
    reference = last.reference
    return Node(reference, kind, reference, last.how, first.number, last.number, len(versions), first.run, parents)


def _newest(nodes: list[Node], most: int) -> list[Node]:
    """Return the last nodes, in an order in which parents come first; parents that are left out are not named."""
    newest = _parents_first({node.id: node for node in nodes[-most:]})
    names = {node.id for node in newest}
    return [node._replace(parents=tuple(name for name in node.parents if name in names)) for node in newest]


def _parents_first(nodes: Mapping[str, Node]) -> list[Node]:
    """Return the nodes, each directly below the last of its parents as far as that can be; a circle is cut."""
    below: dict[str, list[str]] = {}
    missing: dict[str, int] = {}
    for node in nodes.values():
        known = [parent for parent in dict.fromkeys(node.parents) if parent in nodes]
        missing[node.id] = len(known)
        for parent in known:
            below.setdefault(parent, []).append(node.id)
    ordered: dict[str, Node] = {}
    waiting = [name for name, count in missing.items() if count == 0][::-1]
    while waiting:
        name = waiting.pop()
        ordered[name] = nodes[name]
        for child in below.get(name, []):
            missing[child] -= 1
        waiting += [child for child in below.get(name, []) if missing[child] == 0][::-1]
    return [*ordered.values(), *(node for name, node in nodes.items() if name not in ordered)]

"""Queries about networks, and the safe names (slugs) that we give them. A network in the trash is not among them."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, or_, select

from dashboard.catalogue.rows import insert_row, now, record
from dashboard.catalogue.run_states import state_now
from dashboard.catalogue.tables import datasets, networks, runs, versions
from dashboard.errors import NotFound
from dashboard.records.network import Network, NetworkSpec

HISTORY = 20
"""How many versions of a network a line of the list shows."""


@dataclass(frozen=True)
class NetworkSummary:
    """One line of the list of networks: the network, its versions in brief, and its running runs.

    `metrics` are those of the last 20 versions, `best` the number and metrics of the best of all; `mark` changes with
    the versions that there are.
    """

    network: Network
    versions: int
    latest: int | None
    latest_created: datetime | None
    metrics: tuple[tuple[int, dict[str, Any]], ...]
    active_runs: tuple[int, ...]
    mark: tuple[int, ...] = ()
    best: tuple[int, Mapping[str, Any]] | None = None


def insert_network(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a network under a new slug; a taken name leaves `Catalogue.writing` as Conflict."""
    slug = _free_slug(connection, values["name"])
    return insert_known_network(connection, slug, values)


def insert_known_network(connection: Connection, slug: str, values: Mapping[str, Any]) -> int:
    """Add a network whose tables are already in the store under this slug."""
    row = {"slug": slug, "last_version": 0, "created": now()} | dict(values)
    return insert_row(connection, networks, row)


def get_network(connection: Connection, name: str) -> Network:
    """Return the network of this name; raises NotFound with the names that there are."""
    row = connection.execute(_of_name(), {"name": name}).one_or_none()
    if row is None:
        names = connection.execute(_names().limit(1000)).scalars().all()
        raise NotFound(f"There is no network named {name!r}.", "network", names)
    return _network(row)


def list_networks(
    connection: Connection, limit: int, offset: int = 0, search: str = "", kind: str = ""
) -> list[NetworkSummary]:
    """Return networks, those of one kind or all, the newest first, with the metrics of their last 20 versions."""
    query = _networks().order_by(networks.c.id.desc()).limit(limit).offset(offset)
    if kind:
        query = query.where(networks.c.kind == kind)
    if search:
        columns = (networks.c.name, networks.c.purpose)
        query = query.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    page = [_network(row) for row in connection.execute(query)]
    histories = _histories(connection, [network.id for network in page])
    active = _active_runs(connection, [network.id for network in page])
    return [_summary(network, histories.get(network.id, []), active.get(network.id, [])) for network in page]


def ids_of(connection: Connection, names: Collection[str]) -> list[int]:
    """Return the ids of the networks of some names; of an unknown name there is none."""
    rows = connection.execute(select(networks.c.id, networks.c.name).where(networks.c.trash == 0))
    return [row.id for row in rows if row.name in names]


def give_dataset(connection: Connection, network_id: int, dataset_id: int) -> bool:
    """Give a network that has no dataset one; return whether it had none."""
    without = (networks.c.id == network_id) & networks.c.dataset_id.is_(None)
    return connection.execute(networks.update().where(without).values(dataset_id=dataset_id)).rowcount == 1


def count_networks(connection: Connection) -> dict[str, int]:
    """Return how many networks there are of each kind that there is."""
    count = func.count().label("networks")
    query = select(networks.c.kind, count).where(networks.c.trash == 0).group_by(networks.c.kind)
    return {row.kind: row.networks for row in connection.execute(query)}


def is_in_trash(connection: Connection, slug: str) -> bool:
    """Return whether the network of this slug is in the trash, or is being deleted."""
    query = select(networks.c.id).where(networks.c.slug == slug, networks.c.trash != 0)
    return connection.execute(query).first() is not None


def skip_numbers(connection: Connection, network_id: int, highest: int) -> None:
    """See that no number up to `highest` is given out: the store holds versions that the catalogue does not know."""
    behind = networks.update().where(networks.c.id == network_id, networks.c.last_version < highest)
    connection.execute(behind.values(last_version=highest))


def next_version_number(connection: Connection, network_id: int) -> int:
    """Take the next number, never given out before, in the transaction of the caller."""
    connection.execute(
        networks.update().where(networks.c.id == network_id).values(last_version=networks.c.last_version + 1)
    )
    number = select(networks.c.last_version).where(networks.c.id == network_id)
    return int(connection.execute(number).scalar_one())


def _names() -> Select[Any]:
    return select(networks.c.name).where(networks.c.trash == 0).order_by(networks.c.name)


@cache  # to make it takes longer than to ask it
def _of_name() -> Select[Any]:
    return _networks().where(networks.c.name == bindparam("name"))


@cache
def _networks() -> Select[Any]:
    return (
        select(networks, datasets.c.name.label("dataset"))
        .outerjoin(datasets, datasets.c.id == networks.c.dataset_id)
        .where(networks.c.trash == 0)
    )


def _network(row: Row[Any]) -> Network:
    return record(Network, row, spec=NetworkSpec.from_json(row.spec), dataset=row.dataset or "")


def _histories(connection: Connection, ids: list[int]) -> dict[int, list[Any]]:
    """Return the last 20 ready versions of each network, read from the index's end, and how many there are in all."""
    histories: dict[int, list[Any]] = {}
    for row in connection.execute(_last_versions().where(networks.c.id.in_(ids))):
        histories.setdefault(row.network_id, []).append(row)
    return histories


@cache
def _last_versions() -> Select[Any]:
    own = versions.alias("own").c
    mine = select(own.number).where(own.network_id == networks.c.id, own.state == "ready")
    twentieth = mine.order_by(own.number.desc()).limit(1).offset(HISTORY - 1)
    total = mine.with_only_columns(func.count()).scalar_subquery().label("total")
    squares = mine.with_only_columns(func.sum(own.number * own.number)).scalar_subquery().label("squares")
    sums = mine.with_only_columns(func.sum(own.number)).scalar_subquery().label("sums")
    return (
        select(versions.c.network_id, versions.c.number, versions.c.metrics, versions.c.created, total, sums, squares)
        .join(networks, networks.c.id == versions.c.network_id)
        .where(versions.c.state == "ready", versions.c.number >= func.coalesce(twentieth.scalar_subquery(), 0))
        .order_by(versions.c.number)
    )


def _active_runs(connection: Connection, ids: list[int]) -> dict[int, list[int]]:
    query = select(runs.c.network_id, runs.c.id).where(
        runs.c.network_id.in_(ids), state_now().in_(("queued", "running"))
    )
    active: dict[int, list[int]] = {}
    for row in connection.execute(query.order_by(runs.c.id)):
        active.setdefault(row.network_id, []).append(row.id)
    return active


def _summary(network: Network, history: list[Any], active: list[int]) -> NetworkSummary:
    last = history[-1] if history else None
    return NetworkSummary(
        network=network,
        versions=last.total if last else 0,
        latest=last.number if last else None,
        latest_created=last.created if last else None,
        metrics=tuple((row.number, row.metrics) for row in history),
        active_runs=tuple(active),
        mark=(last.total, int(last.sums), int(last.squares)) if last else (),
    )


def _free_slug(connection: Connection, name: str) -> str:
    """Return a safe name made from the network's, of at most 24 characters, that no other network has."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "_", ascii_name).strip("_")[:20].strip("_") or "network"
    taken = set(connection.execute(select(networks.c.slug).where(networks.c.slug.startswith(base))).scalars())
    if base not in taken:
        return base
    number = 2
    while f"{base[: 23 - len(str(number))]}_{number}" in taken:
        number += 1
    return f"{base[: 23 - len(str(number))]}_{number}"

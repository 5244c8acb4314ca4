"""Rows as they travel from one catalogue to another: whole, with the numbers and times that they had."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, select

from dashboard.catalogue.networks import insert_known_network, insert_network, list_networks
from dashboard.catalogue.rows import insert_row
from dashboard.catalogue.run_states import state_now
from dashboard.catalogue.tables import epochs, networks, runs, versions
from dashboard.catalogue.versions import find_id
from dashboard.records.network import Network
from dashboard.records.run import ENDED_STATES
from dashboard.records.run_kinds import kinds_that_write

EVERYTHING = 10**9
RUN_TIES = ("id", "network_id", "dataset_id", "parent_id", "checkpoint")
VERSION_TIES = ("id", "network_id", "number", "state", "run_id", "parent_id", "dataset_id", "trashed")


class Mark(NamedTuple):
    """What a version is known by, and what it is tied to."""

    id: int
    network: str
    number: int
    state: str
    sha256: str
    run_id: int | None
    parent_id: int | None

    @property
    def reference(self) -> str:
        """The version as people write it."""
        return f"{self.network}:{self.number}"


def version_marks(connection: Connection) -> list[Mark]:
    """Return all versions of networks that are not in the trash, whatever their state, parents before children."""
    columns = (versions.c[name] for name in ("number", "state", "sha256", "run_id", "parent_id"))
    query = (
        select(versions.c.id, networks.c.name, *columns)
        .join(networks, networks.c.id == versions.c.network_id)
        .where(networks.c.trash == 0)
        .order_by(versions.c.id)
    )
    return [Mark(*row) for row in connection.execute(query)]


def all_networks(connection: Connection) -> list[Network]:
    """Return all networks, the oldest first."""
    return [summary.network for summary in list_networks(connection, EVERYTHING)][::-1]


def copy_network(connection: Connection, network: Network, dataset_id: int | None) -> int:
    """Add a network as it is elsewhere, under its own slug if that is free; return its id."""
    wanted = ("name", "kind", "purpose", "task", "fields", "last_version", "created")
    row = {name: getattr(network, name) for name in wanted} | {"dataset_id": dataset_id, "spec": network.spec.to_json()}
    taken = connection.execute(select(networks.c.id).where(networks.c.slug == network.slug)).first()
    return insert_network(connection, row) if taken else insert_known_network(connection, network.slug, row)


def raise_last_version(connection: Connection, network_id: int, last_version: int) -> None:
    """See that numbers that were given out elsewhere are not given out here, either."""
    behind = networks.update().where(networks.c.id == network_id, networks.c.last_version < last_version)
    connection.execute(behind.values(last_version=last_version))


def version_row(connection: Connection, version_id: int) -> dict[str, Any] | None:
    """Return a ready version's row without what ties it to other rows; None if it was deleted meanwhile."""
    query = select(versions).where(versions.c.id == version_id, versions.c.state == "ready")
    row = connection.execute(query).one_or_none()
    return None if row is None else {name: value for name, value in row._mapping.items() if name not in VERSION_TIES}


class RunRow(NamedTuple):
    """A training's row, and the network, dataset and version that it is tied to."""

    id: int
    network_id: int
    dataset_id: int | None
    parent_id: int | None
    has_ended: bool
    values: Mapping[str, Any]


def training_runs(connection: Connection) -> list[RunRow]:
    """Return all trainings, the oldest first."""
    return [_run_row(row) for row in connection.execute(_trainings().order_by(runs.c.id))]


def training_run(connection: Connection, run_id: int) -> RunRow | None:
    """Return a run that writes versions; None if there is none of this id."""
    row = connection.execute(_trainings().where(runs.c.id == run_id)).one_or_none()
    return None if row is None else _run_row(row)


def _trainings() -> Select[Any]:
    return select(runs, state_now().label("state_now")).where(runs.c.kind.in_(kinds_that_write()))


def _run_row(row: Row[Any]) -> RunRow:
    values = {name: value for name, value in row._mapping.items() if name not in {"state_now", *RUN_TIES}}
    return RunRow(row.id, row.network_id, row.dataset_id, row.parent_id, row.state_now in ENDED_STATES, values)


def epoch_rows(connection: Connection, run_id: int, since: int = 0) -> list[dict[str, Any]]:
    """Return a run's epochs after the epoch `since` as rows without the run's id."""
    query = select(epochs).where(epochs.c.run_id == run_id, epochs.c.epoch > since)
    rows = connection.execute(query.order_by(epochs.c.epoch))
    return [{name: value for name, value in row._mapping.items() if name != "run_id"} for row in rows]


def find_run(connection: Connection, network_id: int, values: Mapping[str, Any]) -> int | None:
    """Return the id of the run that was copied before, identified by its network and creation time."""
    query = select(runs.c.id).where(runs.c.network_id == network_id, runs.c.created == values["created"])
    return connection.execute(query).scalars().first()


def error_of_run(connection: Connection, run_id: int) -> str | None:
    """Return what went wrong in a run, whatever network it is of."""
    error: str | None = connection.execute(select(runs.c.error).where(runs.c.id == run_id)).scalar_one()
    return error


def copy_run_row(
    connection: Connection,
    run_id: int,
    ties: Mapping[str, Any],
    values: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
) -> int:
    """Add a run with its epochs, under its own id if that is free; return its id."""
    is_free = connection.execute(select(runs.c.id).where(runs.c.id == run_id)).first() is None
    new_id = insert_row(connection, runs, ({"id": run_id} if is_free else {}) | dict(ties) | dict(values))
    if rows:
        connection.execute(epochs.insert(), [{"run_id": new_id} | dict(row) for row in rows])
    return new_id


def add_missing_epochs(connection: Connection, run_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add the epochs that a run does not have yet."""
    known = set(connection.execute(select(epochs.c.epoch).where(epochs.c.run_id == run_id)).scalars())
    new = [{"run_id": run_id} | dict(row) for row in rows if row["epoch"] not in known]
    if new:
        connection.execute(epochs.insert(), new)


def set_run(connection: Connection, run_id: int, values: Mapping[str, Any]) -> None:
    """Change what a run says of itself."""
    connection.execute(runs.update().where(runs.c.id == run_id).values(**values))


def link_parents(connection: Connection, links: Mapping[tuple[str, int], tuple[str, int]]) -> None:
    """Tie versions and runs, given as ("version" or "run", id), to the versions that they continue from, if known."""
    for (kind, row_id), parent in links.items():
        table = versions if kind == "version" else runs
        parent_id = find_id(connection, *parent)
        if parent_id is not None:
            connection.execute(table.update().where(table.c.id == row_id).values(parent_id=parent_id))

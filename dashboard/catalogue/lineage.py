"""Which version of a network came from which, read from the rows of versions and runs."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from dashboard.catalogue.tables import networks, runs, versions


class LineageRow(NamedTuple):
    """A version; `parent` is where its run began, or what it was made of first; `origin` is read of those without run.

    The origins of imports are long, and say nothing of other versions.
    """

    number: int
    epoch: int
    created: datetime
    run_id: int | None
    run_kind: str | None
    parent: str | None
    origin: dict[str, Any] | None


def lineage_rows(connection: Connection, network_id: int, most: int) -> list[LineageRow]:
    """Return the newest versions of a network, up to `most`, the oldest of them first."""
    parent, parents_network = versions.alias("parent"), networks.alias("parents_network")
    columns = versions.c.number, versions.c.epoch, versions.c.created, versions.c.run_id
    query = (
        select(*columns, runs.c.kind, parents_network.c.name, parent.c.number.label("parent_number"))
        .outerjoin(runs, runs.c.id == versions.c.run_id)
        .outerjoin(parent, parent.c.id == versions.c.parent_id)
        .outerjoin(parents_network, parents_network.c.id == parent.c.network_id)
        .where(versions.c.network_id == network_id, versions.c.state == "ready")
        .order_by(versions.c.number.desc())
        .limit(most)
    )
    origins = select(versions.c.number, versions.c.origin).where(
        versions.c.network_id == network_id, versions.c.state == "ready", versions.c.run_id.is_(None)
    )
    of: dict[int, Any] = {row.number: row.origin for row in connection.execute(origins)}
    rows = [
        LineageRow(
            *row[:5],
            None if row.parent_number is None else f"{row.name}:{row.parent_number}",
            of.get(row.number),
        )
        for row in connection.execute(query)
    ]
    return rows[::-1]


class StepRow(NamedTuple):
    """A version, its run, and the number of its parent if that is of the same network; `bytes` are its weights'."""

    id: int
    number: int
    run_id: int | None
    parent: int | None
    sha256: str
    bytes: int


def step_rows(connection: Connection, network_id: int) -> list[StepRow]:
    """Return all versions of a network, the oldest first, with little more than what each comes from."""
    parent = versions.alias("parent")
    is_parent = (parent.c.id == versions.c.parent_id) & (parent.c.network_id == network_id)
    own = [parent.c.number if name == "parent" else versions.c[name] for name in StepRow._fields]
    query = (
        select(*own)
        .outerjoin(parent, is_parent & (parent.c.state == "ready"))
        .where(versions.c.network_id == network_id, versions.c.state == "ready")
        .order_by(versions.c.number)
    )
    return [StepRow._make(row) for row in connection.execute(query)]

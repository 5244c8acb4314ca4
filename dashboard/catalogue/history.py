"""Queries over all versions of a network at once: small columns only, so that a thousand versions are read quickly."""

from typing import Any

from sqlalchemy import Connection, func, select

from dashboard.catalogue.tables import networks, versions


def metric_history(connection: Connection, network_id: int) -> dict[int, dict[str, Any]]:
    """Return version number -> metrics of all versions of a network that exist, in their order."""
    query = (
        select(versions.c.number, versions.c.metrics)
        .where(versions.c.network_id == network_id, versions.c.state == "ready")
        .order_by(versions.c.number)
    )
    return {row.number: dict(row.metrics) for row in connection.execute(query)}


def all_versions(connection: Connection) -> list[tuple[str, int]]:
    """Return (network, number) of all versions that exist, network by network."""
    query = (
        select(networks.c.name, versions.c.number)
        .join(networks, networks.c.id == versions.c.network_id)
        .where(versions.c.state == "ready", networks.c.trash == 0)
    )
    return [(row.name, row.number) for row in connection.execute(query.order_by(networks.c.id, versions.c.number))]


def count_versions(connection: Connection) -> int:
    """Return how many versions exist, of all networks."""
    return connection.execute(select(func.count()).where(versions.c.state == "ready")).scalar_one()

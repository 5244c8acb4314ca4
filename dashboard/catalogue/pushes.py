"""Queries about pushes that are saved by a run, and about runs whose process is elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from dashboard.catalogue.rows import now
from dashboard.catalogue.tables import FARTHEST, epochs, networks, runs
from dashboard.records.run import ENDED_STATES
from dashboard.records.run_kinds import EXTERNAL, PUSH


def lock_network(connection: Connection, network_id: int) -> None:
    """Let no other transaction look for a key of this network before this one ends."""
    connection.execute(select(networks.c.id).where(networks.c.id == network_id).with_for_update())


def lock_run(connection: Connection, run_id: int) -> None:
    """Let no other transaction change a run before this one ends."""
    connection.execute(select(runs.c.id).where(runs.c.id == min(run_id, FARTHEST)).with_for_update())


def active_push(connection: Connection, network_id: int, key: str) -> int | None:
    """Return the run that has been queued to save a key, and has not ended; None if there is none."""
    pushing = (runs.c.kind == PUSH) & (runs.c.network_id == network_id) & runs.c.state.not_in(ENDED_STATES)
    rows = connection.execute(select(runs.c.id, runs.c.request).where(pushing))
    return next((row.id for row in rows if row.request["key"] == key), None)


def active_manifests(connection: Connection) -> set[str]:
    """Return the names of the manifests that runs which have not ended will read."""
    query = select(runs.c.request).where(runs.c.kind == PUSH, runs.c.state.not_in(ENDED_STATES))
    return {row.request["manifest"] for row in connection.execute(query)}


def external_run(connection: Connection, network_id: int, key: str) -> int | None:
    """Return the run elsewhere that has this key; None if there is none."""
    query = select(runs.c.id).where(runs.c.network_id == network_id, runs.c.push_key == key, runs.c.kind == EXTERNAL)
    return connection.execute(query).scalar_one_or_none()


def put_epochs(connection: Connection, run_id: int, added: Sequence[Mapping[str, Any]]) -> int:
    """Write epochs of a run elsewhere, over those of the same number; return how many are new."""
    numbers = [epoch["epoch"] for epoch in added]
    there = (epochs.c.run_id == run_id) & epochs.c.epoch.in_(numbers)
    before = connection.execute(epochs.delete().where(there)).rowcount
    if added:
        connection.execute(epochs.insert(), [{"run_id": run_id, **epoch} for epoch in added])
    return len(added) - before


def note_life(connection: Connection, run_id: int, values: Mapping[str, Any]) -> None:
    """Write down that a run elsewhere was heard of, and how far it is."""
    done = select(func.coalesce(func.max(epochs.c.epoch), 0)).where(epochs.c.run_id == run_id).scalar_subquery()
    row = {"heartbeat": now(), "done": done} | dict(values)
    connection.execute(runs.update().where(runs.c.id == run_id).values(**row))

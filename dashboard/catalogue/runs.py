"""Queries about runs and their epochs. Every change of state is fenced on the attempt and on the present state.

Runs of networks that lie in the trash are hidden like the networks.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, Update, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from dashboard.catalogue.inserting import insert_row
from dashboard.catalogue.tables import FARTHEST, datasets, epochs, networks, runs, versions
from dashboard.catalogue.times import now
from dashboard.errors import NotFound
from dashboard.records import ENDED_STATES, NO_SPEC, Epoch, NetworkSpec, Run


def insert_run(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a queued run and return its id."""
    return insert_row(connection, runs, {"state": "queued", "created": now()} | dict(values))


def get_run(connection: Connection, run_id: int) -> Run:
    """Return a run; raises NotFound."""
    row = connection.execute(_runs().where(runs.c.id == min(run_id, FARTHEST))).one_or_none()
    if row is None:
        raise NotFound(f"There is no run {run_id}.", "run")
    return _run(row)


def list_runs(connection: Connection, limit: int, offset: int = 0, network: str | None = None) -> list[Run]:
    """Return runs: the running ones first, then the queued ones, then those that ended, the newest first."""
    order = case((runs.c.state == "running", 0), (runs.c.state == "queued", 1), else_=2)
    query = _runs().order_by(order, runs.c.id.desc()).limit(limit).offset(offset)
    if network is not None:
        query = query.where(networks.c.name == network)
    return [_run(row) for row in connection.execute(query)]


def copy_run(connection: Connection, run_id: int) -> int:
    """Queue a new run of what this one did: its kind, network, dataset, settings, parent and request; return its id."""
    wanted = ("kind", "network_id", "dataset_id", "parent_id", "spec", "request", "total")
    row = connection.execute(select(*(runs.c[name] for name in wanted)).where(runs.c.id == run_id)).one()
    return insert_run(connection, dict(row._mapping))


def parent_id(connection: Connection, run_id: int) -> int | None:
    """Return the id of the version that a run goes on from, if there is one."""
    found: int | None = connection.execute(select(runs.c.parent_id).where(runs.c.id == run_id)).scalar_one()
    return found


def active_runs(connection: Connection, network_id: int) -> list[int]:
    """Return the ids of a network's runs that have not ended."""
    query = select(runs.c.id).where(runs.c.network_id == network_id, runs.c.state.not_in(ENDED_STATES))
    return list(connection.execute(query).scalars())


def delete_runs(connection: Connection, network_id: int) -> None:
    """Remove a network's runs and their epochs; its versions must be gone."""
    ids = select(runs.c.id).where(runs.c.network_id == network_id)
    connection.execute(epochs.delete().where(epochs.c.run_id.in_(ids)))
    connection.execute(runs.delete().where(runs.c.network_id == network_id))


def active_action(connection: Connection, kind: str) -> int | None:
    """Return the id of the oldest action of this kind that has not ended."""
    query = select(runs.c.id).where(runs.c.kind == kind, runs.c.state.not_in(ENDED_STATES)).order_by(runs.c.id)
    return connection.execute(query.limit(1)).scalar_one_or_none()


def queued_runs(connection: Connection) -> set[int]:
    """Return the ids of the runs that wait to be claimed."""
    return set(connection.execute(select(runs.c.id).where(runs.c.state == "queued")).scalars())


def any_queued(connection: Connection, kinds: Collection[str] | None = None) -> bool:
    """Tell whether a run (of one of these kinds) waits to be claimed."""
    return connection.execute(_oldest_queued(kinds)).first() is not None


def claim_next_run(connection: Connection, kinds: Collection[str] | None = None) -> Run | None:
    """Make the oldest queued run (of one of these kinds) `running` under its next attempt and return it."""
    run_id = connection.execute(_oldest_queued(kinds)).scalar_one_or_none()
    if run_id is None:
        return None
    connection.execute(
        runs.update()
        .where(runs.c.id == run_id)
        .values(state="running", attempt=runs.c.attempt + 1, started=now(), heartbeat=now())
    )
    return get_run(connection, run_id)


def append_epoch(connection: Connection, run_id: int, attempt: int, epoch: Mapping[str, Any]) -> bool:
    """Add an epoch's numbers and move the heartbeat; False if this attempt no longer runs."""
    alive = connection.execute(_attempt(run_id, attempt).values(heartbeat=now(), done=epoch["epoch"])).rowcount == 1
    if alive:
        connection.execute(epochs.insert().values(run_id=run_id, **epoch))
    return alive


def note_progress(connection: Connection, run_id: int, attempt: int, progress: Mapping[str, Any]) -> bool:
    """Write down how far an action has come (done, total, note, result); False if this attempt no longer runs."""
    return connection.execute(_attempt(run_id, attempt).values(heartbeat=now(), **progress)).rowcount == 1


def end_run(connection: Connection, run_id: int, attempt: int, state: str, error: str | None = None) -> bool:
    """Give a running attempt its final state; False if this attempt no longer runs."""
    return connection.execute(_attempt(run_id, attempt).values(state=state, error=error, ended=now())).rowcount == 1


def request_cancel(connection: Connection, run_id: int) -> None:
    """Ask for a cancel: a queued run ends at once, a running one when its process has seen it."""
    connection.execute(
        runs.update()
        .where(runs.c.id == run_id, runs.c.state == "queued")
        .values(state="cancelled", cancel_requested=True, ended=now())
    )
    connection.execute(
        runs.update().where(runs.c.id == run_id, runs.c.state == "running").values(cancel_requested=True)
    )


def cancel_requests(connection: Connection) -> set[int]:
    """Return the ids of the running runs that a person wants to stop."""
    query = select(runs.c.id).where(runs.c.state == "running", runs.c.cancel_requested)
    return set(connection.execute(query).scalars())


def interrupt_stale_runs(connection: Connection, error: str) -> int:
    """Mark all `running` runs as interrupted (called by a coordinator that has just started: none can be alive)."""
    stale = runs.update().where(runs.c.state == "running").values(state="interrupted", error=error, ended=now())
    return connection.execute(stale).rowcount


def list_epochs(connection: Connection, run_id: int, since: int = 0) -> list[Epoch]:
    """Return a run's epochs after the epoch `since`, in order."""
    query = select(epochs).where(epochs.c.run_id == run_id, epochs.c.epoch > since).order_by(epochs.c.epoch)
    return [_epoch(row) for row in connection.execute(query)]


def last_epochs(connection: Connection, run_ids: list[int]) -> dict[int, Epoch]:
    """Return the last epoch of each of these runs that has one."""
    last = (
        select(epochs.c.run_id, func.max(epochs.c.epoch).label("epoch"))
        .where(epochs.c.run_id.in_(run_ids))
        .group_by(epochs.c.run_id)
        .subquery()
    )
    query = select(epochs).join(last, (last.c.run_id == epochs.c.run_id) & (last.c.epoch == epochs.c.epoch))
    return {row.run_id: _epoch(row) for row in connection.execute(query)}


def count_active(connection: Connection) -> int:
    """Return how many runs are queued or running."""
    return connection.execute(
        select(func.count()).select_from(runs).where(runs.c.state.not_in(ENDED_STATES))
    ).scalar_one()


def _oldest_queued(kinds: Collection[str] | None) -> Select[Any]:
    hidden = select(networks.c.id).where(networks.c.trash != 0)
    query = select(runs.c.id).where(runs.c.state == "queued").order_by(runs.c.id).limit(1)
    query = query.where(or_(runs.c.network_id.is_(None), runs.c.network_id.not_in(hidden)))
    return query if kinds is None else query.where(runs.c.kind.in_(kinds))


def _attempt(run_id: int, attempt: int) -> Update:
    return runs.update().where(runs.c.id == run_id, runs.c.attempt == attempt, runs.c.state == "running")


def _runs() -> Select[Any]:
    parent_networks = aliased(networks, name="parent_networks")
    return (
        select(
            runs,
            networks.c.name.label("network"),
            datasets.c.name.label("dataset"),
            parent_networks.c.name.label("parent_network"),
            versions.c.number.label("parent_number"),
        )
        .outerjoin(networks, networks.c.id == runs.c.network_id)
        .outerjoin(datasets, datasets.c.id == runs.c.dataset_id)
        .outerjoin(versions, and_(versions.c.id == runs.c.parent_id, versions.c.state == "ready"))
        .outerjoin(parent_networks, parent_networks.c.id == versions.c.network_id)
        .where(or_(runs.c.network_id.is_(None), networks.c.trash == 0))
    )


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    for name in ("network_id", "dataset_id", "parent_id"):
        values.pop(name)
    parent_network, parent_number = values.pop("parent_network"), values.pop("parent_number")
    values["parent"] = f"{parent_network}:{parent_number}" if parent_network is not None else None
    values |= {"network": row.network or "", "dataset": row.dataset or ""}
    return Run(**values | {"spec": NetworkSpec.from_json(row.spec) if row.spec else NO_SPEC})


def _epoch(row: Row[Any]) -> Epoch:
    values = dict(row._mapping)
    del values["run_id"]
    return Epoch(**values)

"""Queries about runs and their epochs. Every change of state is fenced on the attempt and on the present state.

Runs of networks in the trash are hidden like the networks.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    String,
    Update,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
)

from dashboard.catalogue.rows import insert_row, now, parent_reference, record
from dashboard.catalogue.run_states import state_now
from dashboard.catalogue.tables import FARTHEST, datasets, epochs, networks, runs, versions
from dashboard.errors import NewerForm, NotFound
from dashboard.records.network import NO_SPEC, NetworkSpec
from dashboard.records.run import ENDED_STATES, RESUMABLE_STATES, Epoch, Run
from dashboard.records.run_kinds import ELSEWHERE, REPEATS, TRAININGS, kinds_in, kinds_that_repeat

MOST_NAMED = 500
"""So many networks are named in a query; of more, all are read."""

NAMED_IN_REQUESTS = ("search", "to", "name", "base", "other")
"""What a run's request may name: its search, where it copies to, what it imports, the versions that it compares."""


class Checkpoint(NamedTuple):
    """The point from which a run resumes: the epoch after which it was taken, and its file."""

    run_id: int
    epoch: int
    file: str
    sha256: str


def insert_run(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a queued run and return its id."""
    return insert_row(connection, runs, {"state": "queued", "created": now()} | dict(values))


def get_run(connection: Connection, run_id: int) -> Run:
    """Return a run; raises NotFound."""
    row = connection.execute(_runs().where(runs.c.id == min(run_id, FARTHEST))).one_or_none()
    if row is None:
        raise NotFound(f"There is no run {run_id}.", "run")
    return _run(row)


def list_runs(
    connection: Connection,
    limit: int,
    offset: int = 0,
    network: str | None = None,
    states: Collection[str] = (),
    but_kind: str = "",
    words: str = "",
) -> list[Run]:
    """Return runs: the running ones, then the queued ones in their turn, then those that ended, the newest first.

    Those of the kind `but_kind` are left out, and those without all of the `words` in what `_says` looks at.
    """
    state = state_now()
    order = case((state == "running", 0), (state == "queued", 1), else_=2)
    is_queued = runs.c.state == "queued"
    turn = (case((is_queued, -runs.c.priority)), case((is_queued, runs.c.id)))
    query = _narrowed(states, but_kind, words).order_by(order, *turn, runs.c.id.desc()).limit(limit).offset(offset)
    if network is not None:
        query = query.where(networks.c.name == network)
    return [_run(row) for row in connection.execute(query)]


def count_matching(connection: Connection, states: Collection[str], but_kind: str, words: str) -> int:
    """Return how many runs `list_runs` has in all with these states, without this kind, and with these words."""
    numbers = _narrowed(states, but_kind, words).with_only_columns(runs.c.id).subquery()
    return int(connection.execute(select(func.count()).select_from(numbers)).scalar_one())


def _narrowed(states: Collection[str], but_kind: str, words: str) -> Select[Any]:
    query = _runs().where(*(_says(word) for word in words.split()))
    if states:
        query = query.where(state_now().in_(states))
    return query.where(runs.c.kind != but_kind) if but_kind else query


def _says(word: str) -> ColumnElement[bool]:
    """Return whether a word is in a run's number, state, kind, network, dataset, who started it, or what it names."""
    texts = (
        literal("run ") + cast(runs.c.id, String),
        state_now(),
        *(runs.c.kind, runs.c.started_by, networks.c.name, datasets.c.name),
        *(type_coerce(runs.c.request, JSON)[name].as_string() for name in NAMED_IN_REQUESTS),
    )
    return or_(*(text.icontains(word, autoescape=True) for text in texts))


def last_finished(connection: Connection, kind: str) -> Run | None:
    """Return the newest run of a kind that has finished, if there is one."""
    is_one = (runs.c.kind == kind) & (runs.c.state == "finished")
    row = connection.execute(_runs().where(is_one).order_by(runs.c.id.desc()).limit(1)).first()
    return _run(row) if row else None


def last_repeats(connection: Connection, network_ids: Collection[int]) -> list[Run]:
    """Return the newest finished run of each kind that trains a network several times, of each of these networks."""
    is_one = runs.c.kind.in_(kinds_that_repeat()) & (runs.c.state == "finished")
    if len(network_ids) <= MOST_NAMED:
        is_one &= runs.c.network_id.in_(network_ids)
    newest = select(func.max(runs.c.id)).where(is_one).group_by(runs.c.network_id, runs.c.kind)
    return [_run(row) for row in connection.execute(_runs().where(runs.c.id.in_(newest)))]


def count_states(connection: Connection, kind: str = "") -> dict[str, int]:
    """Return how many runs (of a kind) are in each state that any is in; without those of networks in the trash."""
    return {row[0]: row[1] for row in connection.execute(_states(bool(kind)), {"kind": kind} if kind else {})}


@cache  # to make it takes longer than to ask it, as every page does
def _states(is_of_kind: bool) -> Select[Any]:
    counted = ~of_hidden_networks()
    if is_of_kind:
        counted &= runs.c.kind == bindparam("kind")
    states = select(state_now().label("state")).where(counted).subquery().c.state
    return select(states, func.count()).group_by(states)


def copy_run(connection: Connection, run_id: int, started_by: str) -> int:
    """Queue a new run of what this one did: its kind, network, dataset, settings, parent and request; return its id."""
    wanted = ("kind", "network_id", "dataset_id", "parent_id", "spec", "request", "total", "priority")
    row = connection.execute(select(*(runs.c[name] for name in wanted)).where(runs.c.id == run_id)).one()
    return insert_run(connection, dict(row._mapping) | {"started_by": started_by})


def parent_id(connection: Connection, run_id: int) -> int | None:
    """Return the id of the version that a run started from, if there is one."""
    parent: int | None = connection.execute(select(runs.c.parent_id).where(runs.c.id == run_id)).scalar_one()
    return parent


def has_lost_parent(connection: Connection, run_id: int) -> bool:
    """Return whether the version that a run started from has been deleted."""
    query = select(runs.c.parent_id, versions.c.state).outerjoin(versions, versions.c.id == runs.c.parent_id)
    row = connection.execute(query.where(runs.c.id == run_id)).one()
    return row.parent_id is not None and row.state != "ready"


def active_runs(connection: Connection, network_id: int) -> list[int]:
    """Return the ids of a network's runs that have not ended."""
    query = select(runs.c.id).where(runs.c.network_id == network_id, state_now().not_in(ENDED_STATES))
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


def active_request(connection: Connection, kind: str, request: Mapping[str, Any]) -> int | None:
    """Return the id of the oldest run of this kind and request that has not ended."""
    query = select(runs.c.id, runs.c.request).where(runs.c.kind == kind, runs.c.state.not_in(ENDED_STATES))
    return next((row.id for row in connection.execute(query.order_by(runs.c.id)) if row.request == request), None)


def active_run_ids(connection: Connection) -> set[int]:
    """Return the ids of all runs that have not ended; in a writing transaction, also of those being added just now."""
    query = select(runs.c.id).where(runs.c.state.not_in(ENDED_STATES)).with_for_update(read=True)
    return set(connection.execute(query).scalars())


def any_queued(connection: Connection, kinds: Collection[str] | None = None) -> bool:
    """Return whether a run (of one of these kinds) waits to be claimed."""
    return connection.execute(_next_queued(kinds)).first() is not None


def claim_next_run(connection: Connection, kinds: Collection[str] | None = None) -> Run | None:
    """Make the next queued run (of one of these kinds) `running` under its next attempt and return it.

    The highest priority comes first, then the oldest. What an earlier attempt did after its checkpoint is discarded
    and repeated.
    """
    run_id = connection.execute(_next_queued(kinds)).scalar_one_or_none()
    if run_id is None:
        return None
    try:
        return claim_run(connection, run_id)
    except NewerForm as error:
        failed = {"state": "failed", "error": error.message, "ended": now()}
        connection.execute(runs.update().where(runs.c.id == run_id).values(**failed))
        return None


def claim_run(connection: Connection, run_id: int) -> Run:
    """Make a queued run `running` under its next attempt and return it; see `claim_next_run`."""
    point = get_checkpoint(connection, run_id)
    epoch = 0 if point is None else point.epoch
    # An action begins again, and its time left is counted from then; what trains counts from its first start.
    started = case((runs.c.kind.in_(kinds_in({TRAININGS, REPEATS})), func.coalesce(runs.c.started, now())), else_=now())
    values = {"state": "running", "attempt": runs.c.attempt + 1, "started": started, "heartbeat": now(), "done": epoch}
    connection.execute(runs.update().where(runs.c.id == run_id).values(**values))
    connection.execute(epochs.delete().where(epochs.c.run_id == run_id, epochs.c.epoch > epoch))
    return get_run(connection, run_id)


def put_back(connection: Connection, run_id: int, attempt: int) -> None:
    """Queue a run again whose attempt has not begun: the attempt does not count."""
    connection.execute(_attempt(run_id, attempt).values(state="queued", attempt=attempt - 1))


def is_current(connection: Connection, run_id: int, attempt: int) -> bool:
    """Return whether this attempt is the one that runs, and let no other change that before the transaction ends."""
    row = connection.execute(select(runs.c.state, runs.c.attempt).where(runs.c.id == run_id).with_for_update()).one()
    return (row.state, row.attempt) == ("running", attempt)


def keep_checkpoint(connection: Connection, attempt: int, point: Checkpoint) -> bool:
    """Go on from this checkpoint from now on, and forget earlier deaths; False if this attempt no longer runs."""
    about = {"epoch": point.epoch, "file": point.file, "sha256": point.sha256}
    changed = connection.execute(_attempt(point.run_id, attempt).values(checkpoint=about, deaths=0, heartbeat=now()))
    return changed.rowcount == 1


def get_checkpoint(connection: Connection, run_id: int) -> Checkpoint | None:
    """Return the checkpoint of a run, or None if it starts from the beginning."""
    about = connection.execute(select(runs.c.checkpoint).where(runs.c.id == run_id)).scalar_one()
    return None if about is None else Checkpoint(run_id, **about)


def drop_checkpoint(connection: Connection, run_id: int) -> None:
    """Forget a run's checkpoint, as it has reached its goal."""
    connection.execute(runs.update().where(runs.c.id == run_id).values(checkpoint=null()))


def begin_again(connection: Connection, run_id: int, attempt: int) -> None:
    """Let a running attempt start from the beginning, as its checkpoint is gone."""
    connection.execute(_attempt(run_id, attempt).values(checkpoint=null(), done=0))
    connection.execute(epochs.delete().where(epochs.c.run_id == run_id))


def wanted_checkpoints(connection: Connection, ended: int) -> list[Checkpoint]:
    """Return the checkpoints of runs that have not ended, and of the newest `ended` that ended before their goal."""
    held = select(runs.c.id, runs.c.checkpoint).where(runs.c.checkpoint.is_not(None))
    active = held.where(runs.c.state.not_in(ENDED_STATES))
    stopped = held.where(runs.c.state.in_(RESUMABLE_STATES)).order_by(runs.c.id.desc()).limit(ended)
    return [Checkpoint(row.id, **row.checkpoint) for query in (active, stopped) for row in connection.execute(query)]


def append_epochs(connection: Connection, run_id: int, attempt: int, added: Sequence[Mapping[str, Any]]) -> bool:
    """Add the numbers of some epochs and move the heartbeat; False if this attempt no longer runs.

    Those that are there already are left out: an outage may hide that they were written.
    """
    done = added[-1]["epoch"]
    alive = connection.execute(_attempt(run_id, attempt).values(heartbeat=now(), done=done)).rowcount == 1
    last = connection.execute(select(func.max(epochs.c.epoch)).where(epochs.c.run_id == run_id)).scalar_one() or 0
    rows = [{"run_id": run_id, **epoch} for epoch in added if epoch["epoch"] > last]
    if alive and rows:
        connection.execute(epochs.insert(), rows)
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


def requeue_run(connection: Connection, run_id: int, attempt: int, died: bool) -> bool:
    """Put a running attempt back into the queue, to resume from its checkpoint; False if it no longer runs.

    A death counts: see `deaths_of`. What a person wanted to stop is cancelled instead.
    """
    still = _attempt(run_id, attempt)
    cancelled = connection.execute(still.where(runs.c.cancel_requested).values(state="cancelled", ended=now()))
    if cancelled.rowcount == 1:
        return True
    values = {"state": "queued", "deaths": runs.c.deaths + int(died)}
    return connection.execute(still.values(**values)).rowcount == 1


def deaths_of(connection: Connection, run_id: int) -> int:
    """Return how often a run has died since its last checkpoint."""
    return int(connection.execute(select(runs.c.deaths).where(runs.c.id == run_id)).scalar_one())


def stale_attempts(connection: Connection) -> list[tuple[int, int]]:
    """Return (id, attempt) of the running runs that are not elsewhere: to a coordinator that starts, all are dead."""
    query = select(runs.c.id, runs.c.attempt).where(
        runs.c.state == "running", runs.c.kind.not_in(kinds_in({ELSEWHERE}))
    )
    return [(row.id, row.attempt) for row in connection.execute(query)]


def resume_run(connection: Connection, run_id: int) -> bool:
    """Queue a run that ended early again, to resume from its checkpoint; False if it is not such a run."""
    values = {"state": "queued", "error": None, "ended": None, "cancel_requested": False, "deaths": 0}
    ended = runs.update().where(runs.c.id == run_id, runs.c.state.in_(RESUMABLE_STATES))
    return connection.execute(ended.values(**values)).rowcount == 1


def set_priority(connection: Connection, run_id: int, priority: int) -> bool:
    """Change the priority of a queued run; False if it is not queued any more."""
    queued = runs.update().where(runs.c.id == run_id, runs.c.state == "queued")
    return connection.execute(queued.values(priority=priority)).rowcount == 1


def list_epochs(connection: Connection, run_id: int, since: int = 0) -> list[Epoch]:
    """Return a run's epochs after the epoch `since`, in order."""
    query = select(epochs).where(epochs.c.run_id == run_id, epochs.c.epoch > since).order_by(epochs.c.epoch)
    return [_epoch(row) for row in connection.execute(query)]


def epoch_numbers(connection: Connection, run_id: int) -> set[int]:
    """Return the numbers of the epochs that a run has."""
    return set(connection.execute(select(epochs.c.epoch).where(epochs.c.run_id == run_id)).scalars())


def stored_state(connection: Connection, run_id: int) -> str:
    """Return the state that was last written down of a run, whether anything was heard of it since or not."""
    return str(connection.execute(select(runs.c.state).where(runs.c.id == run_id)).scalar_one())


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


def of_hidden_networks(rows: FromClause = runs) -> ColumnElement[bool]:
    """Return for each run in `rows` (the table, or an alias of it) whether its network is in the trash."""
    hidden = select(networks.c.id).where(networks.c.trash != 0)
    return and_(rows.c.network_id.is_not(None), rows.c.network_id.in_(hidden))


def _next_queued(kinds: Collection[str] | None) -> Select[Any]:
    query = select(runs.c.id).where(runs.c.state == "queued", ~of_hidden_networks())
    query = query.order_by(runs.c.priority.desc(), runs.c.id).limit(1)
    return query if kinds is None else query.where(runs.c.kind.in_(kinds))


def _attempt(run_id: int, attempt: int) -> Update:
    return runs.update().where(runs.c.id == run_id, runs.c.attempt == attempt, runs.c.state == "running")


@cache  # to make it takes longer than to ask it
def _runs() -> Select[Any]:
    parent_networks = networks.alias("parent_networks")
    return (
        select(
            *(column for column in runs.c if column.name != "state"),
            state_now().label("state"),
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
    return record(
        Run,
        row,
        network=row.network or "",
        dataset=row.dataset or "",
        parent=parent_reference(row),
        checkpoint=row.checkpoint["epoch"] if row.checkpoint else 0,
        spec=NetworkSpec.from_json(row.spec) if row.spec else NO_SPEC,
        waiting="",  # the worker knows, not the catalogue
    )


def _epoch(row: Row[Any]) -> Epoch:
    return record(Epoch, row)

"""The queue in one cheap query each: what pages that are polled compare, whose turn it is, and what is in use."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, and_, bindparam, case, func, or_, select

from dashboard.catalogue.run_states import state_now
from dashboard.catalogue.runs import of_hidden_networks
from dashboard.catalogue.tables import FARTHEST, runs
from dashboard.errors import NotFound
from dashboard.records.run_kinds import ELSEWHERE, LANES, TRAININGS, kinds_in

ACTIVE_STATES = ("queued", "running")


class RunMark(NamedTuple):
    """What shows whether a run's page is up to date; `turn` is its place in the queue, from 1 (0: not queued)."""

    state: str
    cancel_requested: bool
    attempt: int
    done: int
    total: int
    priority: int
    turn: int


def _lane(kind: ColumnElement[str]) -> ColumnElement[int]:
    """Return a number of the lane in which runs of a kind are queued."""
    return case(*((kind.in_(kinds_in({lane})), number) for number, lane in enumerate(LANES)), else_=len(LANES))


def _trains(kind: ColumnElement[str]) -> ColumnElement[bool]:
    return kind.in_(kinds_in({TRAININGS}))


def _ahead() -> ScalarSelect[int]:
    """Count the queued runs that come before a run, among those that wait for the same slots."""
    ahead = runs.alias("ahead")
    earlier = or_(ahead.c.priority > runs.c.priority, and_(ahead.c.priority == runs.c.priority, ahead.c.id < runs.c.id))
    query = select(func.count()).select_from(ahead).where(ahead.c.state == "queued", earlier)
    query = query.where(_lane(ahead.c.kind) == _lane(runs.c.kind), ~of_hidden_networks(ahead))
    return query.correlate(runs).scalar_subquery()


def _run_mark() -> Select[Any]:
    turn = case((runs.c.state == "queued", _ahead() + 1), else_=0)
    columns = [runs.c[name] for name in RunMark._fields if name not in {"state", "turn"}]
    return select(state_now(), *columns, turn).where(runs.c.id == bindparam("run_id"), ~of_hidden_networks())


def _queue_mark() -> Select[Any]:
    newest = select(func.max(runs.alias("newest").c.id)).scalar_subquery()
    sums = [func.sum(column) for column in (runs.c.id, runs.c.id * runs.c.priority, runs.c.done, runs.c.attempt)]
    cancelled = func.sum(case((runs.c.cancel_requested, 1), else_=0))
    query = select(runs.c.state, func.count(), *sums, cancelled, func.max(runs.c.heartbeat), newest)
    query = query.where(state_now().in_(ACTIVE_STATES), ~of_hidden_networks())
    return query.group_by(runs.c.state).order_by(runs.c.state)


# Made once: to build such a statement takes several times as long as to carry it out.
RUN_MARK = _run_mark()
QUEUE_MARK = _queue_mark()


def run_mark(connection: Connection, run_id: int) -> RunMark:
    """Return the mark of a run; raises NotFound."""
    row = connection.execute(RUN_MARK, {"run_id": min(run_id, FARTHEST)}).one_or_none()
    if row is None:
        raise NotFound(f"There is no run {run_id}.", "run")
    return RunMark._make(row)


def queue_mark(connection: Connection) -> str:
    """Return a text that changes whenever a run is queued, starts, gets on, gets another priority, or ends."""
    return " ".join(str(value) for row in connection.execute(QUEUE_MARK) for value in row)


def count_elsewhere(connection: Connection) -> int:
    """Return how many runs are running elsewhere at this moment."""
    elsewhere = runs.c.kind.in_(kinds_in({ELSEWHERE})) & (state_now() == "running")
    query = select(func.count()).select_from(runs).where(elsewhere, ~of_hidden_networks())
    return connection.execute(query).scalar_one()


def count_training(connection: Connection) -> int:
    """Return how many runs take a slot at this moment."""
    query = select(func.count()).select_from(runs).where(runs.c.state == "running", _trains(runs.c.kind))
    return connection.execute(query).scalar_one()

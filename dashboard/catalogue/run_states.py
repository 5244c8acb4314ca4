"""The state that a run is in at this moment: one elsewhere of which nothing was heard for a while is interrupted.

That is decided whenever it is read, by the time of its last report. Nothing has to watch it, and whatever it reports
next lets it run again.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, case

from dashboard.catalogue.rows import now
from dashboard.catalogue.tables import Time, runs
from dashboard.records.run_kinds import EXTERNAL

LONGEST_SILENCE = timedelta(minutes=15)


def _latest_report() -> datetime:
    return now() - LONGEST_SILENCE


def state_now(rows: FromClause = runs) -> ColumnElement[str]:
    """Return the state of each run in `rows` (the table, or an alias of it) at this moment."""
    before = bindparam("latest_report", type_=Time, callable_=_latest_report)
    is_lost = and_(rows.c.kind == EXTERNAL, rows.c.state == "running", rows.c.heartbeat < before)
    return case((is_lost, "interrupted"), else_=rows.c.state)

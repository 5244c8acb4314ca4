"""Alembic's entry: runs the migrations on the connection that `catalogue.set_up` hands over.

A server commits each change of a table by itself, so that a migration can be stopped between two. It is then run again:
a change that is there already is passed over.
"""

import logging
from typing import Any

from alembic import context
from alembic.ddl.mysql import MySQLImpl
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError

from dashboard.catalogue.prefixed import prefix_of
from dashboard.catalogue.set_up import VERSION_TABLE
from dashboard.catalogue.tables import MYSQL, metadata

DONE_ALREADY = {1050, 1051, 1060, 1061, 1091, 1826}
"""The table, column, index or reference exists; or what is to be removed does not."""


class Resumable(MySQLImpl):
    """Makes tables with our characters and row format, and passes over what was done before."""

    __dialect__ = "mysql"

    def create_table(self, table: Table, **kw: Any) -> None:  # noqa: ANN401 - Alembic's own
        """Create a table."""
        table.dialect_kwargs.update(MYSQL)
        super().create_table(table, **kw)

    def _exec(self, *args: Any, **kw: Any) -> Any:  # noqa: ANN401 - Alembic's own
        try:
            return super()._exec(*args, **kw)
        except DBAPIError as error:
            if getattr(error.orig, "errno", None) not in DONE_ALREADY:
                raise
            logging.getLogger(__name__).info("Done already: %s", error.orig)
            return None


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, version_table=prefix_of(connection) + VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()

"""Alembic's entry: runs the migrations on the connection that `catalogue.opening` hands over."""

from alembic import context

from dashboard.catalogue.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

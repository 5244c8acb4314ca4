"""Our tables under a prefix, in a database that others use, too: every query, change and migration names them so.

The tables in the code have no prefix. An engine whose address has one writes it in front of the name of each table, and
of each reference between tables, as a database has one of each name. Aliases keep their names.
"""

from typing import Any

from sqlalchemy import Connection, Engine, ForeignKeyConstraint, Table
from sqlalchemy.dialects.mysql import mysqlconnector
from sqlalchemy.sql.elements import ColumnClause

OPTION = "table_prefix"


def prefix_of(where: Engine | Connection) -> str:
    """Return the prefix of our tables in a database; empty if they have none."""
    return str(where.get_execution_options().get(OPTION, ""))


def use_prefix(engine: Engine, prefix: str) -> None:
    """Let an engine name our tables with a prefix in all that it sends from now on."""
    if prefix:
        dialect: Any = engine.dialect
        dialect.our_prefix, dialect.preparer, dialect.statement_compiler = prefix, _Preparer, _Compiler
        dialect.identifier_preparer = _Preparer(dialect)
        engine.update_execution_options(**{OPTION: prefix})


def _named(prefix: str, name: str) -> str:
    """Return a name with the prefix, unless it has it: no table in the code begins with one, as each ends with _."""
    return name if name.startswith(prefix) else prefix + name


class _Preparer(mysqlconnector.MySQLIdentifierPreparer_mysqlconnector):
    def format_table(self, table: Any, use_schema: bool = True, name: str | None = None) -> str:  # noqa: ANN401
        is_table = isinstance(table, Table) and name is None
        name = _named(self.dialect.our_prefix, table.name) if is_table else name  # type: ignore[attr-defined]
        return super().format_table(table, use_schema, name)

    def format_constraint(self, constraint: Any, _alembic_quote: bool = True) -> str | None:  # noqa: ANN401
        text = super().format_constraint(constraint, _alembic_quote)
        is_reference = isinstance(constraint, ForeignKeyConstraint) and text is not None
        return _named(self.dialect.our_prefix, str(text)) if is_reference else text  # type: ignore[attr-defined]


class _Compiler(mysqlconnector.MySQLCompiler_mysqlconnector):
    def visit_table(self, table: Any, *arguments: Any, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
        untyped: Any = super()
        text: str = untyped.visit_table(table, *arguments, **options)
        if not text or not isinstance(table, Table):
            return text
        plain, quoted = self.preparer.quote(table.name), self.preparer.format_table(table)
        return quoted + text.removeprefix(plain)

    def visit_column(self, column: ColumnClause[Any], *arguments: Any, **options: Any) -> str:  # noqa: ANN401 - as above
        table = column.table
        if isinstance(table, Table):
            name = _named(self.dialect.our_prefix, table.name)  # type: ignore[attr-defined]
            options["ambiguous_table_name_map"] = {table.name: name}
        return super().visit_column(column, *arguments, **options)

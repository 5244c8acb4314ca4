"""Lines that read a tensor's table elsewhere, as they stand: in pandas, R and SQL, and with curl."""

from typing import NamedTuple

from flask import request

from dashboard.http import workspace
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.versions.tensors import file_name, sql_tables

MOST_RESULT_COLUMNS = 4096
"""A result of MySQL has at most so many columns."""
NO_SQL = (
    "This store keeps tables as CSV files. SQL needs a MySQL or MariaDB store: copy this one to a server on the Store "
    "page, and the table is there under a name of its own."
)
SPECIAL = "Cells that are NaN or infinite hold 0 there; their bits are in weights__special_cells."


class Snippet(NamedTuple):
    """Lines for one program: their id on the page, its name, the lines, and what to know of them, or ""."""

    name: str
    title: str
    lines: str
    note: str = ""


def snippets(version: Version, info: TensorInfo, csv: str) -> list[Snippet]:
    """Return the lines that read a tensor; `csv` is the address of its CSV within this dashboard. Raises StoreError."""
    address = f"{request.scheme}://{request.host}{csv}"
    file = f"{version.slug}_v{version.number}_{file_name(info.key(version.slug, version.number))}.csv"
    typed = f'.astype("{info.dtype}")' if info.dtype not in {"float64", "bfloat16"} else ""
    if workspace().settings.password:
        protected = (
            "This dashboard has a password: put it in place of PASSWORD, and keep it out of scripts that others read."
        )
        login = f"{request.scheme}://user:PASSWORD@{request.host}{csv}"
        first = f"curl --fail --user user:PASSWORD --output {file} '{address}'"
        return [*_programs(login, typed, first, protected), _sql(version, info)]
    return [*_programs(address, typed, f"curl --fail --output {file} '{address}'", ""), _sql(version, info)]


def _programs(address: str, typed: str, curl: str, note: str) -> list[Snippet]:
    pandas = f'import pandas as pd\n\nweights = pd.read_csv("{address}"){typed}'
    r = f'weights <- as.matrix(read.csv("{address}"))'
    return [
        Snippet("pandas", "pandas", pandas, note),
        Snippet("r", "R", r, note),
        Snippet("curl", "curl", curl, note),
    ]


def _sql(version: Version, info: TensorInfo) -> Snippet:
    tables = sql_tables(workspace(), version, info)
    if not tables:
        return Snippet("sql", "SQL", "", NO_SQL)
    fitting = [name for name, columns in tables if columns.stop < MOST_RESULT_COLUMNS] or [tables[0][0]]
    first, *others = (f"`{name}`" for name in fitting)
    joins = "".join(f"\nJOIN {name} USING (r)" for name in others)
    notes = [SPECIAL] if info.statistics["not_finite"] else []
    if len(fitting) < len(tables):
        notes.append(f"A result has at most {MOST_RESULT_COLUMNS:,} columns: these are the first of {info.columns:,}.")
    lines = f"SELECT * FROM {first}{joins}\nORDER BY r;"  # noqa: S608 - shown, not executed; names are the store's own
    return Snippet("sql", "SQL", lines, " ".join(notes))

"""The store's tables as the catalogue knows them: which there are, how large, who shares them, one over all versions.

Tensors of one content are one table. Everything is read from the rows of tensors, never from the store itself, so that
a page of a thousand versions' tables costs a few milliseconds whatever the store is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, case, func, select

from dashboard.catalogue.rows import record
from dashboard.catalogue.tables import networks, tensors, versions
from dashboard.records.tensor import TensorInfo, TensorKey

MOST_USERS = 6
CONTENTS_AT_ONCE = 500
ABOUT = ("number", "epoch", "run_id", "metrics", "created")
TENSOR_COLUMNS = ("name", "shape", "dtype", "sha256", "bytes", "table_name", "statistics", "units_axis")
CONTENTS: BindParameter[Any] = bindparam("contents", expanding=True)
HIDDEN = select(versions.c.id).where(versions.c.state != "ready")


class Totals(NamedTuple):
    """How many tables there are, how many of them several versions share, and the bytes of their weights."""

    tables: int
    shared: int
    bytes: int


class TableRow(NamedTuple):
    """A table: its key under the first version that uses it, how many do, and the first of them by name and number."""

    name: str
    key: TensorKey
    bytes: int
    uses: int
    users: tuple[tuple[str, int], ...]


def count_tables(connection: Connection, prefix: str = "") -> Totals:
    """Return the totals of the tables that ready versions use and whose names begin with `prefix`."""
    tables = _tables(prefix).subquery()
    shared, size = func.sum(tables.c.shared), func.sum(tables.c.bytes)
    query = select(func.count(), func.coalesce(shared, 0), func.coalesce(size, 0)).select_from(tables)
    return Totals(*(int(number) for number in connection.execute(query).one()))


def list_tables(connection: Connection, limit: int, offset: int = 0, prefix: str = "") -> list[TableRow]:
    """Return tables in the order of their names; a shared one under its first name."""
    tables = _tables(prefix)
    page = connection.execute(tables.order_by("name").limit(limit).offset(offset)).all()
    contents = [table.content for table in page]
    users, uses = _users(connection, contents), _uses(connection, contents)
    return [_row(table, users[table.content], uses[table.content]) for table in page]


def _tables(prefix: str) -> Select[Any]:
    version = tensors.c.version_id
    query = select(
        tensors.c.content,
        func.min(tensors.c.table_name).label("name"),
        func.min(tensors.c.bytes).label("bytes"),
        case((func.min(version) < func.max(version), 1), else_=0).label("shared"),
    )
    if prefix:
        named = select(tensors.c.content).where(tensors.c.table_name.startswith(prefix, autoescape=True))
        query = query.where(tensors.c.content.in_(named))
    # Excluding the few hidden ones lets the database use the index of contents, which covers this query.
    return query.where(version.not_in(HIDDEN)).group_by(tensors.c.content)


def _uses(connection: Connection, contents: list[str]) -> dict[str, int]:
    """Return content -> how many ready versions use it."""
    return {row[0]: row[1] for row in connection.execute(_uses_query(), {"contents": contents})}


@cache
def _uses_query() -> Select[Any]:
    count = func.count(tensors.c.version_id.distinct())
    query = select(tensors.c.content, count).where(tensors.c.content.in_(CONTENTS), tensors.c.version_id.not_in(HIDDEN))
    return query.group_by(tensors.c.content)


def _users(connection: Connection, contents: list[str]) -> dict[str, list[Row[Any]]]:
    """Return content -> the first few tensors that have it, those of the first network and version first."""
    users: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(_users_query(), {"contents": contents}):
        users.setdefault(row.content, []).append(row)
    return users


@cache  # to make it takes longer than to ask it
def _users_query() -> Select[Any]:
    place = func.row_number().over(
        partition_by=tensors.c.content, order_by=(networks.c.name, versions.c.number, tensors.c.position)
    )
    columns = (tensors.c[name] for name in ("content", "dtype", "shape", "sha256", "table_name"))
    ranked = (
        select(
            *columns,
            tensors.c.name.label("tensor"),
            networks.c.name.label("network"),
            networks.c.slug,
            versions.c.number,
            place.label("place"),
        )
        .join(versions, versions.c.id == tensors.c.version_id)
        .join(networks, networks.c.id == versions.c.network_id)
        .where(tensors.c.content.in_(CONTENTS), versions.c.state == "ready")
        .subquery()
    )
    return select(ranked).where(ranked.c.place <= MOST_USERS).order_by(ranked.c.place)


def _row(table: Row[Any], users: list[Row[Any]], uses: int) -> TableRow:
    first = users[0]
    key = TensorKey(first.slug, first.number, first.tensor, first.dtype, tuple(first.shape), first.sha256)
    named = dict.fromkeys((user.network, user.number) for user in users)
    return TableRow(table.name, key, table.bytes, uses, tuple(named))


@dataclass(frozen=True)
class TensorVersion:
    """One tensor in one version: what the version says of itself, and the tensor with its stored statistics."""

    version_id: int
    number: int
    epoch: int
    run_id: int | None
    metrics: dict[str, Any]
    created: datetime
    sha256: str
    bytes: int
    info: TensorInfo


def tensor_history(connection: Connection, network_id: int, tensor: str) -> list[TensorVersion]:
    """Return a tensor in all versions of a network that exist and have it, in their order."""
    query = (
        select(
            *(versions.c[name] for name in ABOUT),
            *(versions.c[name].label(f"version_{name}") for name in ("sha256", "bytes")),
            *(tensors.c[name] for name in ("version_id", *TENSOR_COLUMNS)),
        )
        .join(tensors, tensors.c.version_id == versions.c.id)
        .where(versions.c.network_id == network_id, versions.c.state == "ready", tensors.c.name == tensor)
        .order_by(versions.c.number)
    )
    return [_tensor_version(row) for row in connection.execute(query)]


def _tensor_version(row: Row[Any]) -> TensorVersion:
    info = record(TensorInfo, row, shape=tuple(row.shape))
    return record(TensorVersion, row, sha256=row.version_sha256, bytes=row.version_bytes, info=info)


class Known(NamedTuple):
    """A content that is in the store: the slug and number of a version that has it, and what is known of it there."""

    network: str
    number: int
    info: TensorInfo


def known_contents(connection: Connection, contents: Sequence[str]) -> dict[str, Known]:
    """Return content -> where it is stored, of those that a version holds, in the trash or not."""
    known: dict[str, Known] = {}
    for start in range(0, len(contents), CONTENTS_AT_ONCE):
        some = {"contents": list(contents[start : start + CONTENTS_AT_ONCE])}
        for row in connection.execute(_known_query(), some):
            info = record(TensorInfo, row, shape=tuple(row.shape))
            known.setdefault(row.content, Known(row.slug, row.number, info))
    return known


@cache
def _known_query() -> Select[Any]:
    held = select(versions.c.id).where(versions.c.state.not_in(("writing", "deleting")))
    content, version = tensors.c.content, func.min(tensors.c.version_id).label("version_id")
    first = select(content, version).where(content.in_(CONTENTS), tensors.c.version_id.in_(held)).group_by(content)
    oldest = first.subquery()
    columns = (tensors.c[name] for name in ("content", *TENSOR_COLUMNS))
    query = select(*columns, networks.c.slug, versions.c.number)
    query = query.join(oldest, (oldest.c.version_id == tensors.c.version_id) & (oldest.c.content == tensors.c.content))
    return query.join(versions, versions.c.id == tensors.c.version_id).join(
        networks, networks.c.id == versions.c.network_id
    )


def tensor_names(connection: Connection, network_id: int) -> list[str]:
    """Return the names of the tensors of a network's newest version, in its order."""
    newest = (
        select(versions.c.id)
        .where(versions.c.network_id == network_id, versions.c.state == "ready")
        .order_by(versions.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(tensors.c.name).where(tensors.c.version_id == newest).order_by(tensors.c.position)
    return list(connection.execute(query).scalars())

"""Queries about versions and their tensors; a version exists for others only while its state is `ready`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, bindparam, case, func, select

from dashboard.catalogue.networks import get_network, next_version_number
from dashboard.catalogue.rows import insert_row, now, parent_reference, record
from dashboard.catalogue.tables import FARTHEST, datasets, networks, runs, tensors, versions
from dashboard.errors import NotFound
from dashboard.records.network import ListedVersion, Network, NetworkSpec, Version
from dashboard.records.run import ENDED_STATES
from dashboard.records.tensor import TensorInfo

NOT_READ = frozenset({"evaluation", "origin", "push_key", "trashed", "changed", "changed_since"})
"""The columns that a version is not read with as they are."""
NOT_LISTED = frozenset({"spec", "preprocessing"})
"""Those that a list of versions leaves out, too."""


def begin_version(connection: Connection, network_id: int, values: Mapping[str, Any]) -> tuple[int, int]:
    """Add a version in the state `writing` and return (its id, its number)."""
    number = next_version_number(connection, network_id)
    row = {"network_id": network_id, "number": number, "state": "writing", "created": now()} | dict(values)
    return insert_row(connection, versions, row), number


def insert_known_version(connection: Connection, network_id: int, number: int, values: Mapping[str, Any]) -> int:
    """Add a version that has its number already, and see that the number is never given out again."""
    row = {"network_id": network_id, "number": number, "state": "writing", "created": now()} | dict(values)
    version_id = insert_row(connection, versions, row)
    connection.execute(
        networks.update()
        .where(networks.c.id == network_id, networks.c.last_version < number)
        .values(last_version=number)
    )
    return version_id


def finish_version(connection: Connection, version_id: int, infos: Sequence[TensorInfo]) -> None:
    """Add the tensors and make the version `ready`: the one act after which it exists."""
    rows = [
        {
            "version_id": version_id,
            "position": position,
            "name": info.name,
            "shape": list(info.shape),
            "dtype": info.dtype,
            "sha256": info.sha256,
            "content": info.content,
            "bytes": info.bytes,
            "table_name": info.table_name,
            "table_rows": info.rows,
            "table_columns": info.columns,
            "statistics": info.statistics,
            "units_axis": info.units_axis,
        }
        for position, info in enumerate(infos)
    ]
    if rows:
        connection.execute(tensors.insert(), rows)
    connection.execute(versions.update().where(versions.c.id == version_id).values(state="ready"))


class Claim(NamedTuple):
    """The version, in whatever state, that holds a key; `network` is its network's slug."""

    id: int
    network: str
    number: int
    state: str


def find_claim(connection: Connection, network_id: int, push_key: str) -> Claim | None:
    """Return which version of a network holds a key; None if none does."""
    query = select(versions.c.id, networks.c.slug, versions.c.number, versions.c.state)
    query = query.join(networks, networks.c.id == versions.c.network_id)
    one = query.where(versions.c.network_id == network_id, versions.c.push_key == push_key)
    row = connection.execute(one).one_or_none()
    return None if row is None else Claim(*row)


def get_origin(connection: Connection, version_id: int) -> dict[str, Any]:
    """Return how a version came to be: {"how": ..., ...}; "how" is empty where that was not written down."""
    row = connection.execute(select(versions.c.origin, versions.c.run_id).where(versions.c.id == version_id)).one()
    if row.origin is not None:
        return dict(row.origin)
    return {"how": "training" if row.run_id is not None else ""}


def drop_version(connection: Connection, version_id: int) -> None:
    """Remove a version's rows; its number is never given out again.

    Runs that trained on from it keep its id, which leads nowhere now: to start one again would be something else.
    """
    connection.execute(versions.update().where(versions.c.parent_id == version_id).values(parent_id=None))
    connection.execute(tensors.delete().where(tensors.c.version_id == version_id))
    connection.execute(versions.delete().where(versions.c.id == version_id))


def take_back_version(connection: Connection, version_id: int) -> None:
    """Remove a version that was never `ready`; its number is given out again, if it was the last one."""
    query = select(versions.c.network_id, versions.c.number).where(versions.c.id == version_id)
    row = connection.execute(query).one_or_none()
    drop_version(connection, version_id)
    if row is not None:
        last = (networks.c.id == row.network_id) & (networks.c.last_version == row.number)
        connection.execute(networks.update().where(last).values(last_version=row.number - 1))


def get_version(connection: Connection, network_name: str, number: int) -> Version:
    """Return a ready version; raises NotFound, with the numbers that there are."""
    row = connection.execute(_of_name(), {"network": network_name, "number": min(number, FARTHEST)}).one_or_none()
    if row is not None:
        return _version(row)
    network = get_network(connection, network_name)
    nearest = sorted(numbers(connection, network.id), key=lambda other: abs(other - number))[:5]
    raise NotFound(
        f"The network {network_name!r} has no version {number}.", "version", [f"{network_name}:{n}" for n in nearest]
    )


def list_versions(connection: Connection, network: Network, limit: int, offset: int = 0) -> list[ListedVersion]:
    """Return a network's ready versions, the newest first, without what takes long to read: 784 columns, say."""
    query = _ready(True).where(versions.c.network_id == network.id).order_by(versions.c.number.desc())
    rows = connection.execute(query.limit(limit).offset(offset))
    return [record(ListedVersion, row, parent=parent_reference(row), dataset=row.dataset or "") for row in rows]


def newest_version(connection: Connection, network: Network) -> Version | None:
    """Return a network's newest ready version; None if it has none."""
    query = _ready().where(versions.c.network_id == network.id).order_by(versions.c.number.desc())
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else _version(row)


def version_before(
    connection: Connection, network_id: int, run_id: int | None, parent_id: int | None
) -> Version | None:
    """Return the newest version that a run has written or, if it has none, the run's parent, as far as they exist."""
    if run_id is not None:
        of_run = _ready().where(versions.c.network_id == network_id, versions.c.run_id == run_id)
        row = connection.execute(of_run.order_by(versions.c.number.desc()).limit(1)).first()
        if row is not None:
            return _version(row)
    if parent_id is None:
        return None
    row = connection.execute(_ready().where(versions.c.id == parent_id)).first()
    return None if row is None else _version(row)


def numbers(connection: Connection, network_id: int) -> list[int]:
    """Return the numbers of a network's ready versions, in order."""
    query = select(versions.c.number).where(versions.c.network_id == network_id, versions.c.state == "ready")
    return list(connection.execute(query.order_by(versions.c.number)).scalars())


def references(connection: Connection, most_networks: int) -> list[str]:
    """Return name:number of all ready versions of the newest networks."""
    newest = select(networks.c.id, networks.c.name).where(networks.c.trash == 0).order_by(networks.c.id.desc())
    some = newest.limit(most_networks).subquery().c
    query = select(some.name, versions.c.number).where(versions.c.network_id == some.id, versions.c.state == "ready")
    rows = connection.execute(query.order_by(some.id.desc(), versions.c.number))
    return [f"{name}:{number}" for name, number in rows]


def has_version_of_epoch(connection: Connection, run_id: int, epoch: int) -> bool:
    """Return whether a run has saved a version of this epoch that exists."""
    query = select(versions.c.id).where(
        versions.c.run_id == run_id, versions.c.epoch == epoch, versions.c.state == "ready"
    )
    return connection.execute(query.limit(1)).first() is not None


def epoch_before(connection: Connection, run_id: int, epoch: int) -> int:
    """Return the last epoch before this one of which a run has saved a version that exists; 0 if there is none."""
    query = select(func.coalesce(func.max(versions.c.epoch), 0)).where(
        versions.c.run_id == run_id, versions.c.epoch < epoch, versions.c.state == "ready"
    )
    return int(connection.execute(query).scalar_one())


def neighbours(connection: Connection, version: Version) -> tuple[int | None, int | None]:
    """Return the numbers of the ready versions before and after this one."""
    ready = select(versions.c.number).where(
        versions.c.network_id == select(versions.c.network_id).where(versions.c.id == version.id).scalar_subquery(),
        versions.c.state == "ready",
    )
    before = ready.where(versions.c.number < version.number).order_by(versions.c.number.desc()).limit(1)
    after = ready.where(versions.c.number > version.number).order_by(versions.c.number).limit(1)
    return connection.execute(before).scalar_one_or_none(), connection.execute(after).scalar_one_or_none()


def list_tensors(connection: Connection, version_id: int) -> list[TensorInfo]:
    """Return the tensors of a version in the order of the network's layers."""
    query = select(tensors).where(tensors.c.version_id == version_id).order_by(tensors.c.position)
    return [_tensor(row) for row in connection.execute(query)]


def get_tensor(connection: Connection, version: Version, name: str) -> TensorInfo:
    """Return one tensor of a version; raises NotFound with the names that there are."""
    query = select(tensors).where(tensors.c.version_id == version.id, tensors.c.name == name)
    row = connection.execute(query).one_or_none()
    if row is None:
        names = connection.execute(select(tensors.c.name).where(tensors.c.version_id == version.id)).scalars().all()
        raise NotFound(f"Version {version.reference} has no tensor named {name!r}.", "tensor", names)
    return _tensor(row)


def has_active_child(connection: Connection, version_id: int) -> bool:
    """Return whether a run that has not ended trains on from this version."""
    query = select(runs.c.id).where(runs.c.parent_id == version_id, runs.c.state.not_in(ENDED_STATES))
    return connection.execute(query).first() is not None


def get_evaluation(connection: Connection, version_id: int) -> dict[str, Any]:
    """Return a version's detailed metrics: {"validation": {...}, "test": {...}}, as measured when it was saved."""
    query = select(versions.c.evaluation).where(versions.c.id == version_id)
    return dict(connection.execute(query).scalar_one())


def versions_of_run(connection: Connection, run_id: int) -> list[int]:
    """Return the numbers of the ready versions that a run wrote."""
    query = select(versions.c.number).where(versions.c.run_id == run_id, versions.c.state == "ready")
    return list(connection.execute(query.order_by(versions.c.number)).scalars())


def versions_of_runs(connection: Connection, run_ids: Sequence[int]) -> dict[int, list[int]]:
    """Return run id -> the numbers of the ready versions that it wrote, for each of these runs."""
    numbers: dict[int, list[int]] = {run_id: [] for run_id in run_ids}
    query = select(versions.c.run_id, versions.c.number).where(versions.c.run_id.in_(run_ids))
    for row in connection.execute(query.where(versions.c.state == "ready").order_by(versions.c.number)):
        numbers[row.run_id].append(row.number)
    return numbers


class VersionScore(NamedTuple):
    """A version's number, the epoch after which it was saved, and its metrics."""

    number: int
    epoch: int
    metrics: dict[str, Any]


def version_scores(connection: Connection, network_id: int) -> list[VersionScore]:
    """Return the ready versions of a network with their metrics, in their order."""
    query = (
        select(versions.c.number, versions.c.epoch, versions.c.metrics)
        .where(versions.c.network_id == network_id, versions.c.state == "ready")
        .order_by(versions.c.number)
    )
    return [VersionScore(row.number, row.epoch, dict(row.metrics)) for row in connection.execute(query)]


def metric_history(connection: Connection, network_id: int) -> dict[int, dict[str, Any]]:
    """Return version number -> metrics of all versions of a network that exist, in their order."""
    query = (
        select(versions.c.number, versions.c.metrics)
        .where(versions.c.network_id == network_id, versions.c.state == "ready")
        .order_by(versions.c.number)
    )
    return {row.number: dict(row.metrics) for row in connection.execute(query)}


def runs_of_versions(connection: Connection, network_id: int) -> dict[int, int | None]:
    """Return version number -> the run that wrote it, of all versions of a network that exist, in their order."""
    query = (
        select(versions.c.number, versions.c.run_id)
        .where(versions.c.network_id == network_id, versions.c.state == "ready")
        .order_by(versions.c.number)
    )
    return {row.number: row.run_id for row in connection.execute(query)}


def all_versions(connection: Connection) -> list[tuple[str, int]]:
    """Return (network, number) of all versions that exist, network by network."""
    query = (
        select(networks.c.name, versions.c.number)
        .join(networks, networks.c.id == versions.c.network_id)
        .where(versions.c.state == "ready", networks.c.trash == 0)
    )
    return [(row.name, row.number) for row in connection.execute(query.order_by(networks.c.id, versions.c.number))]


def newest_origins(connection: Connection, most: int) -> set[str]:
    """Return how the newest versions came to be, this many at most: training, import, push and the like."""
    newest = select(versions.c.origin).where(versions.c.state == "ready").order_by(versions.c.id.desc()).limit(most)
    how = select(func.json_extract(newest.subquery().c.origin, "$.how")).distinct()
    return {str(value).strip('"') for value in connection.execute(how).scalars() if value}


def newest_pair(connection: Connection) -> tuple[str, int, int] | None:
    """Return a network with its oldest and newest version, of the one with the newest version among those with two."""
    numbers = (func.min(versions.c.number), func.max(versions.c.number), func.max(versions.c.id))
    query = (
        select(networks.c.name, *numbers)
        .join(networks, networks.c.id == versions.c.network_id)
        .where(versions.c.state == "ready", networks.c.trash == 0)
        .group_by(networks.c.id, networks.c.name)
        .having(func.count() > 1)
        .order_by(numbers[2].desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else (row[0], row[1], row[2])


def count_versions(connection: Connection) -> int:
    """Return how many versions exist, of all networks."""
    return connection.execute(select(func.count()).where(versions.c.state == "ready")).scalar_one()


@dataclass(frozen=True)
class VersionSettings:
    """A version as one line among all: what it was trained with (the spec as JSON), and how good it is."""

    network: str
    number: int
    epoch: int
    run_id: int | None
    dataset: str
    spec: dict[str, Any]
    metrics: dict[str, Any]

    @property
    def reference(self) -> str:
        """The version as people write it, such as mnist-digits:3."""
        return f"{self.network}:{self.number}"


def version_settings(connection: Connection, network: str | None, limit: int, offset: int = 0) -> list[VersionSettings]:
    """Return `limit` versions that exist, of one network or of all, the newest first."""
    query = (
        select(
            networks.c.name.label("network"),
            *(versions.c[name] for name in ("number", "epoch", "run_id", "spec", "metrics")),
            datasets.c.name.label("dataset"),
        )
        .join(networks, networks.c.id == versions.c.network_id)
        .outerjoin(datasets, datasets.c.id == versions.c.dataset_id)
        .where(versions.c.state == "ready", networks.c.trash == 0)
        .order_by(versions.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    if network is not None:
        query = query.where(networks.c.name == network)
    rows = connection.execute(query)
    return [VersionSettings(**{**row._mapping, "dataset": row.dataset or ""}) for row in rows]


def is_known(connection: Connection, slug: str, number: int) -> bool:
    """Return whether the catalogue holds this version, finished or not."""
    query = select(versions.c.id).join(networks, networks.c.id == versions.c.network_id)
    return connection.execute(query.where(networks.c.slug == slug, versions.c.number == number)).first() is not None


def known_keys(connection: Connection) -> set[tuple[str, int]]:
    """Return (slug, number) of all versions, whatever their state, those in the trash included."""
    query = select(networks.c.slug, versions.c.number).join(networks, networks.c.id == versions.c.network_id)
    return {(slug, number) for slug, number in connection.execute(query)}


def ready_keys(connection: Connection) -> set[tuple[str, int]]:
    """Return (slug, number) of all versions that are shown."""
    query = select(networks.c.slug, versions.c.number).join(networks, networks.c.id == versions.c.network_id)
    ready = query.where(versions.c.state == "ready", networks.c.trash == 0)
    return {(slug, number) for slug, number in connection.execute(ready)}


def key_of(connection: Connection, version_id: int) -> tuple[str, int] | None:
    """Return (slug, number) of a version."""
    query = select(networks.c.slug, versions.c.number).join(networks, networks.c.id == versions.c.network_id)
    row = connection.execute(query.where(versions.c.id == version_id)).one_or_none()
    return None if row is None else (row.slug, row.number)


def find_id(connection: Connection, slug: str, number: int) -> int | None:
    """Return the id of a version, None if it is unknown."""
    query = select(versions.c.id).join(networks, networks.c.id == versions.c.network_id)
    one = query.where(networks.c.slug == slug, versions.c.number == min(max(number, 0), FARTHEST))
    return connection.execute(one).scalar_one_or_none()


def is_writing(connection: Connection, slug: str, number: int) -> bool:
    """Return whether the catalogue holds this version as unfinished, or as being deleted."""
    query = _unfinished().where(networks.c.slug == slug, versions.c.number == number)
    return connection.execute(query).first() is not None


def unfinished_versions(connection: Connection) -> list[tuple[int, str, int]]:
    """Return (id, slug, number) of the versions that are being written, or whose writer died, or that were given up."""
    return [tuple(row) for row in connection.execute(_unfinished().order_by(versions.c.id))]


def _unfinished() -> Select[Any]:
    return (
        select(versions.c.id, networks.c.slug, versions.c.number)
        .join(networks, networks.c.id == versions.c.network_id)
        .where(versions.c.state.in_(("writing", "deleting")))
    )


@cache  # to make it takes longer than to ask it
def _of_name() -> Select[Any]:
    return _ready().where(networks.c.name == bindparam("network"), versions.c.number == bindparam("number"))


@cache
def _ready(is_listed: bool = False) -> Select[Any]:
    left_out = NOT_READ | NOT_LISTED if is_listed else NOT_READ
    parents, parent_networks = versions.alias("parents"), networks.alias("parent_networks")
    compared = versions.alias("compared")
    is_compared = and_(compared.c.network_id == versions.c.network_id, compared.c.number == versions.c.changed_since)
    return (
        select(
            *(column for column in versions.c if column.name not in left_out),
            case((compared.c.id.is_not(None), versions.c.changed)).label("changed"),
            compared.c.number.label("changed_since"),
            networks.c.name.label("network"),
            networks.c.slug,
            networks.c.kind,
            datasets.c.name.label("dataset"),
            parent_networks.c.name.label("parent_network"),
            parents.c.number.label("parent_number"),
        )
        .join(networks, networks.c.id == versions.c.network_id)
        .outerjoin(datasets, datasets.c.id == versions.c.dataset_id)
        .outerjoin(parents, and_(parents.c.id == versions.c.parent_id, parents.c.state == "ready"))
        .outerjoin(compared, and_(is_compared, compared.c.state == "ready"))
        .outerjoin(parent_networks, parent_networks.c.id == parents.c.network_id)
        .where(versions.c.state == "ready", networks.c.trash == 0)
    )


def _version(row: Row[Any]) -> Version:
    own = {"parent": parent_reference(row), "dataset": row.dataset or ""}
    return record(Version, row, spec=NetworkSpec.from_json(row.spec), **own)


def _tensor(row: Row[Any]) -> TensorInfo:
    return record(TensorInfo, row, shape=tuple(row.shape))

"""Queries over all versions of a network at once: small columns only, so that a thousand versions are read quickly."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from dashboard.catalogue.tables import datasets, networks, tensors, versions
from dashboard.records.tensor import TensorInfo

ABOUT = ("number", "epoch", "run_id", "metrics", "created")
TENSOR_COLUMNS = ("name", "shape", "dtype", "sha256", "bytes", "table_name", "statistics")


def metric_history(connection: Connection, network_id: int) -> dict[int, dict[str, Any]]:
    """Return version number -> metrics of all versions of a network that exist, in their order."""
    query = (
        select(versions.c.number, versions.c.metrics)
        .where(versions.c.network_id == network_id, versions.c.state == "ready")
        .order_by(versions.c.number)
    )
    return {row.number: dict(row.metrics) for row in connection.execute(query)}


def all_versions(connection: Connection) -> list[tuple[str, int]]:
    """Return (network, number) of all versions that exist, network by network."""
    query = (
        select(networks.c.name, versions.c.number)
        .join(networks, networks.c.id == versions.c.network_id)
        .where(versions.c.state == "ready", networks.c.trash == 0)
    )
    return [(row.name, row.number) for row in connection.execute(query.order_by(networks.c.id, versions.c.number))]


def count_versions(connection: Connection) -> int:
    """Return how many versions exist, of all networks."""
    return connection.execute(select(func.count()).where(versions.c.state == "ready")).scalar_one()


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
    about = row._mapping
    info = TensorInfo(**{name: about[name] for name in TENSOR_COLUMNS} | {"shape": tuple(row.shape)})
    return TensorVersion(
        **{name: about[name] for name in ("version_id", *ABOUT)},
        sha256=about["version_sha256"],
        bytes=about["version_bytes"],
        info=info,
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
        .join(datasets, datasets.c.id == versions.c.dataset_id)
        .where(versions.c.state == "ready", networks.c.trash == 0)
        .order_by(versions.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    if network is not None:
        query = query.where(networks.c.name == network)
    return [VersionSettings(**row._mapping) for row in connection.execute(query)]

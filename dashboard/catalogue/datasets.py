"""Queries about datasets."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select

from dashboard.catalogue.rows import insert_row, now, record
from dashboard.catalogue.tables import datasets, networks
from dashboard.errors import NotFound
from dashboard.records.dataset import Dataset


def insert_dataset(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a dataset and return its id; a taken name leaves `Catalogue.writing` as Conflict."""
    return insert_row(connection, datasets, {"created": now()} | dict(values))


def add_known_dataset(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Add a dataset that was known once, or give its records to one that is known from versions only.

    False if there is a dataset of this name that has records.
    """
    row = connection.execute(select(datasets.c.id, datasets.c.folder).where(datasets.c.name == values["name"])).first()
    if row is None:
        insert_dataset(connection, values)
    elif row.folder == "":
        connection.execute(datasets.update().where(datasets.c.id == row.id).values(**values))
    return row is None or row.folder == ""


def get_dataset(connection: Connection, name: str) -> Dataset:
    """Return the dataset of this name; raises NotFound."""
    row = connection.execute(select(datasets).where(datasets.c.name == name)).one_or_none()
    if row is None:
        names = connection.execute(select(datasets.c.name).order_by(datasets.c.name)).scalars().all()
        raise NotFound(f"There is no dataset named {name!r}.", "dataset", names)
    return _dataset(row)


def records_of(connection: Connection, name: str) -> tuple[str, int]:
    """Return the folder of a dataset's records and their number; empty and 0 if there is no such dataset.

    For pages that need no more of it: the columns of a wide dataset take milliseconds to read.
    """
    row = connection.execute(select(datasets.c.folder, datasets.c.rows).where(datasets.c.name == name)).one_or_none()
    return (row.folder, row.rows) if row is not None else ("", 0)


def folders_of(connection: Connection, names: Collection[str]) -> dict[str, str]:
    """Return dataset -> the folder of its records, for those of some names that there are."""
    query = select(datasets.c.name, datasets.c.folder).where(datasets.c.name.in_(names))
    return {row.name: row.folder for row in connection.execute(query)}


def list_datasets(connection: Connection) -> list[Dataset]:
    """Return all datasets, the newest first."""
    return [_dataset(row) for row in connection.execute(select(datasets).order_by(datasets.c.id.desc()))]


def networks_by_dataset(connection: Connection) -> dict[int, int]:
    """Return dataset id -> how many networks train on it, for those that any does; the trash does not count."""
    query = select(networks.c.dataset_id, func.count()).where(networks.c.trash == 0).group_by(networks.c.dataset_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def networks_using(connection: Connection, dataset_id: int, in_trash: bool = False) -> list[str]:
    """Return the names of the networks that train on a dataset; with `in_trash` of those in the trash."""
    query = select(networks.c.name).where(networks.c.dataset_id == dataset_id).order_by(networks.c.name)
    return list(connection.execute(query.where((networks.c.trash != 0) == in_trash)).scalars())


def delete_dataset(connection: Connection, dataset_id: int) -> None:
    """Remove a dataset's row; raises Conflict through `Catalogue.writing` while something refers to it."""
    connection.execute(datasets.delete().where(datasets.c.id == dataset_id))


def folder_is_used(connection: Connection, folder: str) -> bool:
    """Return whether any dataset has its arrays in this folder."""
    count = connection.execute(select(func.count()).where(datasets.c.folder == folder)).scalar_one()
    return count > 0


def _dataset(row: Row[Any]) -> Dataset:
    return record(Dataset, row)

"""Opening the store that the settings name."""

from pathlib import Path

from dashboard.errors import StoreUnavailable
from dashboard.settings import Settings
from dashboard.weights.csv_store import CsvStore
from dashboard.weights.table_store import TableStore


def open_store(settings: Settings) -> TableStore:
    """Return the store of tables: ``csv:`` is the folder weights/ in the home, ``csv:FOLDER`` another one."""
    return store_at(settings.store, settings.home_folder / "weights")


def store_at(address: str, default_folder: Path) -> TableStore:
    """Return the store at an address such as csv:, csv:FOLDER or mysql://user:password@host:3306/database."""
    kind, _, place = address.partition(":")
    if kind == "csv":
        return CsvStore(Path(place).absolute() if place else default_folder)
    if kind == "mysql":
        from dashboard.weights.mysql_store import MysqlStore  # noqa: PLC0415 - the driver is loaded by those who use it

        return MysqlStore(address)
    raise StoreUnavailable(f"There is no store of the kind {kind!r}: use csv:, csv:FOLDER or mysql://...")

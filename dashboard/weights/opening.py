"""Opening the store that the settings name."""

from collections.abc import Callable

from dashboard.settings import Settings
from dashboard.weights.csv_store import CsvStore
from dashboard.weights.table_store import TableStore


def open_store(settings: Settings) -> TableStore:
    """Return the store of tables; raises StoreUnavailable if its address cannot be one."""
    return OPENERS[settings.store_kind.scheme](settings)


def _open_csv(settings: Settings) -> TableStore:
    assert settings.store_folder is not None
    return CsvStore(settings.store_folder)


def _open_mysql(settings: Settings) -> TableStore:
    from dashboard.weights.mysql_store import MysqlStore  # noqa: PLC0415 - the driver is loaded by those who use it

    return MysqlStore(settings.store)


OPENERS: dict[str, Callable[[Settings], TableStore]] = {"csv": _open_csv, "mysql": _open_mysql}
"""What opens a store, by its scheme; a test holds them equal to STORE_KINDS."""

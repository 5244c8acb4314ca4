"""Which errors pass by themselves: each kind of error by its number, as servers, SQLite and the system give them."""

import errno
import sqlite3

import mysql.connector.errors as driver
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from dashboard.catalogue.opening import open_catalogue, translated
from dashboard.errors import Outage, StoreUnavailable
from dashboard.outages import server_passes, sqlite_passes, system_passes, system_words
from dashboard.records.mysql_address import parse_address
from dashboard.settings import Settings
from dashboard.weights import files, mysql_connections

PASSING = {
    "the server shuts down": (1053, 1077, 1079),
    "the connection was cut": (1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 2055, 4031),
    "nobody listens": (2002, 2003, 2005),
    "a lock is held": (1205, 1206, 3572),
    "a deadlock, or a row that has changed meanwhile": (1020, 1213, 1614),
    "it took too long, or was interrupted": (1317, 1969, 3024),
    "too many connections": (1040, 1129, 1203, 1226),
    "the disk or the memory is full": (1021, 1037, 1038, 1041, 1114),
    "no writes for the moment": (1047, 1290, 1792, 1836),
    "a proxy found no server": (9001,),
}
LASTING = {
    "wrong user or password": (1044, 1045, 1698),
    "a right is missing": (1142, 1143, 1227, 1370),
    "no such database, table or column": (1049, 1146, 1054),
    "damaged data": (1034, 1712, 1877, 1932),
    "a mistake of ours": (1064, 1062, 1406, 1452),
    "a row or a packet is too large": (1118, 1153),
    "the certificate is refused": (2026,),
}


@pytest.mark.parametrize("number", [number for numbers in PASSING.values() for number in numbers])
def test_what_passes_is_an_outage_to_the_store_and_to_the_catalogue(number):
    assert isinstance(to_store(driver.OperationalError(errno=number, msg="said")), Outage)
    assert isinstance(to_catalogue(driver.OperationalError(errno=number, msg="said")), Outage)


@pytest.mark.parametrize("number", [number for numbers in LASTING.values() for number in numbers])
def test_what_lasts_is_none(number):
    for error in (
        to_store(driver.OperationalError(errno=number, msg="said")),
        to_catalogue(driver.Error(errno=number)),
    ):
        assert isinstance(error, StoreUnavailable)
        assert not isinstance(error, Outage)


def test_a_closed_connection_and_a_full_disk_are_known_by_what_is_said():
    assert server_passes(-1, "MySQL Connection not available.")
    assert server_passes(1030, 'Got error 28 "No space left on device" from storage engine')
    assert server_passes(3, "Error writing file './net/a.MAI' (Errcode: 28 \"No space left on device\")")
    assert not server_passes(1030, 'Got error 176 "Read page with wrong checksum" from storage engine')


def to_store(error):
    with pytest.raises(StoreUnavailable) as caught, mysql_connections.translated(parse_address("mysql://u:p@h/d")):
        raise error
    assert "said" in caught.value.message or error.msg is None
    return caught.value


def to_catalogue(error):
    with pytest.raises(StoreUnavailable) as caught, translated():
        raise DatabaseError("SELECT 1", {}, error)
    return caught.value


@pytest.mark.parametrize("name", ["BUSY", "BUSY_SNAPSHOT", "LOCKED", "NOMEM", "FULL", "IOERR_WRITE", "CANTOPEN"])
def test_what_passes_in_sqlite(name):
    assert sqlite_passes(sqlite_error(name))


@pytest.mark.parametrize("name", ["CORRUPT", "NOTADB", "READONLY", "PERM", "AUTH", "ERROR", "SCHEMA", "MISUSE"])
def test_what_lasts_in_sqlite(name):
    assert not sqlite_passes(sqlite_error(name))


def sqlite_error(name):
    error = sqlite3.OperationalError(name)
    error.sqlite_errorcode = getattr(sqlite3, f"SQLITE_{name}")
    return error


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EFBIG", "EMFILE", "ENFILE", "ENOMEM", "EIO", "ESTALE", "EAGAIN"])
def test_what_passes_in_the_system(name, tmp_path):
    error = OSError(getattr(errno, name), "said")
    assert system_passes(error)
    with pytest.raises(Outage), files.translated(tmp_path):
        raise error


@pytest.mark.parametrize("name", ["EACCES", "EPERM", "EROFS", "ENOTDIR", "ELOOP", "ENAMETOOLONG"])
def test_what_lasts_in_the_system(name, tmp_path):
    error = OSError(getattr(errno, name), "said")
    assert not system_passes(error)
    with pytest.raises(StoreUnavailable) as caught, files.translated(tmp_path):
        raise error
    assert not isinstance(caught.value, Outage)


def test_limits_are_named_with_the_remedy():
    assert "ulimit -n" in system_words(OSError(errno.EMFILE, "Too many open files"))
    assert "memory" in system_words(OSError(errno.ENOMEM, "Cannot allocate memory"))
    assert system_words(OSError(errno.EISDIR, "Is a directory")) == "Is a directory."


@pytest.mark.slow
def test_a_locked_catalogue_is_an_outage_within_ten_seconds_and_can_still_be_read(tmp_path):
    catalogue = open_catalogue(Settings(home=str(tmp_path)))
    other = sqlite3.connect(tmp_path / "catalogue.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Outage, match="Another program holds a lock"), catalogue.writing():
        pass
    with catalogue.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM runs")).scalar() == 0
    other.execute("ROLLBACK")
    with catalogue.writing():
        pass
    catalogue.close()

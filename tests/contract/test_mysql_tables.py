"""What the MySQL store promises beyond the contract: tables that other programs read, and errors that people mend."""

import math
import os
import subprocess
import threading
from contextlib import closing, contextmanager
from functools import partial

import mysql.connector
import numpy as np
import pandas as pd
import pytest
from mysql.connector.protocol import MySQLProtocol
from sqlalchemy import create_engine

from dashboard.catalogue.opening import open_catalogue
from dashboard.errors import NumberTaken, StoreUnavailable, TensorDamaged, TensorMissing
from dashboard.records.mysql_address import parse_address
from dashboard.records.store import split_password, with_password
from dashboard.settings import Settings
from dashboard.weights.dtypes import DTYPES, FLOATS
from dashboard.weights.mysql_binary import BinaryChannel, is_available
from dashboard.weights.mysql_connections import RIGHTS_WANTED, Connections
from dashboard.weights.mysql_layout import Layout, strip_width
from dashboard.weights.mysql_store import MysqlStore
from dashboard.weights.mysql_text import TextChannel
from dashboard.weights.mysql_wire import NotNumbers, execute_head
from dashboard.weights.verification import verify
from tests.contract.drafts import assert_same_bits, key_of, normal, random_bits, save, save_one
from tests.representatives import most_in_soak
from tests.server import Server, connect, find_binary, run_sql

pytestmark = pytest.mark.server


@contextmanager
def session_of(connections):
    """Give a session for the time inside."""
    session = connections.take()
    try:
        yield session
    finally:
        session.close()


@pytest.fixture
def store(mysql_url):
    with closing(MysqlStore(mysql_url)) as store:
        yield store


@pytest.fixture
def sql(mysql_url):
    server, _, database = mysql_url.rpartition("/")
    return lambda *statements: run_sql(server, *statements, database=database)


# --- tables for everybody


def test_a_weight_is_one_native_cell_and_a_neuron_one_row(store, sql):
    save(store, {"layer_01.weight": np.array([[0.5, -1.25], [3.0, 1e-7]], np.float32)}, "digits", 3)
    assert sql("SELECT r, c0, c1 FROM digits__v0003__layer_01_weight ORDER BY r") == [
        (0, 0.5, -1.25),
        (1, 3.0, float(np.float32(1e-7))),
    ]
    kinds = sql("SHOW COLUMNS FROM digits__v0003__layer_01_weight")
    assert [(row[0], row[1].lower(), row[2]) for row in kinds][1:] == [("c0", "double", "NO"), ("c1", "double", "NO")]


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("float64", "double"),
        ("float32", "double"),
        ("bfloat16", "double"),
        ("int8", "tinyint"),
        ("uint64", "bigint"),
        ("bool", "tinyint"),
    ],
)
def test_each_number_type_has_its_column_type(store, sql, dtype, kind):
    save(store, {"layer_01.weight": random_bits(dtype, (2, 1))}, "digits", 1)
    [_, (name, found, *_)] = sql("SHOW COLUMNS FROM digits__v0001__layer_01_weight")
    assert (name, found.lower().split("(")[0].split(" ")[0]) == ("c0", kind)


def test_more_columns_than_a_table_may_have_lie_in_strips(store, sql):
    array = normal((2, 2500))
    key = save(store, {"layer_01.weight": array}, "wide", 1)["layer_01.weight"]
    names = sorted(name for (name,) in sql("SHOW TABLES LIKE 'wide%'"))
    assert names == [f"wide__v0001__layer_01_weight__s0{number}" for number in (1, 2, 3)]
    assert sql("SELECT c2499 FROM wide__v0001__layer_01_weight__s03 WHERE r = 1")[0][0] == pytest.approx(array[1, 2499])
    assert_same_bits(store.window(key, range(2), range(990, 2010)), array[:, 990:2010])


def test_a_shared_table_is_seen_through_a_view_and_handed_over_when_its_first_version_goes(store, sql):
    array = normal((3, 1500))
    keys = [save(store, {"layer_01.weight": array}, "net", number)["layer_01.weight"] for number in (1, 2, 3)]

    def kinds():
        rows = sql("SHOW FULL TABLES LIKE 'net%\\_\\_s02'")
        return [(name[6:10], kind) for name, kind in sorted(rows)]

    assert kinds() == [("0001", "BASE TABLE"), ("0002", "VIEW"), ("0003", "VIEW")]
    store.delete(("net", 1))
    assert kinds() == [("0002", "BASE TABLE"), ("0003", "VIEW")]
    assert sql("SELECT COUNT(*) FROM net__v0003__layer_01_weight__s02") == [(3,)]
    assert_same_bits(store.read(keys[2]), array)
    store.delete(("net", 3))
    assert kinds() == [("0002", "BASE TABLE")]
    store.delete(("net", 2))
    assert sql("SHOW TABLES LIKE 'net%'") == []
    assert sql("SELECT * FROM weights__tables") == []


def test_a_hand_over_that_a_crash_has_interrupted_is_finished(store, sql):
    array = normal((3, 3))
    keys = [save_one(store, array, version=number) for number in (1, 2, 3)]
    sql(  # as far as it gets before the tables are renamed
        "UPDATE weights__versions SET state = 'deleting' WHERE version = 1",
        "UPDATE weights__tables SET moving_to = 'net__v0002__layer_01_weight'",
        "DROP VIEW net__v0002__layer_01_weight, net__v0003__layer_01_weight",
    )
    assert_same_bits(store.read(keys[1]), array)
    assert store.sweep() == ["net__v0001"]
    for key in keys[1:]:
        assert_same_bits(store.read(key), array)
    assert sql("SELECT COUNT(*) FROM net__v0003__layer_01_weight") == [(3,)]
    sql(  # as far as it gets before the views are made again
        "UPDATE weights__versions SET state = 'deleting' WHERE version = 2",
        "RENAME TABLE net__v0002__layer_01_weight TO net__v0003__layer_01_weight_",
        "DROP VIEW net__v0003__layer_01_weight",
        "RENAME TABLE net__v0003__layer_01_weight_ TO net__v0003__layer_01_weight",
        "UPDATE weights__tables SET moving_to = 'net__v0003__layer_01_weight'",
    )
    assert_same_bits(store.read(keys[2]), array)
    assert store.sweep() == ["net__v0002"]
    assert_same_bits(store.read(keys[2]), array)
    assert [table.name for table in store.tables()] == ["net__v0003__layer_01_weight"]


def test_special_cells_are_0_in_the_table_and_exact_in_the_side_table(store, sql):
    array = np.array([[1.0, np.nan, np.inf, -0.0, -0.0, 2.0]], np.float32)
    save(store, {"layer_01.weight": array}, "net", 1)
    assert sql("SELECT * FROM net__v0001__layer_01_weight") == [(0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0)]
    assert sql("SELECT r, first_column, last_column, HEX(bits) FROM weights__special_cells ORDER BY first_column") == [
        (0, 1, 1, "7FC00000"),
        (0, 2, 2, "7F800000"),
        (0, 3, 4, "80000000"),
    ]


def test_a_cell_that_someone_wrote_over_a_special_one_counts(store, sql):
    key = save(store, {"layer_01.weight": np.full((1, 2), np.inf)}, "net", 1)["layer_01.weight"]
    sql("UPDATE net__v0001__layer_01_weight SET c1 = 7")
    assert store.read(key).tolist() == [[math.inf, 7.0]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pandas_reads_what_was_saved(store, mysql_url, dtype):
    array = normal((20, 30), dtype)
    save(store, {"layer_01.weight": array}, "net", 1)
    server, _, database = mysql_url.rpartition("/")
    engine = create_engine(f"{server.replace('mysql://', 'mysql+mysqlconnector://')}/{database}")
    frame = pd.read_sql("SELECT * FROM net__v0001__layer_01_weight ORDER BY r", engine, index_col="r")
    engine.dispose()
    assert_same_bits(np.ascontiguousarray(frame.to_numpy()), array.astype(np.float64))


def command(name, mysql_url, *arguments, text=None):
    address = parse_address(mysql_url)
    environment = {**os.environ, "MYSQL_PWD": address.password}
    where = [f"--host={address.host}", f"--port={address.port}", f"--user={address.user}", "--protocol=tcp"]
    return subprocess.run(
        [find_binary(name), "--no-defaults", *where, *arguments],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",  # a dump has blobs as they are
        check=True,
        input=text,
    ).stdout


def test_the_command_line_client_and_the_dump_show_the_same_numbers(store, mysql_url):
    array = normal((3, 2), "float64")
    save(store, {"layer_01.weight": array}, "net", 1)
    save(store, {"layer_01.weight": array}, "net", 2)
    database = parse_address(mysql_url).database
    shown = command(
        "mysql", mysql_url, "-N", "-e", "SELECT c0, c1 FROM net__v0002__layer_01_weight ORDER BY r", database
    )
    assert [[float(cell) for cell in line.split("\t")] for line in shown.splitlines()] == array.tolist()
    dump = command("mysqldump", mysql_url, "--hex-blob", database)
    assert all(repr(number) in dump for number in array.reshape(-1).tolist())


def test_a_dump_that_is_restored_elsewhere_is_identical_for_every_number_type(store, mysql_server_url, mysql_url):
    keys = [save_one(store, random_bits(dtype, (20, 30)), version=n) for n, dtype in enumerate(DTYPES, start=1)]
    save_one(store, random_bits("float32", (20, 30)), version=99)  # seen through a view
    other = f"{parse_address(mysql_url).database}_restored"
    dump = command("mysqldump", mysql_url, parse_address(mysql_url).database)
    run_sql(mysql_server_url, f"CREATE DATABASE {other}")
    try:
        command("mysql", mysql_url, other, text=dump)
        with closing(MysqlStore(mysql_server_url + other)) as restored:
            assert [verify(restored, key).problem for key in keys] == [None] * len(DTYPES)
            assert len(list(restored.manifests())) == len(DTYPES) + 1
            save_one(restored, normal((2, 2)), version=100)
            restored.delete(("net", 99))
    finally:
        run_sql(mysql_server_url, f"DROP DATABASE {other}")


@pytest.mark.parametrize("only_public", [False, True])
def test_tables_of_float_cells_are_read_next_to_those_of_double_cells(mysql_url, sql, only_public):
    arrays = {dtype: random_bits(dtype, (30, 40)) for dtype in FLOATS}
    with closing(MysqlStore(f"{mysql_url}?cells=float", only_public)) as store:
        keys = save(store, arrays, "old", 1)
        assert {kind for name, kind in sql(KINDS_OF_CELLS) if name == "c0"} == {"float", "double"}
    with closing(MysqlStore(mysql_url, only_public)) as store:
        for dtype, key in keys.items():
            assert_same_bits(store.read(key), arrays[dtype])
        again = save(store, {**arrays, "float32": normal((30, 40))}, "old", 2)
        assert_same_bits(store.read(again["float32"]), normal((30, 40)))


KINDS_OF_CELLS = (
    "SELECT column_name, data_type FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name LIKE 'old\\_\\_%'"
)


def test_tables_of_float_cells_are_made_exact_proven_and_again_after_a_stop(mysql_url, sql):
    arrays = [random_bits("float32", (20, 1500), seed=1), random_bits("bfloat16", (30, 20)), normal((3, 3))]
    with closing(MysqlStore(f"{mysql_url}?cells=float")) as old:
        keys = [save_one(old, array, "old", number) for number, array in enumerate(arrays, start=1)]
        save_one(old, arrays[0], "old", 9)  # seen through views
        assert old.inexact_tables() == []  # as wished
    with closing(MysqlStore(mysql_url)) as store:
        sql("UPDATE old__v0003__layer_01_weight SET c1 = 7", "UPDATE weights__tables SET cells = '' WHERE id = 2")
        wide, small, damaged = store.inexact_tables()
        changes = ", ".join(f"MODIFY c{column} DOUBLE NOT NULL" for column in range(1000))
        sql(f"ALTER TABLE old__v0001__layer_01_weight__s01 {changes}")
        assert_same_bits(store.read(keys[0]), arrays[0])  # as a process leaves it that dies between two strips
        assert (store.make_exact(wide), store.make_exact(small)) == (None, None)
        assert "old__v0003__layer_01_weight does not hold what was saved" in store.make_exact(damaged)
        assert store.inexact_tables() == [damaged]
        assert [verify(store, key).identical for key in keys] == [True, True, False]
        kinds = {kind for name, kind in sql(KINDS_OF_CELLS) if name.startswith("c")}
        assert kinds == {"double", "float"}
        assert sql("SELECT COUNT(*) FROM old__v0009__layer_01_weight__s02") == [(20,)]


@pytest.mark.parametrize("only_public", [False, True])
def test_a_column_of_another_type_is_read_if_it_holds_the_numbers_and_said_if_not(mysql_url, sql, only_public):
    with closing(MysqlStore(mysql_url, only_public)) as store:
        arrays = [normal((5, 4), seed=number) for number in range(6)]
        keys = [save_one(store, array, version=number) for number, array in enumerate(arrays, start=1)]
        names = [store.table_name(key) for key in keys]
        sql(
            f"ALTER TABLE {names[0]} MODIFY c3 FLOAT NOT NULL, MODIFY r BIGINT NOT NULL",
            f"ALTER TABLE {names[1]} MODIFY c3 VARCHAR(40) NOT NULL",
            f"ALTER TABLE {names[2]} DROP COLUMN c3",
            f"ALTER TABLE {names[3]} MODIFY c3 DOUBLE NULL",
            f"UPDATE {names[3]} SET c3 = NULL WHERE r = 2",
            f"UPDATE {names[4]} SET c3 = 0.1 WHERE r = 2",
        )
        assert_same_bits(store.read(keys[0]), arrays[0])
        proofs = [verify(store, key) for key in keys]
        assert [proof.identical for proof in proofs] == [True, False, False, False, False, True]
        assert "column c3 does not hold numbers" in proofs[1].problem
        assert "c3" in proofs[2].problem
        assert "NULL" in proofs[3].problem
        assert "row 2, column c3 holds 0.1, no float32" in proofs[4].problem
        assert (proofs[4].first_difference.row, proofs[4].first_difference.column) == (2, 3)


# --- what others made is left alone


def test_a_table_in_the_way_is_named_and_left_alone_and_the_next_number_is_free(store, sql):
    sql(
        "CREATE TABLE net__v0001__layer_01_weight (mine INT PRIMARY KEY, note VARCHAR(50))",
        "INSERT INTO net__v0001__layer_01_weight VALUES (1, 'precious')",
    )
    with pytest.raises(NumberTaken, match="net__v0001__layer_01_weight"):
        save_one(store, normal((3, 3)), version=1)
    assert store.sweep() == []
    store.delete(("net", 1))
    assert sql("SELECT * FROM net__v0001__layer_01_weight") == [(1, "precious")]
    assert sql("SELECT * FROM weights__tables") == []
    assert_same_bits(store.read(save_one(store, normal((3, 3)), version=2)), normal((3, 3)))


def test_of_strips_only_those_that_were_made_are_dropped(store, sql):
    store.ping()
    sql("CREATE TABLE net__v0001__layer_01_weight__s02 LIKE weights__special_cells")
    with pytest.raises(NumberTaken, match="__s02"):
        save_one(store, normal((2, 2500)), version=1)
    assert sql("SHOW TABLES LIKE 'net%'") == [("net__v0001__layer_01_weight__s02",)]


@pytest.mark.parametrize("made", ["TABLE {} (x INT)", "VIEW {} AS SELECT 1 AS x"])
def test_what_is_in_the_way_of_a_view_is_left_alone_by_saves_and_deletions(store, sql, made):
    array = normal((3, 3))
    keys = [save_one(store, array, version=number) for number in (1, 2, 3)]
    sql("CREATE " + made.format("net__v0004__layer_01_weight"))
    with pytest.raises(NumberTaken, match="net__v0004__layer_01_weight"):
        save_one(store, array, version=4)
    sql("DROP VIEW net__v0002__layer_01_weight", "CREATE " + made.format("net__v0002__layer_01_weight"))
    store.delete(("net", 1))  # the second cannot give the table its name
    for key in keys[1:]:
        assert_same_bits(store.read(key), array)
    store.delete(("net", 3))
    store.delete(("net", 2))
    assert sorted(sql("SHOW TABLES LIKE 'net%'")) == [(f"net__v000{n}__layer_01_weight",) for n in (2, 4)]
    assert sql("SELECT * FROM weights__tables") == []


def test_a_table_that_someone_put_in_place_of_ours_is_not_dropped_with_its_version(store, sql):
    save_one(store, normal((3, 3)), version=1)
    sql("DROP TABLE net__v0001__layer_01_weight", "CREATE TABLE net__v0001__layer_01_weight (mine INT)")
    store.delete(("net", 1))
    assert sql("SHOW TABLES LIKE 'net%'") == [("net__v0001__layer_01_weight",)]


def test_a_registry_of_an_older_release_gets_what_it_lacks_and_its_tables_can_be_dropped(store, sql, mysql_url):
    kept, gone = save_one(store, normal((3, 3)), version=1), save_one(store, normal((4, 4)), version=2)
    sql(
        "ALTER TABLE weights__tables DROP COLUMN cells, DROP COLUMN mark",
        f"ALTER TABLE {store.table_name(kept)} COMMENT ''",
        f"ALTER TABLE {store.table_name(gone)} COMMENT ''",
    )
    newer = MysqlStore(mysql_url)
    newer.delete(("net", 2))
    assert_same_bits(newer.read(kept), normal((3, 3)))
    assert sql("SHOW TABLES LIKE 'net%'") == [(store.table_name(kept),)]
    newer.close()


# --- damage


def test_a_missing_row_an_added_row_and_a_dropped_table_are_said(store, sql):
    keys = [save_one(store, normal((9, 2), seed=number), version=number) for number in (1, 2, 3)]
    one, two, three = map(store.table_name, keys)
    sql(
        f"DELETE FROM {one} WHERE r IN (4, 5)",
        f"INSERT INTO {two} VALUES (9, 1, 1)",
        f"DROP TABLE {three}",
    )
    with pytest.raises(TensorDamaged, match=r"row 4 is missing \(2 in all\)"):
        store.read(keys[0])
    with pytest.raises(TensorDamaged, match="more than its 9 rows: there is a row 9"):
        store.read(keys[1])
    with pytest.raises(TensorMissing, match=three):
        store.read(keys[2])
    assert [verify(store, key).identical for key in keys] == [False] * 3


# --- the connection


def test_the_connector_has_its_c_extension_which_the_public_way_needs():
    assert mysql.connector.HAVE_CEXT


def test_the_connectors_private_parts_are_where_the_quick_way_expects_them(mysql_url):
    """Fails when a new mysql-connector-python moves them: look at `mysql_binary`, or live with `only_public`."""
    with session_of(Connections(parse_address(mysql_url))) as session:
        assert is_available(session.connection)
        assert isinstance(session.channel, BinaryChannel)
        session.close()
    with session_of(Connections(parse_address(mysql_url), only_public=True)) as session:
        assert not is_available(session.connection)
        assert isinstance(session.channel, TextChannel)
        session.close()


@pytest.mark.parametrize("only_public", [False, True])
def test_rows_too_many_too_few_and_errors_leave_the_connection_usable(mysql_url, only_public):
    cell = np.dtype("<f4")
    connections = Connections(parse_address(mysql_url), only_public)
    with session_of(connections) as session:
        session.run("CREATE TABLE t (r INT UNSIGNED NOT NULL PRIMARY KEY, c0 FLOAT NOT NULL)")
        session.channel.insert("t", np.arange(10_000, dtype=cell).reshape(10_000, 1))
        with pytest.raises(NotNumbers, match="9,990 rows too many"):
            session.channel.select("SELECT r, c0 FROM t ORDER BY r", 10)
        keys, cells = session.channel.select("SELECT r, c0 FROM t WHERE r >= 9000 ORDER BY r", 5000)
        assert (len(keys), keys[0], cells[-1, 0]) == (1000, 9000, 9999)
        keys, _ = session.channel.select("SELECT r, c0 FROM t WHERE r < 0", 0)
        assert len(keys) == 0
        with pytest.raises(mysql.connector.Error, match="doesn't exist"):
            session.channel.select("SELECT r, c0 FROM nothing", 10)
        with pytest.raises(mysql.connector.Error, match="Duplicate"):
            session.channel.insert("t", np.zeros((2, 1), cell), first_row=9_999)
        assert session.run("SELECT COUNT(*) FROM t") == [(10_000,)]
    connections.close()


@pytest.mark.parametrize("use_pure", [False, True])
def test_rows_come_by_public_interfaces_from_either_kind_of_connection(mysql_url, use_pure):
    cells = random_bits("int16", (3, 200))
    server, _, database = mysql_url.rpartition("/")
    with closing(connect(server, database, use_pure=use_pure)) as connection:
        channel = TextChannel(connection)
        columns = "".join(f", c{column} SMALLINT NOT NULL" for column in range(200))
        connection.cursor().execute(f"CREATE TABLE t (r INT UNSIGNED NOT NULL PRIMARY KEY{columns})")
        channel.insert("t", cells, first_row=5)
        keys, found = channel.select("SELECT * FROM t ORDER BY r", 3)
    assert keys.tolist() == [5, 6, 7]
    assert_same_bits(found, cells)


@pytest.mark.parametrize("only_public", [False, True])
def test_a_connection_that_is_lost_between_two_rows_is_said(mysql_server_url, mysql_url, only_public):
    connections = Connections(parse_address(mysql_url), only_public)
    with session_of(connections) as session:
        session.run("CREATE TABLE t (r INT UNSIGNED NOT NULL PRIMARY KEY, c0 FLOAT NOT NULL)")
        session.channel.insert("t", np.zeros((9000, 1), np.float32))
        [(number,)] = session.run("SELECT CONNECTION_ID()")
        slowly = "SELECT r, c0 + SLEEP(r DIV 8000) FROM t ORDER BY r"  # enough rows to be sent at once, then late ones
        killer = threading.Timer(0.5, run_sql, (mysql_server_url, f"KILL {number}"))
        killer.start()
        with pytest.raises(mysql.connector.Error, match=r"(?i)lost|closed|interrupted|killed"):
            session.channel.select(slowly, 9000)
        killer.join()
        session.close()


@pytest.mark.parametrize("names_parameters", [False, True], ids=["MariaDB", "MySQL 8 and 9"])
def test_a_block_of_doubles_is_sent_as_the_connector_sends_them_one_by_one(names_parameters):
    numbers = np.array([[0.5, -1.25], [1e300, 5e-324]] * 100)
    values = numbers.reshape(-1).tolist()
    theirs = MySQLProtocol().make_stmt_execute(7, values, values, query_attrs=[] if names_parameters else None)
    ours = execute_head(7, [numbers.dtype] * len(values), True, names_parameters) + numbers.tobytes()
    assert ours == theirs


def test_a_small_max_allowed_packet_is_enough(mysql_server_url, mysql_url):
    [(before,)] = run_sql(mysql_server_url, "SELECT @@GLOBAL.max_allowed_packet")
    run_sql(mysql_server_url, f"SET GLOBAL max_allowed_packet = {1 << 20}")
    try:
        for only_public in (False, True):
            with closing(MysqlStore(mysql_url, only_public)) as store:
                array = random_bits("float64", (1500, 400), seed=only_public)
                assert_same_bits(store.read(save_one(store, array)), array)
    finally:
        run_sql(mysql_server_url, f"SET GLOBAL max_allowed_packet = {before}")


def test_a_server_that_allows_no_prepared_statement_is_used_without_and_read_exactly(tmp_path):
    server = Server(tmp_path, ["--max-prepared-stmt-count=0", "--log-bin=log", "--binlog-format=STATEMENT"])
    server.start()
    try:
        for cells in ("double", "float"):
            with closing(MysqlStore(f"{server.url}nn?cells={cells}")) as store:
                for dtype in (*FLOATS, "uint64", "bool"):
                    array = random_bits(dtype, (30, 40), seed=len(cells))
                    key = save(store, {dtype: array}, "net")[dtype]
                    assert_same_bits(store.read(key), array)
                    save(store, {dtype: array}, "other")
                    store.delete((key.network, key.version))
    finally:
        server.kill()


@pytest.mark.parametrize("option", most_in_soak(["--innodb-page-size=4k", "--innodb-default-row-format=redundant"], 1))
def test_small_pages_and_old_row_formats_hold_wide_tables(tmp_path, option):
    server = Server(tmp_path, [option], [option] if "page" in option else [])
    server.start()
    try:
        with closing(MysqlStore(f"{server.url}nn")) as store:
            array = random_bits("uint64", (2, 1000))
            assert_same_bits(store.read(save_one(store, array)), array)
        open_catalogue(Settings(home=str(tmp_path / "home"), store=f"{server.url}nn")).close()
    finally:
        server.kill()


def test_tls_is_used_and_the_server_held_to_its_certificate(tmp_path):
    certificate(tmp_path)
    server = Server(tmp_path, [f"--ssl-cert={tmp_path}/cert.pem", f"--ssl-key={tmp_path}/key.pem"])
    server.start()
    try:
        with closing(MysqlStore(f"{server.url}secret?ssl_ca={tmp_path}/cert.pem")) as store:
            array = random_bits("float32", (300, 200))
            key = save_one(store, array)
            assert_same_bits(store.read(key), array)
            with session_of(store._connections) as session:
                assert session.run("SHOW STATUS LIKE 'Ssl_cipher'")[0][1] != ""
        (tmp_path / "other").mkdir()
        certificate(tmp_path / "other")
        with pytest.raises(StoreUnavailable, match="certificate"):
            MysqlStore(f"{server.url}secret?ssl_ca={tmp_path}/other/cert.pem").ping()
    finally:
        server.kill()


def certificate(folder):
    request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(["openssl", *request.split(), *files], check=True, capture_output=True)


def test_a_connection_of_the_parent_survives_a_forked_child(store):
    key = save_one(store, normal((3, 3)))
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if store.read(key).shape == (3, 3) else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert_same_bits(store.read(key), normal((3, 3)))


def test_reading_goes_on_when_the_server_has_dropped_our_connections(store, sql):
    key = save_one(store, normal((3, 3)))
    ids = sql("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
    assert ids
    sql(*[f"KILL {number}" for (number,) in ids])
    assert_same_bits(store.read(key), normal((3, 3)))


def test_a_save_whose_connection_breaks_fails_clearly_and_is_swept(store, sql):
    key = key_of(normal((3, 3)), version=1)
    with pytest.raises(StoreUnavailable, match="can be reached"), store.saving(("net", 1)):
        store.write(key, normal((3, 3)))
        for (number,) in sql(
            "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        ):
            sql(f"KILL {number}")
        store.publish(("net", 1), [key], {})
    assert list(store.manifests()) == []
    store.sweep()
    assert sql("SHOW TABLES LIKE 'net%'") == []
    save_one(store, normal((3, 3)), version=1)


def test_a_restart_of_the_server_is_waited_for(tmp_path):
    server = Server(tmp_path)
    server.start()
    with closing(MysqlStore(f"{server.url}made_by_us")) as store:
        key = save_one(store, normal((3, 3)))
        server.kill()
        starter = threading.Timer(0.3, server.start)
        starter.start()
        assert_same_bits(store.read(key), normal((3, 3)))
        starter.join()
        server.kill()
        for ask in (store.ping, partial(store.read, key)):
            with pytest.raises(StoreUnavailable, match="See whether the server runs"):
                ask()


def test_a_full_disk_is_said_and_leaves_nothing_half_and_the_rest_readable(tmp_path):
    # The server's own limit: all tables in one file that may not grow. To a save that is a disk without room.
    room = ["--innodb-file-per-table=0", "--innodb-data-file-path=ibdata1:12M;ibdata2:12M"]
    server = Server(tmp_path, room)
    server.start()
    try:
        with closing(MysqlStore(f"{server.url}small")) as store:
            kept = normal((30, 30))
            key = save_one(store, kept, version=1)
            with pytest.raises(StoreUnavailable, match="disk is full: free some space there"):
                save_one(store, random_bits("float64", (4000, 900)), version=2)
            assert [number for (_, number), _ in store.manifests()] == [1]
            store.sweep()
            assert {version for table in store.tables() for version in table.versions} == {("net", 1)}
            assert_same_bits(store.read(key), kept)
            save_one(store, normal((20, 20), seed=5), version=3)  # what was half written has given its room back
    finally:
        server.kill()


# --- rights and remedies


def with_user(server_url, database, grants):
    name = f"u{database[-8:]}"
    run_sql(
        server_url,
        f"DROP USER IF EXISTS '{name}'@'%'",
        f"CREATE USER '{name}'@'%' IDENTIFIED BY 'secret%/'",
        f"GRANT {grants} ON {database}.* TO '{name}'@'%'",
    )
    address = parse_address(server_url + database)
    return f"mysql://{name}:secret%25%2F@{address.host}:{address.port}/{database}"


def test_a_user_who_may_only_read_browses_and_is_told_which_rights_are_missing(store, mysql_server_url, mysql_url):
    key = save_one(store, normal((3, 3)))
    url = with_user(mysql_server_url, parse_address(mysql_url).database, "SELECT")
    with closing(MysqlStore(url)) as reader:
        assert_same_bits(reader.read(key), normal((3, 3)))
        assert len(reader.tables()) == 1
        for forbidden in (reader.ping, lambda: save_one(reader, normal((2, 2)))):
            with pytest.raises(StoreUnavailable, match="GRANT SELECT, INSERT") as refusal:
                forbidden()
            assert "secret" not in str(refusal.value)
    assert store.sweep() == []


def test_the_rights_that_we_ask_for_are_enough(mysql_server_url, mysql_url):
    url = with_user(mysql_server_url, parse_address(mysql_url).database, RIGHTS_WANTED)
    with closing(MysqlStore(url)) as writer:
        writer.ping()
        keys = [save_one(writer, normal((3, 3)), version=number) for number in (1, 2, 3)]
        writer.delete(("net", 1))
        assert_same_bits(writer.read(keys[2]), normal((3, 3)))
        assert writer.sweep() == []


def test_a_wrong_password_names_the_user_and_no_password(mysql_url):
    wrong = with_password(split_password(mysql_url)[0], "hunter2")
    with pytest.raises(StoreUnavailable, match=f"Access denied for user '{parse_address(mysql_url).user}'") as refusal:
        MysqlStore(wrong).ping()
    assert "hunter2" not in str(refusal.value)


def test_a_server_that_is_not_there_is_said_at_once():
    with pytest.raises(StoreUnavailable, match="See whether the server runs"):
        Connections(parse_address("mysql://a:b@127.0.0.1:1/c")).take()


def test_a_missing_database_is_created(mysql_server_url):
    run_sql(mysql_server_url, "DROP DATABASE IF EXISTS made_by_weightbase")
    with closing(MysqlStore(mysql_server_url + "made_by_weightbase")) as store:
        store.ping()
    run_sql(mysql_server_url, "DROP DATABASE made_by_weightbase")


@pytest.mark.parametrize(("page", "columns"), [(16384, 1000), (32768, 1000), (8192, 495), (4096, 239)])
def test_strips_fit_half_a_page_of_the_server(page, columns):
    assert strip_width(page) == columns
    assert 8 * columns + 4 < page // 2
    layout = Layout("t", 1, 2 * columns + 1, columns, "float64")
    assert [len(part) for _, part in layout.strips] == [columns, columns, 1]


def test_a_table_of_the_widest_rows_that_we_make_is_accepted(store):
    array = random_bits("uint64", (2, 1000))
    assert_same_bits(store.read(save_one(store, array)), array)

"""Setting a catalogue up on a server: shared databases, any characters, and a set-up that can be stopped anywhere."""

from contextlib import closing
from threading import Thread

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import OperationalError

from dashboard.catalogue.opening import open_catalogue
from dashboard.catalogue.preflight import RIGHTS, rights_in
from dashboard.catalogue.set_up import HEAD_REVISION
from dashboard.catalogue.tables import datasets, tensors
from dashboard.errors import NewerForm, Outage, StoreUnavailable
from dashboard.jobs.patience import patiently
from dashboard.records.mysql_address import parse_address
from dashboard.settings import Settings
from dashboard.weights.mysql_connections import RIGHTS_WANTED
from tests.server import connect, run_sql
from tests.unit.catalogue.test_opening import dataset_row


@pytest.fixture
def opened(mysql_url, tmp_path):
    """A function that opens the catalogue in the test's database; all are closed at the end."""
    made = []

    def opened(url=mysql_url):
        made.append(open_catalogue(Settings(home=str(tmp_path), store=url)))
        return made[-1]

    yield opened
    for catalogue in made:
        catalogue.close()


def revision(sql):
    return sql("SELECT version_num FROM weightbase_version")


@pytest.mark.server
def test_tables_of_others_under_our_names_are_named_at_once_and_nothing_is_created(opened, sql):
    sql("CREATE TABLE runs (run_uuid INT)", "CREATE TABLE tensors (a INT)", "CREATE TABLE theirs (a INT)")
    with pytest.raises(StoreUnavailable, match=r"another program under names .*: runs, tensors\. .* of its own"):
        opened()
    assert sorted(sql("SHOW TABLES")) == [("runs",), ("tensors",), ("theirs",)]


@pytest.mark.server
def test_another_programs_alembic_version_is_left_alone_and_ours_does_not_disturb_it(opened, sql):
    sql("CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES ('v3.2.0.a')")
    opened()
    opened().ping()
    assert sql("SELECT * FROM alembic_version") == [("v3.2.0.a",)]
    assert revision(sql) == [(HEAD_REVISION,)]


@pytest.mark.server
def test_our_own_alembic_version_of_an_older_release_is_taken_over(opened, sql):
    opened()
    sql(
        "DROP TABLE weightbase_version",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('9999')",
    )
    with pytest.raises(NewerForm):
        opened()
    sql("UPDATE alembic_version SET version_num = '0003'", "ALTER TABLE tensors MODIFY name TEXT CHARACTER SET latin1")
    opened()
    assert sql("SHOW TABLES LIKE 'alembic%'") == []
    assert revision(sql) == [(HEAD_REVISION,)]


@pytest.mark.server
def test_a_set_up_that_is_stopped_before_any_of_its_statements_is_finished_by_the_next_start(opened, sql, monkeypatch):
    execute = Connection._execute_context
    changes = []

    def stopping(self, dialect, constructor, statement, *rest, **options):
        if str(statement).strip().split(" ")[0].upper() in {"CREATE", "ALTER", "INSERT", "UPDATE"}:
            changes.append(statement)
            if len(changes) > stops:
                raise OperationalError("stopped", None, Exception("stopped"))
        return execute(self, dialect, constructor, statement, *rest, **options)

    monkeypatch.setattr(Connection, "_execute_context", stopping)
    stops = 0
    for _ in range(100):
        changes.clear()
        try:
            opened()
        except StoreUnavailable:
            stops += 3
            continue
        break
    assert stops > 10
    assert revision(sql) == [(HEAD_REVISION,)]
    assert {name for (name,) in sql("SHOW TABLES")} >= {"datasets", "trials", "weightbase_layers"}


@pytest.mark.server
def test_what_an_older_release_left_half_made_is_finished(opened, sql):
    opened()
    for table in ("trials", "searches", "tensors", "versions", "epochs", "weightbase_version"):
        sql(f"DROP TABLE {table}")
    sql("DROP VIEW weightbase_versions, weightbase_layers", "CREATE TABLE alembic_version (version_num VARCHAR(32))")
    opened()
    assert revision(sql) == [(HEAD_REVISION,)]


@pytest.mark.server
@pytest.mark.parametrize("characters", ["latin1", "utf8mb3", "utf8mb4 COLLATE utf8mb4_unicode_ci", "ascii"])
def test_any_text_is_kept_and_names_are_compared_by_their_bytes_whatever_the_databases_characters(
    opened, sql, mysql_url, characters
):
    sql(f"ALTER DATABASE {parse_address(mysql_url).database} CHARACTER SET {characters}")
    catalogue = opened()
    with catalogue.writing() as connection:
        connection.execute(insert(datasets).values(dataset_row("iris") | {"source": "dice 🎲 ß"}))
        connection.execute(text("SET foreign_key_checks = 0"))
        row = {"version_id": 1, "shape": [1], "dtype": "float32", "sha256": "x", "content": "c", "bytes": 4}
        about = {"table_name": "t", "table_rows": 1, "table_columns": 1, "statistics": {}}
        names = enumerate(("weight", "WEIGHT", "wéight", "weight "))
        connection.execute(insert(tensors), [row | about | {"position": n, "name": name} for n, name in names])
    with catalogue.reading() as connection:
        assert connection.execute(select(datasets.c.source)).scalar_one() == "dice 🎲 ß"
        query = select(tensors.c.position).where(tensors.c.name == "WEIGHT")
        assert connection.execute(query).scalars().all() == [1]


@pytest.mark.server
def test_every_right_that_is_missing_is_named_at_once_and_the_set_up_is_done_once_they_are_granted(
    opened, sql, mysql_url, mysql_server_url
):
    address = parse_address(mysql_url)
    user = f"p{address.database[-8:]}"
    some = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX"
    run_sql(
        mysql_server_url,
        f"CREATE USER '{user}'@'%' IDENTIFIED BY 'l'",
        f"GRANT {some} ON `{address.database.replace('_', chr(92) + '_')}`.* TO '{user}'@'%'",
    )
    url = f"mysql://{user}:l@{address.host}:{address.port}/{address.database}"
    wanted = "GRANT REFERENCES, CREATE VIEW, SHOW VIEW ON `"
    with pytest.raises(StoreUnavailable, match=wanted) as refusal:
        opened(url)
    assert sql("SHOW TABLES") == []
    grant = str(refusal.value).partition(": ")[2].rpartition(".")[0]
    run_sql(mysql_server_url, grant)
    opened(url).ping()
    run_sql(mysql_server_url, f"DROP USER '{user}'@'%'")


def test_the_rights_in_grants_are_those_of_this_database():
    all_of = "GRANT ALL PRIVILEGES ON `weights`.* TO `u`@`%`"
    assert rights_in([all_of], "weights") == ("`weights`", set(RIGHTS))
    assert rights_in([all_of], "other") == ("`other`", set())
    some = ["GRANT SELECT, CREATE VIEW ON `we\\_b%`.* TO `u`@`%`", "GRANT DROP ON `w%`.* TO `u`@`%`"]
    assert rights_in(some, "we_bx") == ("`we\\_b%`", {"SELECT", "CREATE VIEW"})
    assert rights_in(some, "weXb") == ("`w%`", {"DROP"})
    everywhere = ["GRANT INSERT ON *.* TO `u`@`%`", "GRANT DROP ON `w`.* TO `u`@`%`"]
    assert rights_in(everywhere, "w") == ("`w`", {"INSERT", "DROP"})
    assert rights_in(["GRANT SELECT ON `w`.`one_table` TO `u`@`%`"], "w") == ("`w`", set())


def test_the_rights_that_the_store_names_are_those_that_the_set_up_needs():
    assert RIGHTS_WANTED.split(", ") == list(RIGHTS)


@pytest.mark.parametrize("way", ["reading", "writing"])
@pytest.mark.slow
def test_a_connection_that_is_cut_before_its_commit_is_an_outage_and_the_next_one_works(opened, mysql_url, way, caplog):
    catalogue = opened()
    with pytest.raises(Outage, match="cannot be used now"), getattr(catalogue, way)() as connection:
        connection.execute(select(datasets.c.id)).all()
        number = connection.scalar(text("SELECT CONNECTION_ID()"))
        with closing(connect(mysql_url.rpartition("/")[0])) as other:
            other.cursor().execute(f"KILL {number}")
    assert [record.message for record in caplog.records] == []  # the pool has not tried to use it once more
    with getattr(catalogue, way)() as connection:
        assert connection.execute(select(datasets.c.id)).all() == []


@pytest.mark.server
def test_a_deadlock_is_an_outage_and_the_whole_change_is_made_when_it_is_tried_again(opened, mysql_url):
    catalogue, outages, tries = opened(), [], []
    with catalogue.writing() as connection:
        connection.execute(insert(datasets), [dataset_row(name) for name in "ab"])
    server, _, database = mysql_url.rpartition("/")
    change = datasets.update()
    with closing(connect(server, database)) as other, closing(other.cursor()) as cursor:
        other.autocommit = False
        cursor.execute("UPDATE datasets SET bytes = 7 WHERE name = 'b'")
        cursor.execute("CREATE TEMPORARY TABLE many (number INT)")
        rows = ", ".join(f"({number})" for number in range(1000))
        cursor.execute(f"INSERT INTO many VALUES {rows}")  # the transaction that has changed less is the victim

        def lock_the_other_way_round():
            cursor.execute("UPDATE datasets SET bytes = 7 WHERE name = 'a'")
            other.commit()

        thread = Thread(target=lock_the_other_way_round)

        def both():
            with catalogue.writing() as connection:
                connection.execute(change.where(datasets.c.name == "a").values(rows=9))
                if not tries:
                    thread.start()
                tries.append("tried")
                connection.execute(change.where(datasets.c.name == "b").values(rows=9))

        patiently(both, lambda outage, _: outages.append(outage))
        thread.join()
    assert [type(outage) for outage in outages] == [Outage]
    assert "1213 (40001)" in str(outages[0].__cause__)
    with catalogue.reading() as connection:
        assert connection.execute(select(datasets.c.rows, datasets.c.bytes)).all() == [(9, 7), (9, 7)]

"""The catalogue's form: migrations lead to the tables in the code, from nothing, once, by one process at a time."""

import json
import multiprocessing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Column, MetaData, String, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

import dashboard.catalogue
from dashboard.catalogue.engines import sqlite_engine
from dashboard.catalogue.opening import open_catalogue
from dashboard.catalogue.rows import now
from dashboard.catalogue.set_up import HEAD_REVISION, VERSION_TABLE
from dashboard.catalogue.tables import datasets, metadata, networks
from dashboard.errors import Conflict, NewerForm, StoreUnavailable
from dashboard.records.stored import FORM
from dashboard.settings import Settings


def open_in(folder):
    catalogue = open_catalogue(Settings(home=str(folder)))
    catalogue.close()


def dataset_row(name):
    texts = dict.fromkeys(("folder", "sha256", "task", "source", "licence"), "x")
    return texts | {"name": name, "rows": 1, "bytes": 1, "spec": {}, "description": {}, "created": now()}


def test_the_head_revision_in_the_code_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(Path(dashboard.catalogue.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD_REVISION


def test_a_new_catalogue_has_exactly_the_tables_of_the_code(tmp_path):
    catalogue = open_catalogue(Settings(home=str(tmp_path)))
    with catalogue.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    catalogue.close()


def test_what_several_parts_of_a_page_ask_for_is_read_once_until_something_is_written(tmp_path):
    catalogue = open_catalogue(Settings(home=str(tmp_path)))

    def names():
        return catalogue.once("names", lambda connection: connection.execute(select(datasets.c.name)).scalars().all())

    with catalogue.one_state():
        assert names() is names()
        with catalogue.writing() as connection:
            connection.execute(insert(datasets).values(dataset_row("iris")))
        assert names() == ["iris"]
    assert names() is not names()
    catalogue.close()


@pytest.mark.processes
def test_eight_processes_that_open_a_new_home_at_once_all_succeed(tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dashboard.catalogue.opening", __name__])  # imported once, not by each of the eight
    processes = [context.Process(target=open_in, args=(tmp_path,)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8


def test_a_change_since_a_version_of_another_run_is_unknown_after_the_migration(tmp_path):
    engine = sqlite_engine(tmp_path / "catalogue.sqlite")
    config = Config()
    config.set_main_option("script_location", str(Path(dashboard.catalogue.__file__).parent / "migrations"))
    known = {1: (1, None), 2: (1, None), 3: (2, None), 4: (1, None), 5: (3, 4), 6: (4, 1), 7: (4, 1)}
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        connection.execute(text("PRAGMA defer_foreign_keys = 1"))
        for number, (run, parent) in known.items():
            row: dict[str, object] = {
                "id": number,
                "network_id": 1,
                "number": number,
                "run_id": run,
                "parent_id": parent,
                "changed": 0.5,
            }
            texts = dict.fromkeys(("spec", "preprocessing", "metrics", "evaluation"), "{}")
            row |= texts | {"dataset_id": 1, "state": "ready", "epoch": 1, "sha256": "", "bytes": 0, "created": ""}
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO versions ({names}) VALUES ({places})"), row)
        command.upgrade(config, "head")
        rows = connection.execute(text("SELECT number, changed, changed_since FROM versions ORDER BY number")).all()
        connection.rollback()
    expected = {2: (0.5, 1), 5: (0.5, 4), 7: (0.5, 6)}
    assert [tuple(row) for row in rows] == [(number, *expected.get(number, (None, None))) for number in known]


def test_a_catalogue_of_before_weights_from_elsewhere_keeps_its_rows_numbers_and_views(tmp_path):
    engine = sqlite_engine(tmp_path / "catalogue.sqlite")
    config = Config()
    config.set_main_option("script_location", str(Path(dashboard.catalogue.__file__).parent / "migrations"))
    network = {"name": "n", "slug": "n", "purpose": "", "task": "", "fields": "{}", "spec": "{}", "last_version": 4}
    network |= {"id": 7, "dataset_id": 1, "created": "2026-01-01", "trash": 0}
    with engine.connect().execution_options(write=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        table = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32)))
        assert connection.execute(select(table.c.version_num)).scalar_one() == "0007"
        connection.execute(text(_inserted("datasets", dataset_row("iris") | {"spec": "{}", "description": "{}"})))
        for one in (network, network | {"id": 9, "name": "gone", "slug": "gone"}):
            connection.execute(text(_inserted("networks", one)))
        connection.execute(text("DELETE FROM networks WHERE id = 9"))
        connection.commit()
    engine.dispose()
    catalogue = open_catalogue(Settings(home=str(tmp_path)))
    with catalogue.writing() as connection:
        rows = connection.execute(select(networks.c.id, networks.c.last_version, networks.c.kind)).all()
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        assert connection.execute(text("SELECT count(*) FROM weightbase_versions")).scalar_one() == 0
        foreign = {"name": "f", "slug": "f", "purpose": "", "task": "", "fields": {}, "spec": {}, "created": now()}
        new = connection.execute(insert(networks).values(foreign | {"kind": "foreign", "last_version": 0}))
        assert (rows, new.inserted_primary_key) == ([(7, 4, "dense")], (10,))
        with pytest.raises(IntegrityError):  # references are checked again
            connection.execute(insert(networks).values(foreign | {"name": "g", "slug": "g", "dataset_id": 99}))
            connection.commit()
    catalogue.close()


def _inserted(table, row):
    names, values = ", ".join(row), ", ".join(repr(str(value)) for value in row.values())
    return f"INSERT INTO {table} ({names}) VALUES ({values})"


def test_what_was_written_in_a_block_that_fails_is_not_kept(tmp_path):
    catalogue = open_catalogue(Settings(home=str(tmp_path)))
    with pytest.raises(RuntimeError), catalogue.writing() as connection:
        connection.execute(insert(datasets).values(dataset_row("iris")))
        raise RuntimeError("the power fails here")
    with catalogue.reading() as connection:
        assert connection.execute(select(datasets.c.name)).all() == []
    catalogue.close()


def test_names_that_differ_only_in_case_are_two_names_and_the_same_name_twice_is_a_conflict(tmp_path):
    catalogue = open_catalogue(Settings(home=str(tmp_path)))
    with catalogue.writing() as connection:
        connection.execute(insert(datasets), [dataset_row("iris"), dataset_row("Iris")])
    with pytest.raises(Conflict), catalogue.writing() as connection:
        connection.execute(insert(datasets).values(dataset_row("iris")))
    catalogue.close()


def test_a_reference_to_nothing_is_refused(tmp_path):
    catalogue = open_catalogue(Settings(home=str(tmp_path)))
    row = {"name": "n", "slug": "n", "purpose": "", "task": "regression", "dataset_id": 7, "fields": {}, "spec": {}}
    with pytest.raises(Conflict), catalogue.writing() as connection:
        connection.execute(insert(networks).values(row | {"last_version": 0, "created": now()}))
    catalogue.close()


def test_a_home_that_cannot_be_a_folder_is_told_with_the_setting_to_change(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="WEIGHTBASE_HOME"):
        open_catalogue(Settings(home=str(tmp_path / "file" / "home")))


@pytest.mark.parametrize("damage", [b"no database", bytes(1)], ids=["another file", "zeros"])
def test_a_damaged_catalogue_is_refused_with_its_path_and_the_remedy(tmp_path, damage):
    open_in(tmp_path)
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes((damage * path.stat().st_size)[: path.stat().st_size])
    with pytest.raises(StoreUnavailable) as refused:
        open_in(tmp_path)
    assert f"The catalogue {path} cannot be used now: file is not a database." in refused.value.message
    assert "Put a copy of it back" in refused.value.message


def test_a_catalogue_of_a_newer_weightbase_is_refused_with_the_remedy(tmp_path):
    catalogue = open_catalogue(Settings(home=str(tmp_path)))
    with catalogue.writing() as connection:
        connection.execute(text("UPDATE weightbase_version SET version_num = '9999'"))
    catalogue.close()
    with pytest.raises(NewerForm, match="Update Weightbase"):
        open_catalogue(Settings(home=str(tmp_path)))


def test_json_is_stored_with_the_number_of_its_form(tmp_path):
    catalogue = open_catalogue(Settings(home=str(tmp_path)))
    with catalogue.writing() as connection:
        connection.execute(insert(datasets).values(dataset_row("iris") | {"spec": {"target": "species"}}))
    with catalogue.reading() as connection:
        stored = json.loads(connection.execute(text("SELECT spec FROM datasets")).scalar_one())
        read = connection.execute(select(datasets.c.spec)).scalar_one()
    assert (stored, read) == ({"form": FORM, "target": "species"}, {"target": "species"})
    catalogue.close()


def test_every_json_column_carries_its_form_but_those_that_hold_a_persons_words_or_no_names():
    plain = {f"{t.name}.{c.name}" for t in metadata.sorted_tables for c in t.columns if isinstance(c.type, JSON)}
    assert plain == {"networks.fields", "runs.checkpoint", "tensors.shape"}

"""For all tests: Hypothesis sets no time limit, as machines are noisy, and tells how to repeat a failure.

A database server is started at the first test that asks for one, and one app serves all tests' workspaces in turn.
"""

import contextlib
import gc
import json
import shutil
import sqlite3
from functools import partial

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from jinja2 import BytecodeCache
from sqlalchemy import inspect

from dashboard import create_app
from dashboard.catalogue import engines, set_up
from dashboard.data.bundled import BUNDLED
from dashboard.data.columns import preview
from dashboard.data.dataset import ingest
from dashboard.services import datasets
from dashboard.web.kit.live import LiveParts
from tests.once import fill
from tests.server import mysql_server_url, mysql_url, mysql_url_of_module, sql

__all__ = ["mysql_server_url", "mysql_url", "mysql_url_of_module", "sql"]

gc.disable()  # until all tests are collected: a quarter of that time was looking for garbage where there is none


def pytest_collection_finish():
    """Look for garbage from here on, and only in what is made from here on."""
    gc.freeze()
    gc.enable()


settings.register_profile(
    "house",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    max_examples=40,
)
settings.register_profile("quick", settings.get_profile("house"), max_examples=15)
settings.register_profile("soak", settings.get_profile("house"), max_examples=300)
settings.load_profile("house")


class SharedTemplates(BytecodeCache):
    """Compiled templates, for all apps of a process: a test's own app would compile each page's anew."""

    def __init__(self):
        self.compiled = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket):
        self.compiled[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def what_long_texts_hold_is_never_changed():
    """Fail what reads a long text of the catalogue after somebody changed what it holds: all who read it share that."""
    shared = engines._read_long

    def unchanged(text):
        value = shared(text)
        assert repr(value) == repr(engines._read(text))
        return value

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "_read_long", unchanged)
        yield


MIGRATE = set_up._migrate
Flask.jinja_options = {"bytecode_cache": SharedTemplates()}


@pytest.fixture(scope="session", autouse=True)
def migrations_of_new_homes_run_once():
    """Make the catalogue of a new home a copy of what the migrations led to: they take 0.1 s for each home.

    Each process that a test starts, and each test of the catalogue, of older homes and of servers, still has them run.
    """
    migrated = sqlite3.connect(":memory:", check_same_thread=False)

    def copy_or_migrate(engine):
        if engine.dialect.name != "sqlite" or inspect(engine).get_table_names() != [set_up.VERSION_TABLE]:
            return MIGRATE(engine)
        is_first = migrated.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        if is_first:
            MIGRATE(engine)
        with contextlib.closing(engine.raw_connection()) as connection:
            home = connection.driver_connection
            home.backup(migrated) if is_first else migrated.backup(home)
        return None

    set_up._migrate = copy_or_migrate
    yield
    set_up._migrate = MIGRATE
    migrated.close()


PREVIEW, INGEST = preview, ingest
SAMPLES = {sample.path for sample in BUNDLED}


@pytest.fixture(scope="session", autouse=True)
def bundled_samples_are_read_once(tmp_path_factory):
    """Give a home that adds a bundled sample what it was to the first one: reading it takes longer than most tests.

    Each process that a test starts, and each test of reading, still reads it.
    """
    seen, made = {}, {}

    def preview_once(path, csv_format, *more):
        if path not in SAMPLES or more:
            return PREVIEW(path, csv_format, *more)
        key = path, csv_format
        if key not in seen:
            seen[key] = PREVIEW(path, csv_format)
        return seen[key]

    def ingest_once(path, spec, folder):
        if path not in SAMPLES:
            return INGEST(path, spec, folder)
        key = path, json.dumps(spec.to_json(), sort_keys=True)
        if key not in made:
            kept = tmp_path_factory.mktemp("sample")
            made[key] = kept, INGEST(path, spec, kept)
        kept, description = made[key]
        for file in kept.iterdir():
            shutil.copyfile(file, folder / file.name)
        return description

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "preview", preview_once)
        patch.setattr(datasets, "ingest", ingest_once)
        yield


@pytest.fixture(scope="session")
def app_of():
    """Return a function that gives the app of a workspace: the same app each time, for one costs more than most tests.

    The workspaces have default settings but for their home. What was handed out before serves the new workspace too.
    """
    made = []

    def app_of(workspace):
        made[:] = made or [create_app(workspace=workspace)]
        made[0].extensions["workspace"] = workspace
        made[0].extensions["live"] = LiveParts(mark_seconds=0)  # each poll sees what was done just before it
        return made[0]

    return app_of


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """Return `fill(workspace, make)`, which gives an empty workspace what `make` gives, made once for all processes."""
    return partial(fill, tmp_path_factory)

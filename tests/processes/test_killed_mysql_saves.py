"""Killing the client, and the server, at random moments of saving: nothing half, nothing acknowledged lost."""

import subprocess
import sys
import time
from contextlib import closing

import pytest

from dashboard.weights.mysql_store import MysqlStore
from tests.processes.kills import ROOT, check_after_kill, moments, save_until_killed
from tests.representatives import most_in_soak
from tests.server import Server, run_sql
from tests.worker import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.server]

SEED = 20261124


@pytest.mark.parametrize("seconds", most_in_soak(moments(30, SEED), 3), ids=lambda seconds: f"{seconds:.3f}s")
def test_a_mysql_save_whose_client_is_killed_leaves_nothing_half(mysql_url, seconds):
    acknowledged = save_until_killed(mysql_url, 1, seconds)
    sweep_until_the_server_has_noticed(mysql_url)
    check_after_kill(mysql_url, acknowledged)
    assert_only_what_is_referenced(mysql_url)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("killed"))
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize("number", most_in_soak(range(10), 1))
def test_a_mysql_save_whose_server_is_killed_leaves_nothing_half(server, number):
    url = f"{server.url}killed_{number}"
    saver = subprocess.Popen(
        [sys.executable, "-m", "tests.processes.saver", url, "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = saver.stdout.readline()
    time.sleep(moments(10, SEED + 1)[number])
    server.kill()
    said, error = saver.communicate(timeout=600)
    assert "StoreUnavailable" in error or "ConnectionLost" in error
    server.start()
    acknowledged = [int(line) for line in (first + said).splitlines()]
    assert acknowledged
    check_after_kill(url, acknowledged)
    assert_only_what_is_referenced(url)


def sweep_until_the_server_has_noticed(url):
    """Sweep until the locks of the dead client are gone, as the next start would find it."""
    with closing(MysqlStore(url)) as store:

        def nothing_is_left():
            store.sweep()
            return query(url, "SELECT COUNT(*) FROM weights__versions WHERE state <> 'published'") == [(0,)]

        wait_until(nothing_is_left, "the server to notice that its client is dead")


def query(url, sql):
    server, _, database = url.rpartition("/")
    return run_sql(server, sql, database=database)


def assert_only_what_is_referenced(url):
    """Assert that each table and view of the database belongs to a published version, and that none is missing."""
    found = dict(
        query(url, "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema=DATABASE()")
    )
    registry = {name for name in found if name.startswith("weights__")}
    tables = {name for (name,) in query(url, "SELECT name FROM weights__tables")}
    uses = {name for (name,) in query(url, "SELECT name FROM weights__uses")}
    assert {name for name, kind in found.items() if kind == "BASE TABLE"} - registry == tables
    assert {name for name, kind in found.items() if kind == "VIEW"} == uses - tables
    assert tables <= uses
    lost = "SELECT COUNT(*) FROM weights__uses u LEFT JOIN weights__tables t ON t.id = u.table_id WHERE t.id IS NULL"
    assert query(url, lost) == [(0,)]
    published = "SELECT COUNT(*) FROM weights__versions v WHERE v.state <> 'published'"
    assert query(url, published) == [(0,)]

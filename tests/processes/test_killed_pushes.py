"""Pushes while client, web process, worker or all of it are killed: each key is one version, and none is half."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest

from dashboard.services.versions.outside import create_foreign_network
from dashboard.services.versions.reading import get_detail, list_versions
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.processes.kills import ROOT
from tests.processes.pusher import NETWORK, arrays_of
from tests.processes.run_processes import descendants, signal_to
from tests.processes.test_serving import free_port, health
from tests.pushes import digest_of
from tests.worker import APP, wait_until

pytestmark = pytest.mark.processes

SEED = 20261130
KILLS = 3
MOST = 10_000


@contextmanager
def pushing(port, first, last, large):
    """Yield a program that pushes versions; it is killed at the end."""
    command = [sys.executable, "-m", "tests.processes.pusher", *map(str, (port, first, last, large))]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def serve(settings):
    """Start a dashboard, and return it once it answers."""
    process = subprocess.Popen([sys.executable, str(APP)], env=os.environ | to_environment(settings))
    wait_until(lambda: health(settings.port)["ok"], "the dashboard to answer")
    return process


def kill_server(server, settings, whole):
    """Kill a whole dashboard and start it again; or only what serves and works, which it starts again by itself."""
    below = descendants(server.pid, b"")
    signal_to([server.pid, *below] if whole else below, signal.SIGKILL)
    if not whole:
        return server
    server.wait()
    return serve(settings)


def saved_number(pusher):
    """Return the next number that a program says is saved."""
    line = pusher.stdout.readline()
    assert line.strip().isdigit(), line
    return int(line)


def killed(pusher, last):
    """Kill a program that pushes, and return the last number that it has said: it may be ahead of who reads it."""
    pusher.kill()
    return int([str(last), *pusher.stdout.read().split()][-1])


def push_under_kills(settings, kills, large=0):
    """Push while something is killed again and again; return the last version that was acknowledged."""
    moments, last = random.Random(SEED), 0
    server = serve(settings)
    try:
        for kill in range(kills):
            with pushing(settings.port, max(last, 1), MOST, large) as pusher:
                last = saved_number(pusher)
                time.sleep(moments.uniform(0, 0.3))
                if kill % 3:
                    server = kill_server(server, settings, whole=kill % 3 == 2)
                    last = saved_number(pusher)
                last = killed(pusher, last)
        with pushing(settings.port, 1, last, large) as pusher:  # everything again: nothing is new
            assert [saved_number(pusher) for _ in range(last)] == list(range(1, last + 1))
    finally:
        server.terminate()
        server.wait()
    return last


def check(settings, last, large=0):
    """Assert that each key that was acknowledged is one version, whole, and that nothing else is left."""
    workspace = open_workspace(settings)
    with closing(workspace.catalogue), closing(workspace.store):
        versions = list_versions(workspace, NETWORK, MOST).items
        epochs = sorted(version.epoch for version in versions)
        assert epochs == sorted(set(epochs))
        assert set(range(1, last + 1)) <= set(epochs) <= set(range(1, last + 3))
        for version in versions:
            expected = {name: digest_of(array) for name, array in arrays_of(version.epoch, large).items()}
            detail = get_detail(workspace, NETWORK, version.number)
            assert {tensor.name: tensor.sha256 for tensor in detail.tensors} == expected
        assert all(proof.identical for proof in verify_all(workspace))
        assert workspace.store.sweep() == []


@pytest.fixture(params=["csv", pytest.param("mysql", marks=[pytest.mark.server, pytest.mark.soak])])
def settings(request, tmp_path):
    """The settings of a dashboard with a foreign network, on either store."""
    store = request.getfixturevalue("mysql_url") if request.param == "mysql" else Settings.store
    settings = Settings(home=str(tmp_path), port=free_port(), store=store)
    workspace = open_workspace(settings)
    create_foreign_network(workspace, NETWORK)
    workspace.catalogue.close()
    workspace.store.close()
    return settings


def test_each_key_is_one_version_whatever_is_killed(settings):
    check(settings, push_under_kills(settings, KILLS))

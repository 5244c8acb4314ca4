"""A run writes down by what it is computed before it begins, and stays with that; pages and versions say which."""

from dataclasses import replace

import pytest

from dashboard import create_app
from dashboard.catalogue.tables import runs
from dashboard.engine.compiled.build import build
from dashboard.engine.paths import NUMPY, compiled_path, path_of
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.jobs.job import TrainingJob
from dashboard.jobs.trainer import train
from dashboard.records.run_kinds import TRAININGS
from dashboard.services.datasets import add_bundled
from dashboard.services.networks import create_network
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.paths import new_path
from dashboard.services.runs.runs import get_run, resume_run, start_run
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

pytestmark = pytest.mark.slow

DEFINITION = {
    "name": "iris-net",
    "dataset": "iris",
    "layers": [{"units": 6, "activation": "tanh"}],
    "output": {"activation": "softmax"},
    "training": {"epochs": 4, "save": "last"},
}
ELSEWHERE = "compiled-999"

try:
    build()
except OSError:
    pytest.skip("there is no C compiler", allow_module_level=True)


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path), checkpoint_seconds=0))
    with coordinator_lock(opened.settings.home_folder):
        add_bundled(opened, "iris")
        create_network(opened, DEFINITION)
        yield opened
    opened.catalogue.close()


class Killed(Exception):
    """What ends a process in the middle of a training."""


def carry_out(workspace, dies_after=0):
    """Carry the next run out; with `dies_after` its process dies after the checkpoint of so many epochs."""
    journal = CatalogueJournal(workspace)
    job = journal.claim([TRAININGS])
    assert isinstance(job, TrainingJob)

    def send(kind, payload):
        if kind == "end":
            journal.end(job, payload["state"], payload["error"])
        elif kind == "epoch":
            journal.epochs(job, [payload])
        else:
            getattr(journal, kind)(job, payload)
        if kind == "checkpoint" and payload.epoch == dies_after:
            raise Killed

    try:
        train(job, send, lambda: None)
    except Killed:
        journal.requeue(job, "it was killed", died=True)
    return get_run(workspace, job.run_id).run


def set_result(workspace, run, result):
    with workspace.catalogue.writing() as connection:
        connection.execute(runs.update().where(runs.c.id == run.id).values(result=result))


def weights(workspace, number):
    tensors = read_tensors(workspace, get_version(workspace, "iris-net", number))
    return b"".join(tensors[name].tobytes() for name in sorted(tensors))


def test_a_run_says_by_what_it_is_computed_and_so_does_its_version(workspace):
    start_run(workspace, "iris-net", {})
    run = carry_out(workspace)
    assert (run.state, run.path) == ("finished", compiled_path())
    client = create_app(workspace=workspace).test_client()
    assert f"<dd>{compiled_path()}</dd>" in client.get(f"/runs/{run.id}").text
    assert f"<dd>{compiled_path()}</dd>" in client.get("/networks/iris-net/versions/1").text
    assert client.get(f"/api/v1/runs/{run.id}").json["result"] == {"path": compiled_path()}


def test_numpy_computes_where_the_settings_say_so_and_on_a_cluster(workspace):
    spec = start_run(workspace, "iris-net", {}).spec
    assert path_of(spec) == compiled_path() != NUMPY
    assert new_path(Settings(), spec) == compiled_path()
    assert new_path(Settings(compiled=0), spec) == NUMPY
    assert new_path(Settings(dask="tcp://localhost:8786"), spec) == NUMPY


@pytest.mark.parametrize("path", [NUMPY, "compiled"])
def test_a_run_that_dies_goes_on_by_the_same_path_to_the_same_bits(workspace, path):
    chosen = compiled_path() if path == "compiled" else NUMPY
    start_run(workspace, "iris-net", {}, path=chosen)
    assert carry_out(workspace).path == chosen
    start_run(workspace, "iris-net", {}, path=chosen)
    assert carry_out(workspace, dies_after=1).state == "queued"
    other = replace(workspace.settings, compiled=int(chosen == NUMPY))  # what the settings say by now does not matter
    ended = carry_out(replace(workspace, settings=other))
    assert (ended.state, ended.attempt, ended.path) == ("finished", 2, chosen)
    assert weights(workspace, 2) == weights(workspace, 1)


def test_a_run_from_before_there_was_a_choice_goes_on_by_numpy(workspace):
    start_run(workspace, "iris-net", {}, path=NUMPY)
    carry_out(workspace)
    run = start_run(workspace, "iris-net", {}, path=NUMPY)
    carry_out(workspace, dies_after=1)
    set_result(workspace, run, {})  # as it was written down then
    ended = carry_out(workspace)
    assert (ended.state, ended.attempt) == ("finished", 2)
    assert weights(workspace, 2) == weights(workspace, 1)


def test_a_run_whose_path_is_not_here_fails_and_says_why_and_goes_on_where_it_is(workspace):
    start_run(workspace, "iris-net", {})
    carry_out(workspace)
    run = start_run(workspace, "iris-net", {})
    carry_out(workspace, dies_after=1)
    set_result(workspace, run, {"path": ELSEWHERE})
    failed = carry_out(workspace)
    assert (failed.state, failed.checkpoint) == ("failed", 1)
    assert failed.error.startswith(f"This training began with the compiled library ({ELSEWHERE}), and here is compiled")
    set_result(workspace, run, {"path": compiled_path()})
    resume_run(workspace, run.id)
    assert carry_out(workspace).state == "finished"
    assert weights(workspace, 2) == weights(workspace, 1)

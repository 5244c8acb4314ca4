"""A database that was restored with an empty home: what needs a dataset's records says that they are missing."""

import shutil

import pytest

from dashboard import create_app
from dashboard.catalogue import runs as run_rows
from dashboard.errors import Conflict, StoreUnavailable
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.records.run_kinds import TRAININGS
from dashboard.services.dataset_pictures import record_pixels
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.demo import demo_definition
from dashboard.services.networks import create_network
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.runs import get_run, start_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path)))
    with coordinator_lock(tmp_path):
        add_bundled(opened, "digits")
        create_network(opened, demo_definition())
        yield opened
    opened.catalogue.close()


def test_a_training_is_refused_and_one_that_was_queued_fails_with_the_reason(workspace):
    queued = start_run(workspace, "demo-digits", {})
    shutil.rmtree(workspace.datasets_folder)
    with pytest.raises(Conflict, match="The records of 'digits' are missing"):
        start_run(workspace, "demo-digits", {})
    assert CatalogueJournal(workspace).claim([TRAININGS]) is None
    failed = get_run(workspace, queued.id).run
    assert failed.state == "failed"
    assert "The records of 'digits' are missing" in failed.error
    with workspace.catalogue.reading() as connection:
        assert run_rows.count_states(connection) == {"failed": 1}


def test_pictures_of_records_say_that_they_are_missing(workspace):
    shutil.rmtree(workspace.datasets_folder)
    with pytest.raises(StoreUnavailable, match="records are missing"):
        record_pixels(workspace, get_dataset(workspace, "digits"), 3)


def test_the_page_of_the_dataset_says_so_and_offers_no_records(workspace):
    browser = create_app(workspace=workspace).test_client()
    headers = {"Host": "127.0.0.1:8000"}
    page = browser.get("/datasets/digits", headers=headers).text
    assert ("are missing" in page, "records.png" in page) == (False, True)
    shutil.rmtree(workspace.datasets_folder)
    page = browser.get("/datasets/digits", headers=headers).text
    assert "The records of &#39;digits&#39; are missing" in page
    assert "Bring back the folder `datasets`" in page
    assert "records.png" not in page

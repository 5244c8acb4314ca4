"""Data folders written by earlier commits open, show all their pages and answer all of the API, and verify."""

import json
import re
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import text

from dashboard import create_app
from dashboard.data.specification import DatasetSpec
from dashboard.data.spellings import ACCOUNTS
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.records.statistics import NAMES
from dashboard.records.stored import FORM
from dashboard.services.datasets import get_dataset
from dashboard.services.store.reindexing import reindex_store
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.api.api_client import ApiClient
from tests.web.old_homes import HOMES, api_addresses, settings_of, unpack, walk
from tests.web.page_check import Browser, words

ARCHIVES = sorted(path.name.removesuffix(".tar.gz") for path in HOMES.glob("*.tar.gz"))
OLDEST_CSV, NEWEST_CSV, NEWEST_MYSQL = "csv-0001", "csv-0008", "mysql-0008"
NEWER = "This was stored by a newer Weightbase: its preprocessing has form 2, and this one reads forms up to 1"


@contextmanager
def opened(name, folder, url=None):
    """Open a workspace around a copy of an earlier data folder; nothing is trained in it."""
    home = unpack(name, folder)
    workspace = open_workspace(settings_of(home, url))
    with closing(workspace.catalogue), coordinator_lock(home):
        yield workspace


def visit_everything(workspace, with_queries=True):
    """Fetch every page and all that the API answers; return how many addresses there are."""
    app = create_app(workspace=workspace)
    pages = walk(Browser(app.test_client()), with_queries)
    client = ApiClient(app)
    addresses = api_addresses(client)
    for address in {address for of_path in addresses.values() for address in of_path}:
        with closing(client.fetch("GET", address)) as answer:
            # What a foreign network reads and answers is not known, and without its records not how good a version is:
            # that is said, and nothing else may be refused.
            is_refused = answer.status_code == 409 and re.search(r"/inputs$|/compare/why\b", address)
            assert is_refused or answer.status_code == 200, (address, answer.text)
    absent = ("search", "contents", "imports")  # nothing is being pushed, and no import waits
    may_have_none = {path for path in addresses if any(word in path for word in absent)}
    assert {path for path in addresses if not addresses[path]} <= may_have_none
    return len(pages)


def marks_of(name):
    """Return the marks of a home's test: but for the oldest and the newest, each in one store, for `make soak`."""
    marks = [pytest.mark.server] if name.startswith("mysql") else []
    return marks if name in {OLDEST_CSV, NEWEST_MYSQL} else [*marks, pytest.mark.soak]


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks_of(name)) for name in ARCHIVES])
def test_an_earlier_home_shows_all_its_pages_answers_the_api_and_verifies(name, request, tmp_path):
    url = request.getfixturevalue("mysql_url") if name.startswith("mysql") else None
    with opened(name, tmp_path, url) as workspace:
        assert visit_everything(workspace, with_queries=name == NEWEST_CSV) > 100
        proofs = list(verify_all(workspace))
    assert len(proofs) >= 5
    assert all(proof.identical for proof in proofs)


@pytest.mark.parametrize("name", [name for name in ARCHIVES if name.startswith("csv")])
def test_a_folder_of_weights_that_an_earlier_weightbase_wrote_is_indexed_in_a_new_home(name, tmp_path):
    weights = unpack(name, tmp_path / "old") / "weights"
    weights.rename(tmp_path / "weights")
    workspace = open_workspace(Settings(home=str(tmp_path)))
    with closing(workspace.catalogue):
        assert len(reindex_store(workspace).added) == len(list(verify_all(workspace))) >= 8  # those in the trash, too
        assert all(proof.identical for proof in verify_all(workspace))


def test_what_a_dataset_of_before_reads_as_numbers_stays_as_it_was(tmp_path):
    with opened("csv-0007", tmp_path) as workspace:
        shop = get_dataset(workspace, "shop")
        spec = DatasetSpec.from_json(shop.spec)
    assert (spec.strip, spec.units, spec.rules) == (("price",), {}, ACCOUNTS)
    price = next(column for column in shop.description["columns"] if column["name"] == "price")
    assert (price["low"], price["missing"]) == (-5.0, 0)  # (5.00) was a number by then


def change_json(workspace, table, column, change):
    """Store what `change` returns of one column's JSON in every row, given how many there were before, as text."""
    with workspace.catalogue.writing() as connection:
        rows = connection.execute(text(f"SELECT rowid, {column} FROM {table}")).all()
        for place, (key, stored) in enumerate(rows):
            new = {"new": json.dumps(change(json.loads(stored), place)), "key": key}
            connection.execute(text(f"UPDATE {table} SET {column} = :new WHERE rowid = :key"), new)


def described_earlier(description, _):
    columns = [{name: column[name] for name in ("name", "kind")} for column in description["columns"]]
    return description | {"columns": columns}


@pytest.mark.soak  # the oldest home has versions of before most statistics: above
@pytest.mark.parametrize("missing", ["all", "one in each table"])
def test_versions_that_are_older_than_a_statistic_show_it_as_unknown_on_every_page(missing, tmp_path):
    def older(statistics, place):
        left_out = NAMES if missing == "all" else NAMES[place % len(NAMES)]
        return {name: value for name, value in statistics.items() if name not in left_out}

    with opened(NEWEST_CSV, tmp_path) as workspace:
        change_json(workspace, "tensors", "statistics", older)
        change_json(workspace, "datasets", "description", described_earlier)
        change_json(workspace, "versions", "evaluation", lambda measured, place: {} if place % 2 else measured)
        assert visit_everything(workspace, with_queries=missing == "all") > 100


def test_what_a_newer_weightbase_stored_is_refused_on_its_own_pages_with_the_remedy(tmp_path):
    with opened(NEWEST_CSV, tmp_path) as workspace:
        change_json(workspace, "versions", "preprocessing", lambda data, place: data | {"form": FORM + 1})
        app = create_app(workspace=workspace)
        browser, client = Browser(app.test_client()), ApiClient(app)
        refused = browser.get("/networks/flowers/versions/3", status=409)
        assert "Update Weightbase" in words(refused.root)
        error = client.fails("GET", "/api/v1/networks/flowers/versions/3", 409)
        assert (error["code"], error["message"].split(".")[0]) == ("newer_form", NEWER)
        for page in ("/", "/datasets", "/runs", "/searches", "/store", "/networks/new", "/networks/flowers/history"):
            browser.get(page)

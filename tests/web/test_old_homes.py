"""Data folders written by earlier commits open, show all their pages and answer all of the API, and verify."""

from contextlib import closing

import pytest

from dashboard import create_app
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from tests.api.api_client import ApiClient
from tests.web.old_homes import HOMES, api_addresses, settings_of, unpack, walk
from tests.web.page_check import Browser

NAMES = sorted(path.name.removesuffix(".tar.gz") for path in HOMES.glob("*.tar.gz"))
FIRST_WITH_SEARCHES = "0003"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.server] if name.startswith("mysql") else []) for name in NAMES]
)
def test_an_earlier_home_shows_all_its_pages_answers_the_api_and_verifies(name, request, tmp_path):
    has_searches = name.rpartition("-")[2] >= FIRST_WITH_SEARCHES
    home = unpack(name, tmp_path)
    url = request.getfixturevalue("mysql_url") if name.startswith("mysql") else None
    workspace = open_workspace(settings_of(home, url))
    with closing(workspace.catalogue), coordinator_lock(home):  # nothing is trained in it
        app = create_app(workspace=workspace)
        assert len(walk(Browser(app.test_client()), most=1)) > 200
        client = ApiClient(app)
        addresses = api_addresses(client)
        assert [path for path in addresses if not addresses[path] and (has_searches or "search" not in path)] == []
        for address in {address for of_path in addresses.values() for address in of_path}:
            client.get(address)
        proofs = list(verify_all(workspace))
    assert len(proofs) >= 5
    assert all(proof.identical for proof in proofs)

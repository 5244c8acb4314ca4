"""What tests of services work on: an empty workspace, of each kind of store; modules may have one of their own."""

import pytest

from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.representatives import STORES


@pytest.fixture(params=STORES)
def workspace(tmp_path, request):
    store = "csv:" if request.param == "csv" else request.getfixturevalue("mysql_url")
    found = open_workspace(Settings(home=str(tmp_path / "home"), store=store))
    yield found
    found.catalogue.close()
    found.store.close()

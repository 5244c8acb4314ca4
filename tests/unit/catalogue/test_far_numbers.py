"""Numbers beyond what a database can look for name nothing, rather than break the search."""

import pytest

from dashboard.errors import NotFound
from dashboard.services.datasets import add_bundled
from dashboard.services.networks import create_network
from dashboard.services.runs.runs import get_run
from dashboard.services.versions.reading import get_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**30])
def test_a_version_or_a_run_of_any_number_is_looked_for(tmp_path, number):
    workspace = open_workspace(Settings(home=str(tmp_path)))
    add_bundled(workspace, "iris")
    create_network(workspace, {"name": "net", "dataset": "iris"})
    with pytest.raises(NotFound, match=f"no version {number}"):
        get_version(workspace, "net", number)
    with pytest.raises(NotFound, match=f"no run {number}"):
        get_run(workspace, number)
    workspace.catalogue.close()

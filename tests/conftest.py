"""For all tests: Hypothesis sets no time limit, as machines are noisy, and tells how to repeat a failure.

A database server is started at the first test that asks for one, and one app serves all tests' workspaces in turn.
"""

import pytest
from hypothesis import HealthCheck, settings

from dashboard import create_app
from dashboard.web.kit.live import LiveParts
from tests.server import mysql_server_url, mysql_url, sql

__all__ = ["mysql_server_url", "mysql_url", "sql"]

settings.register_profile(
    "house", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("quick", settings.get_profile("house"), max_examples=15)  # `make test` has the usual 100
settings.load_profile("house")


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

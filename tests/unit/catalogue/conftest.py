"""For the tests of the catalogue: its migrations are really run for each new home."""

import pytest

from dashboard.catalogue import set_up
from tests.conftest import MIGRATE


@pytest.fixture(autouse=True)
def migrations_run(monkeypatch):
    monkeypatch.setattr(set_up, "_migrate", MIGRATE)

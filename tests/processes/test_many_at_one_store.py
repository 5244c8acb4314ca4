"""Writers and readers at once, for a few seconds here; `benchmarks/together.py` lets them run for a minute.

In each run of the tests, processes share a store in the contract of stores.
"""

import pytest

from tests.processes.together import run_together

pytestmark = [pytest.mark.processes, pytest.mark.soak]
SECONDS = 5.0


def assert_all_is_right(found):
    assert found["errors"] == []
    assert (found["wrong"], found["lost"], found["numbers given twice"]) == (0, 0, 0)
    assert found["saved"] >= 8
    assert found["read"] >= 8


def test_eight_writers_and_eight_readers_share_a_csv_store(tmp_path):
    assert_all_is_right(run_together(tmp_path, "csv:", seconds=SECONDS))


@pytest.mark.server
@pytest.mark.parametrize("count", [3, 8])
def test_writers_and_as_many_readers_share_a_mysql_store(tmp_path, mysql_url, count):
    assert_all_is_right(run_together(tmp_path, mysql_url, writers=count, readers=count, seconds=SECONDS))

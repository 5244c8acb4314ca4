"""Which windows of a MySQL table are compared with what was saved: those whose proof takes not too many cells."""

import pytest

from dashboard.records.tensor import TensorKey
from dashboard.weights.mysql_store import MOST_PROVEN, MysqlStore


@pytest.mark.parametrize(
    ("shape", "rows", "proven"),
    [
        ((784, 200), range(0, 50), True),
        ((4096, 1024), range(4000, 4050), True),
        ((50_000, 4), range(49_950, 50_000), True),
        ((100, 39_000), range(0, 50), True),
        ((100, 39_000), range(0, 99), False),
        ((3, MOST_PROVEN), range(0, 1), False),
        ((3, MOST_PROVEN), range(1, 1), True),
        ((3, 0), range(0, 3), True),
    ],
)
def test_a_window_is_proven_if_the_sums_over_its_rows_take_few_cells(shape, rows, proven):
    key = TensorKey("n", 1, "w", "float32", shape, "ab")
    assert MysqlStore.proves_window(MysqlStore.__new__(MysqlStore), key, rows) == proven

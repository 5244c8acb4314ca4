import subprocess
import sys

import pytest

CODE = """
import sys
from dashboard.arrow import pa, pc
numbers = pc.if_else(pa.array([True]), pa.scalar(1.5), pa.scalar(None, pa.float64()))
assert numbers.to_numpy().tolist() == [1.5]
assert "pandas" not in sys.modules
assert pa.table({"a": numbers}).to_pandas().a.tolist() == [1.5]
"""


@pytest.mark.slow
def test_pyarrow_does_without_pandas_until_it_is_asked_for():
    subprocess.run([sys.executable, "-c", CODE], check=True)

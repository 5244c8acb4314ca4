"""pyarrow without pandas: it imports pandas by itself if that is installed, for 0.5 s and 40 MB that nobody needs here.

It decides once, at the first conversion of a Python value, whether pandas is there. An explicit `to_pandas()` still
works later: that asks again. Import this module where it is needed; most processes never do.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

__all__ = ["csv", "pa", "pc"]


class _WithoutPandas(MetaPathFinder):
    """Finds no pandas, and leaves every other module to the usual finders."""

    def find_spec(self, fullname: str, _path: Sequence[str] | None, _target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def _decide() -> None:
    refusing = _WithoutPandas()
    sys.meta_path.insert(0, refusing)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(refusing)


_decide()

"""pyarrow without pandas: it imports pandas by itself if that is installed, for 0.5 s and 40 MB that nobody needs here.

It decides once, at the first conversion of a Python value, whether pandas is there. An explicit `to_pandas()` still
works later: that asks again. Import this module where it is needed; most processes never do.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

__all__ = ["csv", "pa", "parquet_file", "pc"]


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


def parquet_file(path: Path) -> "ParquetFile":
    """Return a Parquet file, open; raises pyarrow's errors for what is none."""
    from pyarrow import parquet  # noqa: PLC0415 - few processes need it

    return parquet.ParquetFile(path)

"""pandas and our reading agree on every column of files that both can read: numbers, missing, distinct."""

import io
from typing import Any

import numpy as np
import pandas
import pytest
from data_files import write

from dashboard.data.block_reader import read_blocks
from dashboard.data.bundled import BUNDLED
from dashboard.data.columns import preview
from dashboard.data.detection import detect

pytestmark = pytest.mark.slow

WORDS = ("red", "green", "blue")
GAPS = ("", "NA", "NaN", "null", "#N/A", "N/A", "<NA>", "nan")


def table(delimiter=",", decimal=".", thousands="", quote="", gap=False):
    """Return a text of whole numbers, decimals, large numbers and words, as programs write them."""
    lines = [delimiter.join(("n", "half", "big", "word"))]
    for n in range(200):
        big = f"{(n * 1237) - 5000:,}".replace(",", thousands)
        half = f"{n / 8 - 3:.3f}".rstrip("0").replace(".", decimal)
        cells = [str(n % 17), GAPS[n % 8] if gap and n % 5 == 0 else half, big, WORDS[n * n % 3]]
        lines.append(delimiter.join(f"{quote}{cell}{quote}" for cell in cells))
    return "\n".join(lines) + "\n"


FILES: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": (table(), {}),
    "gaps": (table(gap=True), {}),
    "semicolons, decimal comma": (table(";", ","), {"sep": ";", "decimal": ","}),
    "german": (table(";", ",", "."), {"sep": ";", "decimal": ",", "thousands": "."}),
    "english thousands": (table("\t", ".", ","), {"sep": "\t", "thousands": ","}),
    "quoted thousands": (table(",", ".", ",", '"'), {"thousands": ","}),
    "swiss": (table(";", ".", "'"), {"sep": ";", "thousands": "'"}),
    "single quotes": (table(quote="'"), {"quotechar": "'"}),
    "bars and gaps": (table("|", gap=True), {"sep": "|"}),
    "spaces": (table(" "), {"sep": r"\s+"}),
    "aligned": (pandas.read_csv(io.StringIO(table())).to_string(index=False), {"sep": r"\s+"}),
    "a title": ("Report of March\n\n" + table(), {"skiprows": 1}),
    "comments": ("# made by a logger\n# in 2026\n" + table(), {"comment": "#"}),
    "equal names": (table().replace("half", "n", 1), {}),
    "numbered columns": (table().replace("n,half,big,word", "0,1,2,y"), {}),
    "utf-16": (table("\t").encode("utf-16"), {"sep": "\t", "encoding": "utf-16"}),
    "gbk": (table().replace("red", "红色").replace("blue", "蓝色").encode("gbk"), {"encoding": "gbk"}),
}
FILES |= {sample.name: (sample.path.read_bytes(), {}) for sample in BUNDLED if sample.path.stat().st_size < 200_000}


@pytest.mark.parametrize("kind", FILES)
def test_every_column_is_what_pandas_reads(tmp_path, kind):
    content, options = FILES[kind]
    path = write(tmp_path, content)
    csv_format = detect(path).format
    found = preview(path, csv_format)
    theirs: pandas.DataFrame = pandas.read_csv(path, **options)
    assert found.names == list(theirs.columns)
    assert found.rows == len(theirs)
    blocks = list(read_blocks(path, csv_format, len(found.names)))
    for place, column in enumerate(found.columns):
        expected = theirs.iloc[:, place]
        assert (column.missing, column.distinct) == (expected.isna().sum(), min(expected.nunique(), 1001)), column.name
        assert column.is_numeric == pandas.api.types.is_numeric_dtype(expected)
        if column.is_numeric:
            ours = np.concatenate([block[place].values for block in blocks])
            np.testing.assert_array_equal(ours, expected.to_numpy(np.float64))

"""A Parquet file: its columns as a CSV, a batch of rows at a time."""

from pathlib import Path
from typing import Any

from dashboard.data.cells import MOST_COLUMNS
from dashboard.data.formats.output import Output, refuse

ROWS = 10_000


def recognises(start: bytes) -> bool:
    """Return whether a file is one, by its first bytes."""
    return start.startswith(b"PAR1")


def convert(path: Path, output: Output) -> None:
    """Write its rows below the names of its columns; raises Invalid if it is damaged or has lists within cells."""
    from dashboard.arrow import csv, pa, parquet_file  # noqa: PLC0415 - see its docstring

    try:
        with parquet_file(path) as file:
            schema = file.schema_arrow
            nested = [field.name for field in schema if pa.types.is_nested(field.type)]
            if nested:
                raise refuse(f"The column {nested[0]!r} of the Parquet file holds lists or records, not single values.")
            if len(schema) > MOST_COLUMNS:
                raise refuse(f"The Parquet file has {len(schema):,} columns; {MOST_COLUMNS:,} are the most.")
            output.write(_text(csv, pa, pa.Table.from_batches([], schema), True))
            for batch in file.iter_batches(ROWS):
                output.write(_text(csv, pa, pa.Table.from_batches([batch]), False))
    except (pa.ArrowException, OSError) as error:
        raise refuse(f"The Parquet file cannot be read ({str(error).splitlines()[0][:150]}): save it again.") from error


def _text(csv: Any, pa: Any, rows: Any, header: bool) -> bytes:  # noqa: ANN401 - pyarrow, which is imported late
    sink = pa.BufferOutputStream()
    csv.write_csv(rows, sink, csv.WriteOptions(include_header=header))
    return bytes(sink.getvalue())

"""Writing CSV files for the tests of `dashboard.data`, and reading them all the way."""

import json

from dashboard.data.columns import preview
from dashboard.data.dataset import ingest, open_arrays, parse_spec
from dashboard.data.detection import detect
from dashboard.data.formats import ImportOptions, make_csv
from dashboard.parsing import Fields


def write(folder, text, name="table.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def detect_format(path, header="auto"):
    return detect(path, {"header": header}).format


def look(folder, text, header="auto", encoding="utf-8"):
    path = write(folder, text, encoding=encoding)
    return preview(path, detect_format(path, header))


def choose(found, **choices):
    fields = Fields(choices)
    spec = parse_spec(fields, found)
    fields.done()
    return spec


def make(folder, text, header="auto", **choices):
    """Take a CSV all the way; return (its arrays, its description)."""
    path = write(folder, text)
    spec = choose(preview(path, detect_format(path, header)), **choices)
    arrays_folder = folder / "arrays"
    arrays_folder.mkdir(exist_ok=True)
    description = ingest(path, spec, arrays_folder)
    (arrays_folder / "description.json").write_text(json.dumps(description, allow_nan=False))
    return open_arrays(arrays_folder), description


def converted(folder, body, most, **options):
    """Return (the path, what was taken) of a file that was made a CSV; nothing else may be left in its folder."""
    path = write(folder, body, "token.csv")
    try:
        taken = make_csv(path, most, ImportOptions(**options))
    finally:
        assert [one.name for one in folder.iterdir()] == ["token.csv"]
    return path, taken

"""Files that are no CSV at all, known by their first bytes."""

import codecs

from dashboard.errors import Invalid

SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x04\x22\x4d\x18", "an LZ4 archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1f\x9d", "an archive of compress (.Z)"),
    (b"ARROW1", "an Arrow file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
)
TEXT_STARTS = (
    ("<!doctype", "an HTML page"),
    ("<html", "an HTML page"),
    ("<?xml", "an XML file"),
    ("<svg", "an SVG image"),
    ('{"', "a JSON file"),
    ("[{", "a JSON file"),
    ("[[", "a JSON file"),
)
REMEDY = "Unpack it or save it as CSV (UTF-8), then upload that file."
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def refuse_binary(start: bytes) -> None:
    """Raise Invalid, saying what it is, if the first bytes of a file are of something else than a table of text."""
    for signature, what in SIGNATURES:
        if start.startswith(signature):
            raise Invalid({"file": f"This is not a CSV file but {what}. {REMEDY}"})
    beginning = start.decode("latin-1").lstrip("ï»¿ \t\r\n").lower()
    for text, what in TEXT_STARTS:
        if beginning.startswith(text):
            raise Invalid(
                {"file": f"This is not a CSV file but {what}. Save the table as CSV (UTF-8) and upload that."}
            )
    controls = sum(byte < 32 and byte not in b"\0\1\t\n\r\f\x1b" for byte in start)
    if not start.startswith(UTF_16) and controls > len(start) / 100:
        raise Invalid({"file": f"This is not a CSV file: it holds binary data. {REMEDY}"})

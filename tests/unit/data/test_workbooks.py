"""Excel workbooks made CSV: what cells mean, which sheet is read, and what is damaged, locked or hostile."""

import datetime as dt
import io
import re
import zipfile

import openpyxl
import pytest
from openpyxl.styles import Font

from dashboard.data.formats import workbook_parts
from dashboard.errors import Invalid, TooLarge
from tests.unit.data.data_files import converted, look

MOST = 20_000_000


def workbook(change=None, **sheets):
    """Return the bytes of a workbook of sheets of rows, after `change` was made to it."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    if change:
        change(book)
    whole = io.BytesIO()
    book.save(whole)
    return whole.getvalue()


def rewritten(body, **parts):
    """Return a workbook with the text of some parts, by the end of their names, passed through functions."""
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            text = old.read(entry)
            for name, change in parts.items():
                text = change(text) if entry.filename.endswith(f"/{name}.xml") else text
            new.writestr(entry.filename, text)
    return whole.getvalue()


@pytest.fixture
def read(tmp_path):
    """Return (the CSV, what was taken) of a workbook; nothing else may be left in its folder."""

    def read(body, most=MOST, **options):
        path, taken = converted(tmp_path, body, most, **options)
        return path.read_text(), taken

    return read


ROWS = [["size", "kind"], [1.5, "ash"], [2, "elm"], [3, "ash"]]


def test_cells_become_what_they_mean(read):
    day, moment = dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 14, 30)
    rows = [
        ["day", "moment", "time", "yes", "code", "name", "large", "none"],
        [day, moment, dt.time(8, 5), True, "007", 'a "b", c\nd', 12345678901234, None],
        [day, moment, dt.time(9), False, "008", "e", 1e-7, "#N/A"],
    ]
    text, _ = read(workbook(one=rows))
    assert text.splitlines() == [
        "day,moment,time,yes,code,name,large,none",
        '2026-03-01,2026-03-01T14:30:00,08:05:00,true,007,"a ""b"", c d",12345678901234,',
        "2026-03-01,2026-03-01T14:30:00,09:00:00,false,008,e,1e-07,#N/A",
    ]


def test_errors_are_missing_and_formulas_are_their_last_values(read):
    body = workbook(one=[["a", "b"], [1, 2], [3, 4]])
    error = b'<c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    formula = b'<c r="B2"><f>A3*2</f><v>6</v></c>'
    body = rewritten(
        body,
        sheet1=lambda text: text.replace(b'<c r="A2" t="n"><v>1</v></c>', error).replace(
            b'<c r="B2" t="n"><v>2</v></c>', formula
        ),
    )
    assert read(body)[0] == "a,b\n#N/A,6\n3,4\n"


def test_the_first_visible_sheet_is_read_or_the_one_that_is_named_or_counted(read):
    def hide(book):
        book["notes"].sheet_state = "hidden"

    body = workbook(hide, notes=[["x"]], trees=ROWS, **{"2": [["y", "z"], [1, 2]]})
    text, taken = read(body)
    assert text == "size,kind\n1.5,ash\n2,elm\n3,ash\n"
    assert (taken.options, taken.sheets, taken.sheet) == ({"sheet"}, ("notes", "trees", "2"), "trees")
    assert read(body, sheet="notes")[0] == "x\n"
    assert read(body, sheet="3")[1].sheet == "2"
    assert read(body, sheet="2")[0] == "y,z\n1,2\n"
    with pytest.raises(Invalid, match=r"no sheet 'bushes'\. Choose one of: notes, trees, 2") as refusal:
        read(body, sheet="bushes")
    assert list(refusal.value.errors) == ["sheet"]


def test_titles_gaps_and_formatted_empty_cells_leave_the_table(read, tmp_path):
    def fill(book):
        for place in ("F1", "F9", "A40"):
            book["one"][place].font = Font(bold=True)

    rows = [["Trees of 2026"], [], ["size", "kind", "note"], [1.5, "ash"], [], [2, "elm", "old"], [3, "ash"]]
    text, _ = read(workbook(fill, one=rows))
    assert text == "Trees of 2026\nsize,kind,note\n1.5,ash,\n2,elm,old\n3,ash,\n"
    found = look(tmp_path, text)
    assert (found.names, found.format.skip) == (["size", "kind", "note"], 1)


def test_a_wrong_size_in_the_file_hides_no_cells(read):
    body = rewritten(workbook(one=ROWS), sheet1=lambda text: text.replace(b'ref="A1:B4"', b'ref="A1"'))
    assert read(body)[0] == "size,kind\n1.5,ash\n2,elm\n3,ash\n"


GOOD = workbook(one=ROWS)
STRINGS_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
NAMESPACE = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def shared_strings(strings):
    """Return GOOD with its second row as the places 0 and 1 of a table of texts, as Excel writes them."""
    cells = b'<c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c>'
    second = rb'<c r="A2".*?</c><c r="B2".*?</c>'
    body = rewritten(GOOD, sheet1=lambda text: re.sub(second, cells, text))
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(whole, "w") as new:
        for name in old.namelist():
            override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s" /></Types>' % STRINGS_TYPE
            new.writestr(name, old.read(name).replace(b"</Types>", override))
        new.writestr("xl/sharedStrings.xml", b'<sst xmlns="%s">%s</sst>' % (NAMESPACE, strings))
    return whole.getvalue()


def test_the_texts_of_excel_stand_in_a_table_of_their_own(read):
    strings = b"<si><t>007</t></si><si><r><t>as</t></r><r><t>h</t></r></si>"
    assert read(shared_strings(strings))[0].splitlines()[1] == "007,ash"


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def within(text):
    """Return a change that puts a text before the end of the rows."""
    return lambda whole: whole.replace(b"</sheetData>", text + b"</sheetData>")


HOSTILE = {
    "old form": (OLE, "of the old form"),
    "password": (OLE + "EncryptedPackage".encode("utf-16-le"), "needs a password"),
    "binary": (workbook(one=ROWS).replace(b"xl/workbook.xml", b"xl/workbook.bin"), "binary Excel workbook"),
    "no cells": (workbook(one=[[]]), "The sheet is empty"),
    "cut": (GOOD[:-40], "damaged"),
    "broken XML": (rewritten(GOOD, sheet1=lambda text: text[:-30]), "The workbook is damaged"),
    "a text that is not there": (shared_strings(b"<si><t>one</t></si>"), "damaged"),
    "very many texts": (shared_strings(b"<a/>" * 4_000_001), "holds more than can be"),
    "wrong number": (rewritten(GOOD, sheet1=lambda text: text.replace(b"<v>2</v>", b"<v>two</v>")), "damaged"),
    "entities": (
        rewritten(GOOD, sheet1=lambda text: b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + text),
        "written in an unusual way",
    ),
    "other encoding": (
        rewritten(GOOD, sheet1=lambda text: text.decode().encode("utf-16")), "written in an unusual way"
    ),
    "huge row": (rewritten(GOOD, sheet1=within(b"<row>" + b"<c/>" * 200_001 + b"</row>")), "holds more than can be"),
    "many styles": (
        rewritten(GOOD, styles=lambda text: text.replace(b"</styleSheet>", b"<a/>" * 200_001 + b"</styleSheet>")),
        "holds more than can be",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_refused_in_words(read, name):
    body, words = HOSTILE[name]
    with pytest.raises(Invalid, match=words):
        read(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            rewritten(GOOD, sheet1=within(b'<row r="99999999"><c r="A99999999"><v>1</v></c></row>')),
            "than 1,048,576 rows",
        ),
        (rewritten(GOOD, sheet1=within(b" " * (MOST + 1))), "Unpacked, the workbook is larger than"),
    ],
    ids=["far row", "bomb"],
)
def test_what_would_be_too_much_is_given_up(read, body, words):
    with pytest.raises(TooLarge, match=words):
        read(body)


def test_rows_of_many_pieces_are_counted_apart(monkeypatch, tmp_path):
    monkeypatch.setattr(workbook_parts, "PIECE", 64)
    monkeypatch.setattr(workbook_parts, "MOST_OTHER_TAGS", 60)
    path = tmp_path / "book"
    path.write_bytes(workbook(one=[[1, 2]] * 50))
    with zipfile.ZipFile(path) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
        workbook_parts._check_part(archive, sheet)
        monkeypatch.setattr(workbook_parts, "ROW_END", re.compile(b"never"))
        with pytest.raises(Invalid):
            workbook_parts._check_part(archive, sheet)


def test_a_far_cell_that_makes_every_row_wide_is_given_up(read):
    far = b'<row r="401"><c r="XFD401"><v>1</v></c></row>'
    with pytest.raises(TooLarge, match="Unpacked, the file is larger than 500,000 bytes"):
        read(rewritten(workbook(one=ROWS * 100), sheet1=within(far)), most=500_000)

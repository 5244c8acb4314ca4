import numpy as np
import pytest
from data_files import detect_format, look, make, write

from dashboard.data.columns import preview
from dashboard.data.csv_format import CsvFormat
from dashboard.data.gap_costs import gap_costs
from dashboard.errors import Invalid

MIXED = "height,colour,id,empty,label\n1.5,red,a1,,0\n2.5,blue,a2,NA,1\n?,red,a3,-,0\n3.5,red,a4,,1\n"


def test_a_column_of_numbers_is_described_by_its_numbers(tmp_path):
    column = look(tmp_path, MIXED).column("height")
    assert (column.kind, column.missing, column.distinct, column.whole) == ("numeric", 1, 3, False)
    assert (column.low, column.high, column.mean) == (1.5, 3.5, 2.5)
    assert column.std == pytest.approx(np.std([1.5, 2.5, 3.5]))
    assert column.examples == ("1.5", "2.5", "3.5")


def test_a_column_of_words_is_described_by_its_words(tmp_path):
    column = look(tmp_path, MIXED).column("colour")
    assert (column.kind, column.missing, column.distinct, column.low, column.mean) == ("categorical", 0, 2, None, None)
    assert column.examples == ("red", "blue")


def test_a_column_without_values_is_suggested_to_be_ignored(tmp_path):
    column = look(tmp_path, MIXED).column("empty")
    assert (column.kind, column.missing, column.distinct, column.low) == ("ignore", 4, 0, None)


def test_words_that_differ_in_every_row_are_suggested_to_be_ignored(tmp_path):
    rows = "".join(f"name{i},{i % 2}\n" for i in range(30))
    assert look(tmp_path, "who,label\n" + rows).column("who").kind == "ignore"


def test_one_word_among_numbers_is_named_wherever_it_stands(tmp_path):
    rows = "1,2\n" * 1_500_000 + "1,many\n"  # several blocks
    column = look(tmp_path, rows).columns[1]
    assert (column.kind, column.distinct, column.low, column.words) == ("numeric", 1, 2.0, 1)
    assert column.odd == "1,500,000 numbers and 1 other: 'many' in row 1,500,001"


def test_words_that_come_back_among_few_numbers_are_categories(tmp_path):
    column = look(
        tmp_path, "a,y\n" + "".join(f"{row % 7},{['2', '4', '5more'][row % 3]}\n" for row in range(60))
    ).columns[1]
    assert (column.kind, column.odd, column.low) == ("categorical", "", None)


def rows_of(*columns):
    """Return a CSV of columns, each a name and a function of the row, with 40 rows."""
    lines = [",".join(name for name, _ in columns)]
    return "\n".join([*lines, *(",".join(str(of(row)) for _, of in columns) for row in range(40))]) + "\n"


NOISE = ("x", lambda row: row * 7 % 11 + 0.5)
LABEL = ("label", lambda row: "ab"[row % 2])


@pytest.mark.parametrize(
    ("name", "of", "reason"),
    [
        ("", lambda row: row, "It numbers the rows: 0, 1, 2 …"),
        ("Unnamed: 0", lambda row: row + 1, "It numbers the rows: 1, 2, 3 …"),
        ("PassengerId", lambda row: row * 17 % 997, "It is an id by its name, and most rows have one of their own."),
        ("batch", lambda row: 7, "All its cells are the same: 7."),
        ("city", lambda row: "Rome", "All its cells are the same: Rome."),
        ("deck", lambda row: "" if row % 4 else "C", "30 of its 40 cells are missing, more than half."),
        ("owner", lambda row: f"n{row * 7 % 29}", "It has 29 different words in 40 rows: names or ids."),
        (
            "zip",
            lambda row: f"0{row % 36 + 1000}",
            "It holds codes or ids such as 01000, and most rows have one of their own.",
        ),
        ("note", lambda row: "", "It is empty."),
    ],
)
def test_what_cannot_help_is_ignored_with_the_reason(tmp_path, name, of, reason):
    column = look(tmp_path, rows_of((name, of), NOISE, LABEL), header="yes").columns[0]
    assert (column.kind, column.reason) == ("ignore", reason)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("height", lambda row: row),
        ("hour", lambda row: row % 24),
        ("id", lambda row: row % 3),
        ("flag", lambda row: "yn"[row % 2]),
    ],
)
def test_what_may_help_is_an_input(tmp_path, name, of):
    assert look(tmp_path, rows_of((name, of), NOISE, LABEL)).columns[0].kind != "ignore"


@pytest.mark.parametrize(
    ("words", "truths"),
    [
        (("yes", "no"), ("no", "yes")),
        (("TRUE", "False", "true"), ("False", "TRUE")),
        (("Y", "N", ""), ("N", "Y")),
        (("f", "t"), ("f", "t")),
        (("On", "off"), ("off", "On")),
    ],
)
def test_two_words_for_yes_and_no_are_one_input(tmp_path, words, truths):
    column = look(tmp_path, rows_of(("flag", lambda row: words[row % len(words)]), NOISE, LABEL)).columns[0]
    assert (column.kind, column.truths) == ("boolean", truths)
    no, yes = truths
    assert column.reason == f"It says whether or not: '{no}' is 0 and '{yes}' is 1, one input instead of two."


@pytest.mark.parametrize("words", [("yes", "true"), ("yes", "no", "maybe"), ("n", "yes"), ("male", "female")])
def test_other_words_stay_categories(tmp_path, words):
    column = look(tmp_path, rows_of(("flag", lambda row: words[row % len(words)]), NOISE, LABEL)).columns[0]
    assert (column.kind, column.truths) == ("categorical", ())


def test_a_target_of_yes_and_no_has_two_classes_of_its_own_words(tmp_path):
    arrays, about = make(tmp_path, "a,bought\n1,Yes\n2,No\n3,Yes\n4,No\n")
    assert (about["task"], arrays.classes, arrays.booleans) == ("classification", ["No", "Yes"], {})


def test_codes_are_categories_with_the_reason(tmp_path):
    column = look(tmp_path, rows_of(("code", lambda row: f"00{row % 5}"), NOISE, LABEL)).columns[0]
    assert (column.kind, column.distinct) == ("categorical", 5)
    assert column.reason == "It holds codes such as 000: as numbers they would lose their spelling."


@pytest.mark.parametrize(
    ("of", "missing"),
    [
        (lambda row: ["None", "mild", "severe"][row % 3], 0),
        (lambda row: ["none", "mild", ""][row % 3], 27),
        (lambda row: ["NA", "EU", "AS"][row % 3], 0),
        (lambda row: ["NA", "Europe", "Asia"][row % 3], 14),
        (lambda row: "+-"[row % 2], 0),
        (lambda row: ["null", "b"][row % 2], 20),
    ],
)
def test_a_word_for_missing_is_a_category_where_that_is_likely(tmp_path, of, missing):
    column = look(tmp_path, rows_of(("level", of), NOISE, LABEL)).columns[0]
    assert column.missing == missing
    assert ("is a category here" in column.reason) == (missing == 0)


@pytest.mark.parametrize("words", [".", "..", "--", "—", "unknown", "#DIV/0!", "\\N", "* inf NaT"])
def test_words_among_numbers_stand_for_missing_and_it_is_said(tmp_path, words):
    some = words.split()
    column = look(
        tmp_path, rows_of(("a", lambda row: row * 1.5 if row % 4 else some[row % 3 % len(some)]), LABEL)
    ).columns[0]
    assert (column.kind, column.missing, column.numbers) == ("numeric", 10, 30)
    assert (
        column.reason
        == f"{', '.join(map(repr, sorted(map(str.lower, some))))} is taken as missing, as the other cells are numbers."
    )


@pytest.mark.parametrize("word", ["<0.1", "5o.25"])
def test_words_that_may_be_numbers_with_a_fault_do_not_stand_for_missing(tmp_path, word):
    column = look(tmp_path, rows_of(("a", lambda row: row * 1.5 if row % 4 else word), LABEL)).columns[0]
    assert (column.kind, column.missing) == ("ignore", 0)


def test_a_code_na_stays_a_code_next_to_empty_cells(tmp_path):
    column = look(tmp_path, rows_of(("iso", lambda row: ["NA", "DE", "", "ZA"][row % 4]), NOISE, LABEL)).columns[0]
    assert (column.distinct, column.missing) == (3, 10)


@pytest.mark.parametrize("negative", ["({}.25)", "{}.25-", "{}.25 -", "\u2212{}.25", "($1,{}.25)", "-${}.25"])
def test_negative_numbers_of_accounts_are_numbers(tmp_path, negative):
    table = rows_of(("gain", lambda row: f'"{negative.format(row + 100)}"' if row % 2 else f"{row}.5"), LABEL)
    column = look(tmp_path, table).columns[0]
    assert (column.kind, column.numbers, column.words, column.high) == ("numeric", 40, 0, 38.5)
    assert column.low == -139.25 - 1000 * ("1," in negative)


def test_marks_of_schools_are_no_negative_numbers(tmp_path):
    column = look(tmp_path, rows_of(("mark", lambda row: ["1", "2-", "3"][row % 3]), NOISE, LABEL)).columns[0]
    assert (column.kind, column.distinct) == ("categorical", 3)


def test_shuffled_row_numbers_without_a_name_are_ignored(tmp_path):
    shuffled = rows_of(("", lambda row: row * 7 % 40), NOISE, LABEL)
    column = look(tmp_path, shuffled).columns[0]
    assert (column.kind, column.reason[:31]) == ("ignore", "It is an id of rows, as the hea")
    assert look(tmp_path, shuffled.partition("\n")[2]).columns[0].kind == "numeric"


def test_two_last_columns_with_a_word_in_common_are_a_question(tmp_path):
    sizes = [(name, lambda row: row * 3 % 11 + 0.5) for name in ("area", "Heating Load", "Cooling Load")]
    assert "'Cooling Load' or 'Heating Load'" in look(tmp_path, rows_of(NOISE, *sizes)).guess.question
    plain = [("load size", lambda row: row * 3 % 11 + 0.5), *sizes]
    assert look(tmp_path, rows_of(NOISE, *plain)).guess.question == ""


def test_what_missing_values_cost_is_counted(tmp_path):
    size = ("size", lambda row: "" if row % 8 == 0 else row)
    tone = ("tone", lambda row: "" if row == 1 else "dark")
    kind = ("label", lambda row: "c" if row in (0, 8) else "ab"[row % 2])
    path = write(tmp_path, rows_of(size, tone, NOISE, kind))
    kinds = {"size": "numeric", "tone": "categorical", "x": "numeric"}

    def cost(**changes):
        return gap_costs(path, preview(path, detect_format(path)), "label", kinds | changes, "classification")

    assert cost() == (40, [("size", 5), ("tone", 1)], ["size"], 6, ["c"])
    assert cost(size="ignore") == (40, [("tone", 1)], [], 1, [])
    assert cost(size="ignore", tone="ignore") is None


@pytest.mark.parametrize("text", ["$1,{:03}.50", "{} €", "{} %", "USD {}"])
def test_numbers_with_a_sign_are_numbers_and_it_is_said(tmp_path, text):
    column = look(tmp_path, rows_of(NOISE, ("price", lambda row: '"' + text.format(row) + '"'))).columns[1]
    assert (column.kind, column.distinct, column.reading.strip) == ("numeric", 40, True)
    assert "without their sign" in column.reason


def test_numbers_written_in_two_ways_are_one_value(tmp_path):
    assert look(tmp_path, "a,b\n1,2\n1.0,3\n+1,4\n").column("a").distinct == 1


def test_codes_are_as_many_as_their_spellings(tmp_path):
    assert look(tmp_path, "a,b\n7,2\n07,3\n007,4\n").column("a").distinct == 3
    ids = "".join(f"{9187643043065364481 + row},{row % 3}\n" for row in range(40))
    assert look(tmp_path, "a,b\n" + ids).column("a").distinct == 40


def test_more_than_a_thousand_different_values_are_counted_as_1001(tmp_path):
    found = look(tmp_path, "a,b\n" + "".join(f"{i},{i % 1000}\n" for i in range(3000)))
    assert [column.distinct for column in found.columns] == [1001, 1000]


def test_first_rows_are_shown_as_they_are_written(tmp_path):
    found = look(tmp_path, 'a,b\n" 1.50 ","x\ny"\n2,=1+1\n')
    assert found.first_rows == [[" 1.50 ", "x\ny"], ["2", "=1+1"]]
    assert found.rows == 2


def test_without_a_header_columns_are_numbered(tmp_path):
    assert look(tmp_path, "1,2,3\n4,5,6\n").names == ["column_1", "column_2", "column_3"]


def test_a_nameless_column_is_numbered_and_a_formula_is_just_a_name(tmp_path):
    assert look(tmp_path, "=cmd|' /C calc'!A0,,c\n1,2,3\n4,5,6\n").names == ["=cmd|' /C calc'!A0", "column_2", "c"]


def test_empty_lines_quoted_line_ends_and_old_line_ends_are_read(tmp_path):
    assert look(tmp_path, '\n\n"a\nb",c\n\n1,2\n\n3,4\n\n').rows == 2
    assert look(tmp_path, '\n\n"a\nb",c\n\n1,2\n').names == ["a b", "c"]
    assert look(tmp_path, "a,b\r1,2\r3,4\r").rows == 2
    assert look(tmp_path, "a,b\n1,2\n3,4").rows == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_letters_are_read_in_every_encoding(tmp_path, encoding):
    found = look(tmp_path, "größe;naïve\n1;é\n2;ü\n3;é\n", encoding=encoding)
    assert found.names == ["größe", "naïve"]
    assert found.column("naïve").examples == ("é", "ü")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n4,5\n", "Line 3 has 1 fields where the first line has 2"),
        ("a,b\n1,2\n3,4,5\n", "Line 3 has 3 fields where the first line has 2"),
        ('a,b\n"x\ny",2\n\n3,4\n5,6,7\n', "Line 6 has 3 fields"),
        ("a,b\n", "a header but no rows"),
        ("a,b", "a header but no rows"),
        ("a," + "b" * 201 + "\n1,2\n", "The name of column 2 has 201 characters; at most 200"),
        ('a,b\n1,2\n3,"4\n5,6\n', "The quote that is opened in line 3 is never closed"),
        (",".join(["1"] * 20_001) + "\n", "20,001 columns; at most 20,000"),
    ],
)
def test_a_file_that_is_no_whole_table_is_refused_naming_what_is_wrong(tmp_path, text, message):
    with pytest.raises(Invalid) as refusal:
        look(tmp_path, text)
    assert message in refusal.value.message


@pytest.mark.slow
def test_a_ragged_row_far_behind_the_beginning_is_named_by_its_line(tmp_path):
    row = "1,2." + "0" * 100 + "\n"  # long ones: what lies far behind is behind the first block of bytes
    with pytest.raises(Invalid, match=r"Line 80,001 has 3 fields"):
        look(tmp_path, row * 80_000 + "1,2,3\n")


@pytest.mark.slow
def test_a_row_that_never_ends_is_refused(tmp_path):
    with pytest.raises(Invalid, match=r"quote that is opened in line 3 is never closed|Line 3 .* look at its quotes"):
        look(tmp_path, 'a,b\n1,2\n3,"' + ("x" * 99 + "\n") * 60_000)


@pytest.mark.parametrize("count", [4_000, pytest.param(20_000, marks=pytest.mark.soak)])
@pytest.mark.slow
def test_twenty_thousand_columns_are_possible(tmp_path, count):
    found = look(tmp_path, (",".join(["1"] * count) + "\n") * 2)
    assert len(found.columns) == count


def test_a_wrong_correction_of_the_format_is_refused_with_the_remedy(tmp_path):
    path = write(tmp_path, "a,b\n1,é\n", encoding="cp1252")
    with pytest.raises(Invalid, match="choose another encoding"):
        preview(path, CsvFormat(encoding="utf-8"))
    with pytest.raises(Invalid, match="choose another encoding"):
        preview(path, CsvFormat(encoding="utf-16"))
    with pytest.raises(Invalid, match="only one column"):
        preview(path, CsvFormat(delimiter=";", encoding="cp1252"))


def test_an_undecodable_byte_behind_the_first_rows_is_refused_too(tmp_path):
    path = write(tmp_path, b"1,2\n" * 300_000 + b"1,\xe9\n")
    with pytest.raises(Invalid, match="choose another encoding"):
        preview(path, CsvFormat(header=False))


PIXELS = "".join(f"{row % 10}," + ",".join(str(row * pixel % 251) for pixel in range(64)) + "\n" for row in range(40))


@pytest.mark.parametrize(
    ("text", "target", "task"),
    [
        ("a,Label,c\n1,0,2\n2,1,3\n", "Label", "classification"),
        ("a,b,species\n1,2,cat\n2,3,dog\n", "species", "classification"),
        ("a,b\n1,0.5\n2,0.7\n3,0.9\n", "b", "regression"),
        ("a,b\n" + "".join(f"{i},{i * 7}\n" for i in range(50)), "b", "regression"),
        ("x1,x2,xor\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n", "xor", "classification"),
        (PIXELS, "column_1", "classification"),
        (
            "survived,class,alive,alone\n" + "1,First,yes,no\n0,Third,no,no\n1,First,yes,yes\n" * 9,
            "survived",
            "classification",
        ),
        (
            "method,mass,year\n" + "".join(f"{'ab'[i % 2]},{i * 1.5},{1990 + i % 30}\n" for i in range(60)),
            "method",
            "classification",
        ),
        ("x,z,price\n" + "".join(f'{i},{i % 3},"$1,{i:03}.00"\n' for i in range(60)), "price", "regression"),
    ],
)
def test_target_and_task_are_guessed(tmp_path, text, target, task):
    found = look(tmp_path, text)
    assert found.suggested_target == target
    assert found.suggested_task(target) == task


def test_the_file_s_name_may_be_that_of_its_target(tmp_path):
    text = "mpg,cylinders,origin\n" + "".join(f"{i * 1.5},{i % 3},{'ab'[i % 2]}\n" for i in range(60))
    path = write(tmp_path, text)
    assert preview(path, detect_format(path), stem="mpg").guess[:2] == ("mpg", "the file has its name")
    path = write(tmp_path, text.replace("mpg", "tip"))
    assert preview(path, detect_format(path), stem="tips").guess[:2] == ("tip", "the file has its name")


def test_a_second_target_is_no_input_and_the_choice_is_a_question(tmp_path):
    found = look(tmp_path, "a,b,y1,y2\n" + "".join(f"{i % 7},{i % 5},{i},{i * 2}\n" for i in range(60)))
    assert "'y2' or 'y1'" in found.guess.question
    assert found.suggested_kinds("y2")["y1"] == ("ignore", "It is a second target by its name, next to 'y2'.")
    assert found.suggested_kinds("y1")["y2"][0] == "ignore"
    alive = "survived,age,alive\n" + "1,5,yes\n0,6,no\n1,7,yes\n" * 20
    same = look(tmp_path, alive).suggested_kinds("survived")["alive"]
    assert same == ("ignore", "It says the same as the target 'survived' in other words.")
    plain = look(tmp_path, "x1,x2,x3\n" + "".join(f"{i},{i % 5},{i * 2}\n" for i in range(60)))
    assert plain.guess.question == ""
    assert {kind for kind, _ in plain.suggested_kinds("x3").values()} == {"numeric"}


def test_the_shape_of_pictures_is_guessed_from_their_pixels(tmp_path):
    assert look(tmp_path, PIXELS).suggested_image_shape("column_1") == (8, 8)
    assert look(tmp_path, PIXELS.replace("\n", ",1.5\n")).suggested_image_shape("column_1") is None
    assert look(tmp_path, "a,b,c,d,y\n1,2,3,4,0\n5,6,7,8,1\n").suggested_image_shape("y") is None

"""A CSV of records is answered as each record by itself is, its own cells untouched."""

import csv
import io
from datetime import date

import numpy as np
import pytest

from tests.unit.services.saved_versions import new_network, save, zeros
from tests.unit.services.used_versions import ROWS, mixed_version, table

VERSION = "/api/v1/networks/mixed/versions/1"


@pytest.fixture
def mixed(client, workspace):
    mixed_version(workspace)
    return client


def answered(client, content, **fields):
    """Return the answered file, as it was sent."""
    content = content if isinstance(content, bytes) else content.encode()
    return client.post(f"{VERSION}/predict.csv", data={"file": (io.BytesIO(content), "mine.csv")} | fields)


def cells(content, **how):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), **how))


def records():
    return list(csv.DictReader(io.StringIO(table())))


def test_a_file_is_answered_cell_by_cell_as_each_record_is(mixed):
    lines = answered(mixed, table()).decode().splitlines()
    assert lines[0] == "when,size,weight,member,colour,grade,label,prediction,score,problem"
    assert [line.rsplit(",", 3)[0] for line in lines] == table().splitlines()
    alone = [mixed.post(f"{VERSION}/predict", json={"rows": [records()[row]]})["answers"][0] for row in (0, 9, 50)]
    every = mixed.post(f"{VERSION}/predict", json={"rows": records()})["answers"]
    assert (alone, len(every)) == ([every[row] for row in (0, 9, 50)], ROWS)
    for one, line in zip(every, lines[1:], strict=True):
        label, score, problem = line.rsplit(",", 3)[1:]
        assert (label.removeprefix("'"), float(score), problem) == (one["label"], one["scores"][one["label"]], "")
        assert label.startswith("'") == one["label"].startswith("=")  # no spreadsheet takes it for a formula


def test_answers_equal_a_forward_pass_from_the_downloaded_tables(mixed):
    about = mixed.get(VERSION)["preprocessing"]
    tables = {
        name: np.loadtxt(
            io.StringIO(mixed.get(f"{VERSION}/tensors/{name}.csv?header=no").decode()), delimiter=",", ndmin=2
        )
        for name in ("layer_01.weight", "layer_01.bias", "layer_02.weight", "layer_02.bias")
    }
    inputs = []
    for record in records():
        days = (date.fromisoformat(record["when"]) - date(2024, 1, 1)).days  # which is a Monday
        year, month, number = (int(part) for part in record["when"].split("-"))
        parts = {"year": year, "month": month, "day": number, "weekday": days % 7, "hour": 0, "days": days}
        values = {f"when.{name}": float(value) for name, value in parts.items()}
        values |= {"size": float(record["size"]), "member": float(record["member"] == "yes")}
        values |= {"weight": float(record["weight"])} if record["weight"] else {}
        row = [values.get(one["name"], one["fill"]) * one["scale"] + one["offset"] for one in about["numeric"]]
        row += [float(record[one["name"]] == level) for one in about["categorical"] for level in one["levels"]]
        inputs.append(row + [float(not record[name]) for name in about["indicators"]])
    hidden = np.maximum(np.array(inputs) @ tables["layer_01.weight"] + tables["layer_01.bias"].ravel(), 0)
    sums = hidden @ tables["layer_02.weight"] + tables["layer_02.bias"].ravel()
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    scores = powers / powers.sum(axis=1, keepdims=True)
    rows = cells(answered(mixed, table()))[1:]
    assert np.allclose([float(row[8]) for row in rows], scores.max(axis=1), atol=1e-5)
    assert [row[7].removeprefix("'") for row in rows] == [about["classes"][code] for code in scores.argmax(axis=1)]


def test_a_record_has_the_same_bytes_alone_and_in_any_file(mixed):
    header, *lines = table().splitlines(keepends=True)
    whole = answered(mixed, table()).splitlines(keepends=True)[1:]
    for row in (0, 17, ROWS - 1):
        assert answered(mixed, header + lines[row]).splitlines(keepends=True)[1:] == [whole[row]]
    turned = answered(mixed, header + "".join(lines[::-1])).splitlines(keepends=True)[1:]
    assert turned == whole[::-1]
    quoted = header + "".join(lines[:20]) + lines[20].replace("2024", '"2024', 1).replace(",", '",', 1)
    assert [line.split(b",")[7:] for line in answered(mixed, quoted).splitlines()[1:]] == [
        line.rstrip().split(b",")[7:] for line in whole[:21]
    ]


def test_whole_numbers_up_to_255_have_the_answers_that_they_have_as_other_numbers(client, workspace):
    kinds = {"when": "ignore", "size": "numeric", "weight": "numeric", "member": "categorical", "colour": "categorical"}
    mixed_version(workspace, kinds=kinds | {"grade": "categorical"})
    header, *_ = table().splitlines()
    rows = ["x,1,10,yes,red,9,low", "x,255,,no,blue,9.0,low", "1,2", "x,,0,no,red,9,low", "x,7,0,no,pink,8,high"]
    pixels = answered(client, "\n".join([header, *rows])).splitlines()
    numbers = answered(client, "\n".join([header, *rows, "x,0.5,1,no,red,9,low"])).splitlines()
    quoted = answered(client, "\n".join([header, *rows, 'x,"1",1,no,red,9,low'])).splitlines()
    assert pixels[1:6] == numbers[1:6] == quoted[1:6]
    assert [bool(line.split(b",")[-3]) for line in pixels[1:3]] == [True, True]
    for words, line in zip([b"has 2 cells", b"size is missing", b"colour is 'pink'"], pixels[3:6], strict=True):
        assert words in line


def test_records_that_cannot_be_read_have_no_answer_and_say_why(mixed):
    header, first, second, *_ = table().splitlines()
    content = "\n".join([header, first, "1,2", second.replace("2024", "x"), "", second]) + "\n"
    rows = cells(answered(mixed, content))
    assert len(rows) == 5
    assert [bool(row[-3]) for row in rows[1:]] == [True, False, False, True]
    assert rows[2] == ["1", "2", "", "", "The record has 2 cells, and there are 7 columns."]
    assert "which is not a date with the year first." in rows[3][-1]
    whole = answered(mixed, "\n".join([header, first, second])).splitlines()
    assert answered(mixed, content).splitlines()[1] == whole[1]
    with_quotes = cells(answered(mixed, content.replace("1,2\n", '"1",2\n')))
    assert with_quotes[2] == rows[2]


def other_form(records, names, delimiter=";", decimal=","):
    rows = [[record[name].replace(".", decimal) for name in names] for record in records]
    return "\r\n".join(delimiter.join(row) for row in [names, *rows]) + "\r\n"


def test_other_forms_of_a_file_have_the_same_answers(mixed):
    names = ["grade", "colour", "member", "shoe", "weight", "size", "when"]
    some = [record | {"shoe": "Größe"} for record in records()[:30]]
    expected = [row[7:9] for row in cells(answered(mixed, table()))[1:31]]
    german = other_form(some, names)
    for encoding in ("utf-8", "utf-8-sig", "cp1252"):
        sent = mixed.fetch(
            "POST", f"{VERSION}/predict.csv", data={"file": (io.BytesIO(german.encode(encoding)), "g.csv")}
        )
        assert sent.headers["Weightbase-Passed-Over"] == "shoe"
        text = sent.data.decode(encoding)
        assert [line.rsplit(";", 3)[0] for line in text.splitlines()] == german.splitlines()
        assert text.count("\r\n") == 31
        rows = [line.split(";")[-3:-1] for line in text.splitlines()[1:]]
        assert [[label, score.replace(",", ".")] for label, score in rows] == expected
    wide = answered(mixed, german.encode("utf-16")).decode().splitlines()
    assert [row.split(";")[-3] for row in wide[1:]] == [label for label, _ in expected]
    bare = "".join(line for line in table().splitlines(keepends=True)[1:31])
    assert [row[7:9] for row in cells(answered(mixed, bare, header="no"))] == expected
    inputs_only = "".join(line.rpartition(",")[0] + "\n" for line in bare.splitlines())
    assert [row[6:8] for row in cells(answered(mixed, inputs_only, header="no"))] == expected


def test_a_column_of_answers_that_is_there_already_gets_a_number(mixed):
    again = answered(mixed, answered(mixed, table()))
    assert cells(again)[0][-3:] == ["prediction.1", "score.1", "problem.1"]


@pytest.mark.parametrize(
    ("content", "fields", "field", "words"),
    [
        ("", {}, "file", "empty"),
        ("size,colour\n1,red\n", {}, "file", "it lacks 'when', 'weight', 'member', 'grade'"),
        (table(), {"delimiter": "?"}, "delimiter", "Choose one of"),
        (table(), {"sheet": "1"}, "sheet", "Unknown field"),
        ("1,2,3\n4,5,6\n", {"header": "no"}, "file", "Send a header with their names."),
        (b"\x00\x01\x02\x03" * 40, {}, "file", ""),
    ],
)
def test_a_file_that_cannot_be_answered_is_refused_before_anything_is_sent(mixed, content, fields, field, words):
    content = content if isinstance(content, bytes) else content.encode()
    data = {"file": (io.BytesIO(content), "mine.csv")} | fields
    error = mixed.fails("POST", f"{VERSION}/predict.csv", 422, data=data)
    assert error["field"] == field
    assert words in error["message"]


def test_no_file_and_a_version_without_columns_are_refused_and_nothing_stays(mixed, workspace):
    mixed.fails("POST", f"{VERSION}/predict.csv", 415, json={})
    network = new_network(workspace)
    save(workspace, network, zeros(network))
    sent = {"file": (io.BytesIO(b"a,b\n1,2\n"), "mine.csv")}
    mixed.fails("POST", "/api/v1/networks/small/versions/1/predict.csv", 409, data=sent)
    answered(mixed, table())
    assert list(workspace.uploads_folder.iterdir()) == []

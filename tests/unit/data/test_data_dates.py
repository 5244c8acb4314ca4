"""Dates as text: their order, proven or asked, and the numbers that they become."""

from datetime import date

import numpy as np
import pytest
from data_files import choose, look, make

from dashboard.data.dates import moment, possible_orders
from dashboard.data.preprocessing import Preprocessing, encode, fit
from dashboard.errors import Invalid

NEW_YEARS_EVE = date(2024, 12, 31).toordinal()
NOISE = ["a", "b"]


@pytest.mark.parametrize(
    ("text", "orders", "time"),
    [
        ("2024-12-31", ("year",), 0),
        ("2024/12/31", ("year",), 0),
        ("31/12/2024", ("day",), 0),
        ("31.12.2024", ("day",), 0),
        ("31.12.24", ("day",), 0),
        ("12/31/2024", ("month",), 0),
        ("24-12-31", ("year", "day"), 0),
        ("2024-12-31 10:00", ("year",), 10),
        ("2024-12-31T10:00:00Z", ("year",), 10),
        ("2024-12-31T12:00:00.000+02:00", ("year",), 10),
        ("12/31/2024 10:00:00 PM", ("month",), 22),
        ("31 Dec 2024", ("year",), 0),
        ("31-Dec-24", ("year",), 0),
        ("Dec 31, 2024", ("year",), 0),
        ("Tuesday, December 31st, 2024", ("year",), 0),
        ("31/Dec/2024:10:00:00 +0000", ("year",), 10),
    ],
)
def test_a_date_is_read_however_it_is_written(text, orders, time):
    assert possible_orders([text]) == orders
    own = moment(text, orders[0])
    assert own[:4] == (2024, 12, 31, 1)
    assert own.days == NEW_YEARS_EVE + time / 24


@pytest.mark.parametrize("text", ["31/02/2024", "2024-13-01", "1-2-3", "12-1234", "10:30", "a 2024-12-31", "3/4"])
def test_what_is_no_date_is_none(text):
    assert possible_orders([text]) == ()


def test_the_day_before_the_month_is_proven_by_one_cell_or_open():
    assert possible_orders(["03/04/2024", "05/06/2024"]) == ("day", "month")
    assert possible_orders(["03/04/2024", "25/06/2024"]) == ("day",)
    assert possible_orders(["03/04/2024", "06/25/2024"]) == ("month",)
    assert possible_orders(["25/06/2024", "06/25/2024"]) == ()
    assert possible_orders(["2024-01", "2024-02"]) == ("year",)
    assert possible_orders(["01/2024", "Mar 2024"]) == ("year",)


def rows(cells):
    lines = "".join(f"{cell},{place % 7}.5,{NOISE[place % 2]}\n" for place, cell in enumerate(cells))
    return f"when,x,label\n{lines}"


DAYS = [f"{day:02d}/03/2024" for day in range(1, 25)]


@pytest.mark.parametrize(
    ("cells", "kind", "reason"),
    [
        (DAYS, "ignore", "It holds dates such as '13/03/2024', day first. Ignored, unless you choose number parts."),
        (
            ["2024-01-05", "2024-02-05"] * 9,
            "categorical",
            "It holds dates such as '2024-01-05', year first. Taken as categories, unless you choose number parts.",
        ),
        (
            ["03/04/2024", "04/04/2024"] * 9,
            "categorical",
            "It holds dates such as '03/04/2024', day first or month first: no cell says which. "
            "Taken as categories, unless you choose number parts.",
        ),
    ],
)
def test_a_column_of_dates_stays_what_it_was_and_it_is_said_what_it_holds(tmp_path, cells, kind, reason):
    column = look(tmp_path, rows(cells)).columns[0]
    assert (column.kind, column.reason) == (kind, reason)


def test_dates_become_the_parts_that_vary_and_days_since_the_first(tmp_path):
    cells = ["31/12/2023 06:00", "01/01/2024 18:00", "", "02/01/2024 06:00"]
    arrays, about = make(tmp_path, rows(cells), kinds={"when": "date"}, missing="impute")
    parts = ["when.year", "when.month", "when.day", "when.weekday", "when.hour", "when.days"]
    assert about["inputs"] == [*parts, "x"]
    assert arrays.inputs[0].tolist() == [2023, 12, 31, 6, 6, 0.25, 0.5]
    assert arrays.inputs[1].tolist() == [2024, 1, 1, 0, 18, 1.75, 1.5]
    assert np.isnan(arrays.inputs[2, :6]).all()
    assert [column["missing"] for column in about["columns"]] == [1] * 6 + [0]
    preprocessing = fit(arrays, np.arange(4), "standard")
    assert preprocessing.columns == {"when": "date", "x": "numeric"}
    assert Preprocessing.from_json(preprocessing.to_json()) == preprocessing


def test_parts_that_never_vary_are_left_out(tmp_path):
    _, about = make(tmp_path, rows(DAYS), kinds={"when": "date"})
    assert about["inputs"] == ["when.day", "when.weekday", "when.days", "x"]


def test_missing_dates_have_one_mark_or_cost_their_rows(tmp_path):
    cells = ["" if place % 4 == 0 else day for place, day in enumerate(DAYS)]
    arrays, about = make(tmp_path, rows(cells), kinds={"when": "date"})
    assert about["inputs"] == ["when.day", "when.weekday", "when.days", "x", "when is missing"]
    inputs = encode(arrays, fit(arrays, np.arange(24), "none"), np.dtype(float)).inputs
    assert inputs[:5, 4].tolist() == [1, 0, 0, 0, 1]
    assert inputs[0, 2] == np.median([place - 1 for place in range(24) if place % 4])
    (tmp_path / "dropped").mkdir()
    _, about = make(tmp_path / "dropped", rows(cells), kinds={"when": "date"}, missing="drop")
    assert (about["rows"], about["dropped"]) == (18, 6)


@pytest.mark.parametrize(
    ("cells", "choices", "field", "said"),
    [
        (["03/04/2024", "04/04/2024", "05/04/2024"], {}, "dates.when", "day first (day) or month first (month)"),
        (DAYS, {"dates": {"when": "month"}}, "dates.when", "choose day first (day)"),
        (["a", "b", "c"], {}, "kinds.when", "other cells than dates such as 2024-12-31"),
        (DAYS, {"dates": {"then": "day"}}, "dates.then", "There is no column 'then'"),
    ],
)
def test_what_nobody_can_know_of_dates_is_refused_with_the_question(tmp_path, cells, choices, field, said):
    found = look(tmp_path, rows(cells))
    with pytest.raises(Invalid) as refusal:
        choose(found, kinds={"when": "date"}, **choices)
    assert said in refusal.value.errors[field]


def test_an_answer_says_what_stands_first(tmp_path):
    arrays, _ = make(tmp_path, rows(["03/04/2024", "05/04/2024"] * 3), kinds={"when": "date"}, dates={"when": "month"})
    assert arrays.inputs[:2, arrays.numeric.index("when.month")].tolist() == [3, 5]


def test_a_cell_behind_those_that_were_looked_at_is_named_by_its_line(tmp_path):
    days = [date.fromordinal(NEW_YEARS_EVE + place).isoformat() for place in range(2_500)]
    found = look(tmp_path, rows([*days, "soon"]))
    assert found.columns[0].dates == ("year",)
    with pytest.raises(Invalid, match="Line 2,502 of 'when' holds 'soon', not a date with the year first"):
        make(tmp_path, rows([*days, "soon"]), kinds={"when": "date"})

import json

import numpy as np
import pytest
from data_files import choose, detect_format, look, make, write
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.data.column_readings import column_choices
from dashboard.data.columns import preview
from dashboard.data.dataset import DatasetSpec, ingest
from dashboard.data.growing import GrowingMatrix, narrowest
from dashboard.errors import Invalid
from dashboard.parsing import Fields

IRIS = "length,width,species\n1.5,2,setosa\n2.5,3,virginica\n3.5,4,setosa\n4.5,5,virginica\n"
GAPS = "size,colour,label\n1,red,a\n,blue,b\n3,,a\n4,red,b\n5,blue,a\n"

FINITE = st.floats(-1e38, 1e38)
INTEGERS = st.integers(-(2**53), 2**53).map(float)
BYTES = st.integers(0, 255).map(float)


def columns_of(numbers):
    rows = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=40)
    return rows.map(np.array)


@pytest.mark.slow
@settings(deadline=None)
@given(columns_of(FINITE) | columns_of(INTEGERS) | columns_of(BYTES))
def test_what_is_typed_is_what_is_stored(tmp_path_factory, numbers):
    text = "a,b,label\n" + "".join(f"{a!r},{b!r},{row % 2}\n" for row, (a, b) in enumerate(numbers.tolist()))
    arrays, description = make(tmp_path_factory.mktemp("set"), text)
    np.testing.assert_array_equal(arrays.inputs.astype(np.float64), numbers)
    assert np.array_equal(np.signbit(arrays.inputs.astype(np.float64)), np.signbit(numbers))
    assert description["rows"] == len(numbers)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ("0 255", np.uint8),
        ("0 256", np.int16),
        ("-1 255", np.int16),
        ("0 32768", np.float64),
        ("0.5 1", np.float64),
        ("-0.0 1", np.float64),
        ("1.0 2e0", np.uint8),
    ],
)
def test_inputs_are_stored_in_the_narrowest_exact_dtype(tmp_path, values, dtype):
    first, second = values.split()
    arrays, _ = make(tmp_path, f"x,y\n{first},a\n{second},b\n{first},a\n")
    assert arrays.inputs.dtype == dtype
    assert arrays.inputs[:, 0].tolist() == [float(first), float(second), float(first)]


@pytest.mark.slow
def test_a_late_fraction_widens_what_was_written_before(tmp_path):
    rows = 1_200_000  # several blocks of text
    arrays, _ = make(tmp_path, "x,y\n" + "".join(f"{row % 200},{row % 2}\n" for row in range(rows)) + "0.5,1\n")
    assert arrays.inputs.dtype == np.float64
    np.testing.assert_array_equal(arrays.inputs[:rows, 0], np.arange(rows) % 200)
    assert arrays.inputs[rows, 0] == 0.5
    np.testing.assert_array_equal(arrays.target, [*(np.arange(rows) % 2), 1])


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 255.0, -1.0, 300.0, 0.25, np.nan]), min_size=1, max_size=12), st.integers(1, 5))
def test_a_growing_matrix_holds_what_was_appended_however_it_was_cut(tmp_path_factory, values, step):
    path = tmp_path_factory.mktemp("matrix") / "m.npy"
    with GrowingMatrix(path, 1) as matrix:
        for start in range(0, len(values), step):
            matrix.append(np.array(values[start : start + step])[:, np.newaxis])
    stored = np.load(path)
    np.testing.assert_array_equal(stored.astype(np.float64)[:, 0], values)
    assert stored.dtype == narrowest(np.array(values))


def test_arrays_are_mapped_and_read_only(tmp_path):
    arrays, _ = make(tmp_path, IRIS)
    assert isinstance(arrays.inputs, np.memmap)
    assert not arrays.inputs.flags.writeable


def test_a_dataset_is_described_in_plain_values(tmp_path):
    arrays, about = make(tmp_path, IRIS, validation=0.25, test=0.25)
    assert json.loads(json.dumps(about)) == about
    assert (about["rows"], about["dropped"], about["task"], about["target"]) == (4, 0, "classification", "species")
    assert (about["classes"], about["balance"]) == (["setosa", "virginica"], {"setosa": 2, "virginica": 2})
    assert about["inputs"] == ["length", "width"]
    assert sum(about["split"].values()) == 4
    assert about["columns"][0] == {
        **{"name": "length", "kind": "numeric", "missing": 0, "distinct": 4},
        **{"low": 1.5, "high": 4.5, "mean": 3.0, "std": pytest.approx(np.std([1.5, 2.5, 3.5, 4.5]))},
    }
    assert about["first_columns"] == ["length", "width", "species"]
    assert about["first_rows"][0] == ["1.5", "2", "setosa"]
    assert arrays.target.tolist() == [0, 1, 0, 1]


def test_rows_with_gaps_are_dropped_and_counted(tmp_path):
    arrays, about = make(tmp_path, GAPS, missing="drop")
    assert (about["rows"], about["dropped"]) == (3, 2)
    assert arrays.inputs[:, 0].tolist() == [1, 4, 5]
    assert arrays.gaps == frozenset()


def test_gaps_that_shall_be_filled_stay_marked_in_the_arrays(tmp_path):
    arrays, about = make(tmp_path, GAPS, missing="impute")
    assert (about["rows"], about["dropped"]) == (5, 0)
    np.testing.assert_array_equal(arrays.inputs[:, 0], [1, np.nan, 3, 4, 5])
    assert arrays.levels == [["blue", "red"]]
    assert arrays.categories[:, 0].tolist() == [1, 0, -1, 1, 0]
    assert arrays.gaps == {"size", "colour"}
    assert [(column["name"], column["missing"]) for column in about["columns"]] == [("size", 1), ("colour", 1)]


def test_a_gap_in_an_ignored_column_drops_nothing(tmp_path):
    arrays, about = make(tmp_path, GAPS, missing="drop", kinds={"colour": "ignore"})
    assert (about["rows"], about["dropped"], arrays.categorical) == (4, 1, [])
    assert arrays.categories.shape == (4, 0)


def test_a_dataset_may_have_categories_only(tmp_path):
    arrays, about = make(tmp_path, "c,y\nred,1\nblue,2\nred,1\nblue,2\n")
    assert (arrays.inputs.shape, about["inputs"]) == ((4, 0), ["c=blue", "c=red"])


def test_numbers_taken_as_categories_are_ordered_by_value(tmp_path):
    arrays, about = make(tmp_path, "c,y\n10,a\n9,b\n9.0,a\n100,b\n", kinds={"c": "categorical"})
    assert about["inputs"] == ["c=9", "c=10", "c=100"]
    assert arrays.categories[:, 0].tolist() == [1, 0, 0, 2]


def test_classes_that_are_numbers_are_ordered_by_value(tmp_path):
    arrays, about = make(tmp_path, "x,y\n1,10\n2,9\n3,9.0\n4,-1\n", task="classification")
    assert about["classes"] == ["-1", "9", "10"]
    assert arrays.target.tolist() == [2, 1, 1, 0]


def test_codes_keep_their_spelling_as_category_and_as_class(tmp_path):
    codes = ["007", "07", "7", "001E01", "9187643043065364481", "9187643043065364482"]
    text = "code,x,y\n" + "".join(f"{code},{row},{row % 2}\n" for row, code in enumerate(codes))
    arrays, about = make(tmp_path, text, kinds={"code": "categorical"}, target="y")
    assert about["levels"] == [["007", "07", "7", "001E01", *codes[4:]]]
    assert arrays.categories[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert make(tmp_path, text, target="code", task="classification")[1]["classes"] == about["levels"][0]


def test_decimal_commas_are_numbers(tmp_path):
    arrays, _ = make(tmp_path, "x;y\n1,5;2,5\n-2,25;1,5\n3;7,5\n")
    assert arrays.inputs[:, 0].tolist() == [1.5, -2.25, 3.0]
    assert arrays.target.tolist() == [2.5, 1.5, 7.5]


def test_a_regression_keeps_its_target_and_describes_it(tmp_path):
    arrays, about = make(tmp_path, "x,y\n1,0.5\n2,1.5\n3,2.5\n")
    assert (about["task"], about["classes"], about["balance"]) == ("regression", [], {})
    assert arrays.target.dtype == np.float64
    assert (about["target_statistics"]["low"], about["target_statistics"]["mean"]) == (0.5, 1.5)


def test_a_target_is_chosen_by_name_or_by_index_from_0(tmp_path):
    found = look(tmp_path, "a,b,0\n1,2,3\n4,5,6\n", header="yes")
    assert choose(found, target="b").target == "b"
    assert choose(found, target="1").target == "b"
    assert choose(found, target=1).target == "b"
    assert choose(found, target="0").target == "0"  # a column has this name


def test_what_is_not_chosen_is_suggested(tmp_path):
    spec = choose(look(tmp_path, IRIS), name="flowers")
    assert (spec.target, spec.task, spec.kinds) == (
        "species",
        "classification",
        {"length": "numeric", "width": "numeric"},
    )
    assert (spec.missing, spec.validation, spec.test, spec.seed, spec.image_shape) == ("median", 0.1, 0.1, 1, None)


def test_choices_survive_json(tmp_path):
    pixels = "".join(f"{row % 2}," + ",".join(str(row * p % 251) for p in range(64)) + "\n" for row in range(40))
    spec = choose(look(tmp_path, pixels))
    assert spec.image_shape == (8, 8)
    assert DatasetSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@pytest.mark.parametrize("shape", ["1x2", "1 × 2", [1, 2], "1,2"])
def test_an_image_shape_may_be_written_in_several_ways(tmp_path, shape):
    assert choose(look(tmp_path, IRIS), image_shape=shape).image_shape == (1, 2)


def test_pixels_of_three_colours_are_known_by_their_names_or_said(tmp_path):
    names = [f"{y}x{x}.{colour}" for y in (1, 2) for x in (1, 2) for colour in ("red", "green", "blue")]
    rows = [f"{'ab'[row % 2]}," + ",".join(str(row * place % 251) for place in range(12)) for row in range(40)]
    named = look(tmp_path, "\n".join([",".join(["label", *names]), *rows]))
    spec = choose(named)
    assert (spec.target, spec.image_shape) == ("label", (2, 2, 3))
    assert DatasetSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    plain = look(tmp_path, "\n".join(rows))
    assert choose(plain).image_shape is None
    assert choose(plain, image_shape="2 x 2 x 3", target="column_1").image_shape == (2, 2, 3)


MANY = "x,y,z\n" + "".join(f"w{i},{i},{i % 2}\n" for i in range(1001))


@pytest.mark.parametrize(
    ("text", "choices", "field", "message"),
    [
        (IRIS, {"target": "petal"}, "target", "There is no column 'petal'. Choose one of: length, width, species."),
        (IRIS, {"target": "3"}, "target", "There is no column '3'"),
        (IRIS, {"target": "width", "task": "rank"}, "task", "Choose one of: classification, regression."),
        (IRIS, {"task": "regression"}, "task", "not a number everywhere: choose classification"),
        (IRIS, {"kinds": {"leaf": "numeric"}}, "kinds.leaf", "There is no column 'leaf'."),
        (IRIS, {"kinds": {"width": "text"}}, "kinds.width", "Choose one of: numeric, boolean, categorical, "),
        (IRIS, {"kinds": {"length": "ignore", "width": "ignore"}}, "kinds", "keep at least one"),
        (GAPS, {"kinds": {"colour": "numeric"}}, "kinds.colour", "take it as categorical, or ignore it"),
        (MANY, {"kinds": {"x": "categorical"}}, "kinds.x", "more than 1,000 categories"),
        (MANY, {"target": "y", "task": "classification"}, "target", "more than 1,000 classes"),
        (IRIS, {"missing": "guess"}, "missing", "Choose one of: median, impute, drop."),
        (IRIS, {"validation": "0.95"}, "validation", "Give a number from 0 to 0.9."),
        (IRIS, {"validation": 0.5, "test": 0.5}, "validation", "leave at least 5 % for training"),
        (IRIS, {"seed": -1}, "seed", "Give a whole number"),
        (IRIS, {"image_shape": "2x2"}, "image_shape", "2 x 2 is 4 pixels, but there are 2 numeric inputs"),
        (IRIS, {"image_shape": "1x2x3"}, "image_shape", "1 x 2 x 3 is 6 colours of pixels, but there are 2"),
        (IRIS, {"image_shape": "1x2x4"}, "image_shape", "such as 28x28"),
        (IRIS, {"image_shape": "big"}, "image_shape", "such as 28x28"),
        (IRIS, {"colour": "red"}, "colour", "Unknown field 'colour'"),
        ("x,y\n1,a\n2,a\n3,a\n", {"purpose": "training"}, "target", "one class only (a)"),
        ("x,y\n1,\n2,\n3,NA\n", {"target": "y"}, "target", "has no values"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused_at_its_field(tmp_path, text, choices, field, message):
    with pytest.raises(Invalid) as refusal:
        choose(look(tmp_path, text), **choices)
    assert message in refusal.value.errors[field]


@pytest.mark.parametrize("missing", ["drop", "impute"])
def test_a_target_with_gaps_is_refused_unless_its_rows_are_dropped(tmp_path, missing):
    text = 'x,y\n1,a\n"2\n2",b\n\n3,\n4,b\n5,?\n'
    with pytest.raises(Invalid) as refusal:
        make(tmp_path, text, missing=missing)
    assert refusal.value.errors == {
        "odd.y": "The target 'y' is missing in 2 of 5 rows: drop these rows (odd), fill in the gaps, or choose another "
        "target."
    }
    arrays, description = make(tmp_path, text, missing=missing, odd={"y": "drop"})
    assert (description["rows"], description["dropped"], list(arrays.target)) == (3, 2, [0, 1, 1])


@pytest.mark.parametrize(
    ("text", "choices", "field", "message"),
    [
        ("x,y\n1,a\n,b\n3,a\n4,a\n", {"missing": "drop"}, "target", "one class only (a) in the rows that are kept"),
        ("x,y\n1,a\n,b\n,a\n4,b\n", {"missing": "drop"}, "missing", "Only 2 of 4 rows are left"),
        (
            "x,y\n1,a\n2,b\n",
            {"purpose": "training"},
            "file",
            "Only 2 of 2 rows are left; 3 are the fewest possible: add rows.",
        ),
        ("x,y\n1,2.5\n2,2.5\n3,2.5\n", {"task": "regression", "purpose": "training"}, "target", "2.5 in every row"),
    ],
)
def test_what_is_too_little_to_learn_from_is_refused_and_leaves_nothing(tmp_path, text, choices, field, message):
    with pytest.raises(Invalid) as refusal:
        make(tmp_path, text, **choices)
    assert message in refusal.value.errors[field]
    assert list((tmp_path / "arrays").iterdir()) == []


ODD = "income,label\n" + "".join(f"{row}.5,{'xy'[row % 2]}\n" for row in range(40)) + "5o.25,x\n"


def test_an_odd_cell_is_a_question_that_names_it(tmp_path):
    with pytest.raises(Invalid) as refusal:
        choose(look(tmp_path, ODD))
    assert "40 numbers and 1 other: '5o.25' in line 42" in refusal.value.errors["odd.income"]
    arrays, about = make(tmp_path, ODD, odd={"income": "missing"})
    assert (about["rows"], about["columns"][0]["missing"], np.isnan(arrays.inputs[40, 0])) == (41, 1, True)
    assert make(tmp_path, ODD, odd={"income": "drop"})[1]["rows"] == 40
    assert len(make(tmp_path, ODD, kinds={"income": "categorical"})[1]["levels"][0]) == 41


def test_a_row_without_a_number_to_predict_can_be_dropped(tmp_path):
    text = "x,price\n" + "".join(f"{row % 7},{row}.5\n" for row in range(40)) + "3,free\n"
    with pytest.raises(Invalid, match="'free' in line 42"):
        choose(look(tmp_path, text))
    with pytest.raises(Invalid, match="must not be missing"):
        choose(look(tmp_path, text), odd={"price": "missing"})
    assert make(tmp_path, text, odd={"price": "drop"})[1]["rows"] == 40


def test_whole_numbers_that_would_merge_are_refused_as_numbers(tmp_path):
    text = "id,x,label\n" + "".join(f"{9187643043065364481 + row % 3},{row},{'xy'[row % 2]}\n" for row in range(40))
    with pytest.raises(Invalid, match="would merge"):
        choose(look(tmp_path, text), kinds={"id": "numeric"})
    assert choose(look(tmp_path, text)).kinds["id"] == "categorical"


def test_the_words_for_missing_can_be_chosen_for_the_file_and_for_a_column(tmp_path):
    text = "level,size,label\n" + "".join(
        f"{['none', 'low', 'x', 'high', 'low'][row % 5]},{row},{'ab'[row % 2]}\n" for row in range(30)
    )
    path = write(tmp_path, text)
    given = column_choices(Fields({"missing_words": "none, X", "column_words": "size: 7"}))
    seen = preview(path, detect_format(path), given)
    assert (seen.column("level").missing, seen.column("size").missing) == (12, 1)
    spec = choose(seen)
    assert (spec.missing_words, spec.column_words) == (("", "none", "x"), {"size": ("", "7")})
    assert DatasetSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    (tmp_path / "arrays").mkdir()
    about = ingest(path, spec, tmp_path / "arrays")
    assert [column["missing"] for column in about["columns"]] == [12, 1]


def test_a_spec_of_before_keeps_its_words_for_missing(tmp_path):
    stored = choose(look(tmp_path, IRIS)).to_json()
    for name in ("missing_words", "column_words", "strip", "odd"):
        del stored[name]
    spec = DatasetSpec.from_json(stored)
    assert spec.reading("length").words == ("", "na", "n/a", "nan", "null", "none", "?", "-")


def test_a_file_that_changed_since_it_was_looked_at_is_refused_by_its_line(tmp_path):
    spec = choose(look(tmp_path, IRIS))
    path = write(tmp_path, IRIS.replace("3.5", "tall"))
    (tmp_path / "arrays").mkdir()
    with pytest.raises(Invalid) as refusal:
        ingest(path, spec, tmp_path / "arrays")
    assert "Line 4 of 'length' holds 'tall', not a number" in refusal.value.errors["kinds.length"]
    assert list((tmp_path / "arrays").iterdir()) == []

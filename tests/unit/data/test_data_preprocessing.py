import json

import numpy as np
import pytest
from data_files import make
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.data.preprocessing import Preprocessing, encode, fit
from dashboard.errors import Invalid
from dashboard.services.dataset_records import record_values

FLOAT64 = np.dtype(np.float64)
NUMBERS = "a,b,label\n0,-10,x\n5,0,y\n10,10,x\n100,90,y\n"
GAPS = "size,colour,label\n1,red,x\n,blue,y\n3,,x\n8,red,y\n100,blue,x\n"
FIRST_THREE = np.arange(3)


def seen(arrays, preprocessing):
    encoded = encode(arrays, preprocessing, FLOAT64)
    return encoded.inputs * encoded.scale + encoded.offset


def in_own_unit(targets, preprocessing):
    return (targets[:, 0] - preprocessing.target_offset) / preprocessing.target_scale


@pytest.mark.parametrize(
    ("scaling", "column_a", "column_b"),
    [
        ("none", [0, 5, 10, 100], [-10, 0, 10, 90]),
        ("minmax", [0, 0.5, 1, 10], [0, 0.5, 1, 5]),
        ("book", [0.01, 0.505, 1, 9.91], [0.01, 0.505, 1, 4.96]),
        ("standard", np.array([-5, 0, 5, 95]) / np.std([0, 5, 10]), np.array([-10, 0, 10, 90]) / np.std([-10, 0, 10])),
    ],
)
def test_a_scaling_is_fitted_on_the_training_rows_alone(tmp_path, scaling, column_a, column_b):
    arrays, _ = make(tmp_path, NUMBERS)
    inputs = seen(arrays, fit(arrays, FIRST_THREE, scaling))
    np.testing.assert_allclose(inputs[:, 0], column_a)
    np.testing.assert_allclose(inputs[:, 1], column_b, atol=1e-12)


def test_what_lies_outside_the_training_rows_changes_nothing(tmp_path):
    (tmp_path / "other").mkdir()
    first, _ = make(tmp_path, NUMBERS)
    second, _ = make(tmp_path / "other", NUMBERS.replace("100,90,y", "7,-3,y"))
    for scaling in ("none", "book", "minmax", "standard"):
        assert fit(first, FIRST_THREE, scaling) == fit(second, FIRST_THREE, scaling)


PICTURES = "".join(f"{row % 2}," + ",".join(str((row * p) % 251) for p in range(64)) + "\n" for row in range(40))


def test_pixels_share_one_scale_and_stay_bytes(tmp_path):
    arrays, _ = make(tmp_path, PICTURES)
    encoded = encode(arrays, fit(arrays, np.arange(40), "book"), np.dtype(np.float32))
    assert encoded.inputs is arrays.inputs
    assert encoded.inputs.dtype == np.uint8
    assert (encoded.scale, encoded.offset) == (pytest.approx(0.99 / arrays.inputs.max()), 0.01)


def test_columns_of_their_own_range_have_their_own_scale(tmp_path):
    arrays, _ = make(tmp_path, NUMBERS)
    encoded = encode(arrays, fit(arrays, FIRST_THREE, "minmax"), np.dtype(np.float32))
    assert encoded.inputs is arrays.inputs
    np.testing.assert_allclose(encoded.scale, [0.1, 0.05])
    np.testing.assert_allclose(encoded.offset, [0, 0.5])


@pytest.mark.parametrize(("scaling", "value"), [("none", 7), ("book", 0.01 + 0.99), ("minmax", 0), ("standard", 0)])
def test_a_constant_column_does_not_divide_by_zero(tmp_path, scaling, value):
    arrays, _ = make(tmp_path, "a,b,label\n7,0.5,x\n7,1.5,y\n7,2.5,x\n")
    np.testing.assert_allclose(seen(arrays, fit(arrays, FIRST_THREE, scaling))[:, 0], value)


@pytest.mark.parametrize(("scaling", "low", "high"), [("book", 0.01, 0.99), ("standard", 0.0, 1.0), ("none", 0.0, 1.0)])
def test_the_books_targets_are_a_little_off_0_and_1(tmp_path, scaling, low, high):
    arrays, _ = make(tmp_path, NUMBERS)
    preprocessing = fit(arrays, FIRST_THREE, scaling)
    assert (preprocessing.low, preprocessing.high) == (low, high)


def test_gaps_are_filled_with_what_the_training_rows_say_and_that_is_recorded(tmp_path):
    arrays, _ = make(tmp_path, GAPS, missing="impute")
    preprocessing = fit(arrays, np.array([0, 1, 2, 3]), "none")
    size, colour = preprocessing.numeric[0], preprocessing.categorical[0]
    assert (size.fill, size.may_miss, colour.fill, colour.may_miss) == (4.0, True, "red", True)
    assert preprocessing.inputs == ["size", "colour=blue", "colour=red"]
    assert seen(arrays, preprocessing).tolist() == [[1, 0, 1], [4, 1, 0], [3, 0, 1], [8, 0, 1], [100, 1, 0]]


OFTEN = "size,colour,label\n" + "".join(
    f"{'' if row % 4 == 0 else row * row},{'' if row % 5 == 0 else 'red'},{'xy'[row % 2]}\n" for row in range(40)
)


def test_frequent_gaps_are_filled_with_the_median_and_marked(tmp_path):
    arrays, about = make(tmp_path, OFTEN)
    assert about["inputs"] == ["size", "colour=red", "size is missing", "colour is missing"]
    preprocessing = fit(arrays, np.arange(30), "none")
    assert preprocessing.inputs == about["inputs"]
    known = [row * row for row in range(30) if row % 4]
    assert preprocessing.numeric[0].fill == np.median(known)
    inputs = seen(arrays, preprocessing)
    assert inputs[:5, 0].tolist() == [np.median(known), 1, 4, 9, np.median(known)]
    assert inputs[:6, 2].tolist() == [1, 0, 0, 0, 1, 0]
    assert inputs[:6, 3].tolist() == [1, 0, 0, 0, 0, 1]
    assert Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json()))) == preprocessing


def test_records_without_gaps_have_marks_of_0(tmp_path):
    arrays, _ = make(tmp_path, OFTEN)
    preprocessing = fit(arrays, np.arange(40), "standard")
    (tmp_path / "other").mkdir()
    whole = "".join(f"{row},red,{'xy'[row % 2]}\n" for row in range(40))
    other, _ = make(tmp_path / "other", "size,colour,label\n" + whole, kinds={"colour": "categorical"})
    assert seen(other, preprocessing)[:, 2:].max() == 0


def test_what_was_trained_before_there_were_marks_is_read_as_it_was(tmp_path):
    arrays, about = make(tmp_path, OFTEN, missing="impute")
    assert about["inputs"] == ["size", "colour=red"]
    preprocessing = fit(arrays, np.arange(40), "none")
    assert preprocessing.numeric[0].fill == pytest.approx(np.nanmean(arrays.inputs[:, 0]))
    old = preprocessing.to_json()
    del old["indicators"]
    assert Preprocessing.from_json(old) == preprocessing


def test_a_matrix_that_must_be_made_is_made_in_the_dtype_of_the_training(tmp_path):
    arrays, _ = make(tmp_path, GAPS, missing="impute")
    encoded = encode(arrays, fit(arrays, FIRST_THREE, "standard"), np.dtype(np.float32))
    assert (encoded.inputs.dtype, encoded.scale, encoded.offset) == (np.float32, 1.0, 0.0)


def test_a_preprocessing_survives_json(tmp_path):
    arrays, _ = make(tmp_path, GAPS, missing="impute")
    preprocessing = fit(arrays, FIRST_THREE, "book")
    assert Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json()))) == preprocessing


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=3, max_size=20, unique=True),
    st.sampled_from(["none", "book", "minmax", "standard"]),
)
def test_a_regressions_answers_are_in_the_targets_own_unit(tmp_path_factory, values, scaling):
    text = "x,y\n" + "".join(f"{row},{value!r}\n" for row, value in enumerate(values))
    arrays, _ = make(tmp_path_factory.mktemp("regression"), text, task="regression")
    preprocessing = fit(arrays, np.arange(len(values) - 1), scaling)
    targets = encode(arrays, preprocessing, FLOAT64).targets
    assert targets.shape == (len(values), 1)
    np.testing.assert_allclose(in_own_unit(targets, preprocessing), values, rtol=1e-6, atol=1e-3)


@pytest.mark.parametrize(("scaling", "low", "high"), [("minmax", 0, 1), ("book", 0.01, 0.99)])
def test_a_regressions_targets_lie_where_a_sigmoid_can_reach_them(tmp_path, scaling, low, high):
    arrays, _ = make(tmp_path, "x,y\n1,10.5\n2,20\n3,30\n")
    targets = encode(arrays, fit(arrays, FIRST_THREE, scaling), FLOAT64).targets
    assert (targets.min(), targets.max()) == (pytest.approx(low), pytest.approx(high))


def test_a_constant_training_target_is_still_read_back(tmp_path):
    arrays, _ = make(tmp_path, "x,y\n1,2.5\n2,2.5\n3,2.5\n4,9\n", task="regression")
    preprocessing = fit(arrays, FIRST_THREE, "standard")
    assert in_own_unit(encode(arrays, preprocessing, FLOAT64).targets, preprocessing).tolist() == [2.5, 2.5, 2.5, 9]


def test_another_dataset_is_read_with_the_versions_own_preprocessing(tmp_path):
    (tmp_path / "other").mkdir()
    arrays, _ = make(tmp_path, GAPS.replace("blue", "green"), missing="impute")
    other, _ = make(tmp_path / "other", "size,colour,label\n2,green,y\n4,pink,x\n6,red,y\n")
    encoded = encode(other, fit(arrays, FIRST_THREE, "none"), FLOAT64)
    assert encoded.inputs.tolist() == [[2, 1, 0], [4, 0, 0], [6, 0, 1]]
    assert encoded.targets.tolist() == [1, 0, 1]


def test_a_dataset_of_other_columns_or_classes_is_refused(tmp_path):
    arrays, _ = make(tmp_path, NUMBERS)
    preprocessing = fit(arrays, FIRST_THREE, "none")
    for name, text, message in (
        ("columns", "a,label\n1,x\n2,y\n3,x\n", "it lacks 'b'. Choose a dataset with the same names."),
        (
            "more columns",
            NUMBERS.replace("label", "c,label").replace(",x", ",1,x").replace(",y", ",2,y"),
            "it has 'c' besides",
        ),
        ("words", "a,b,label\n1,u,x\n2,v,y\n3,u,x\n", "reads 'b' as numbers, and the dataset has 'u' in it"),
        ("classes", NUMBERS.replace(",y", ",z"), "does not know these classes of the dataset: 'z'"),
        ("task", "a,b,label\n1,2,0.5\n3,4,1.5\n5,6,2.5\n", "does not know these classes of the dataset: '0.5'"),
    ):
        (tmp_path / name).mkdir()
        other, _ = make(tmp_path / name, text)
        with pytest.raises(Invalid, match=message):
            encode(other, preprocessing, FLOAT64)


MIXED = "size,code,colour,label\n1,1,red,x\n2,2,blue,y\n3,1,red,x\n4,2,blue,y\n"


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("colour,label,code,size\nred,x,1,1\nblue,y,2,2\nred,x,1,3\nblue,y,2,4\n", {"kinds": {"code": "categorical"}}),
        (MIXED, {"kinds": {"code": "numeric"}}),
        (MIXED, {"kinds": {"code": "numeric", "size": "categorical"}}),
    ],
)
def test_columns_are_matched_by_name_whatever_their_order_and_kind(tmp_path, text, choices):
    (tmp_path / "other").mkdir()
    arrays, _ = make(tmp_path, MIXED, kinds={"code": "categorical"})
    preprocessing = fit(arrays, np.arange(4), "standard")
    other, _ = make(tmp_path / "other", text, **choices)
    assert seen(other, preprocessing).tolist() == seen(arrays, preprocessing).tolist()
    assert encode(other, preprocessing, FLOAT64).targets.tolist() == [0, 1, 0, 1]


TRUTHS = "size,smoker,label\n1,yes,x\n2,no,y\n3,,x\n4,Yes,y\n"


def test_yes_and_no_are_one_input_of_0_or_1_whatever_the_scaling(tmp_path):
    arrays, about = make(tmp_path, TRUTHS)
    preprocessing = fit(arrays, np.arange(4), "book")
    assert about["inputs"] == preprocessing.inputs == ["size", "smoker"]
    assert about["booleans"] == {"smoker": ["no", "yes"]}
    assert seen(arrays, preprocessing)[:, 1].tolist() == [1.0, 0.0, 1.0, 1.0]
    assert Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json()))) == preprocessing
    assert [record_values(arrays, row)["smoker"] for row in range(4)] == ["yes", "no", None, "yes"]


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ("7,yes,x\n", {"smoker": "boolean"}),
        ("7,YES,x\n", {"smoker": "categorical"}),
        ("7,1,x\n", {"smoker": "numeric"}),
        ("7,true,x\n", {"smoker": "boolean"}),
    ],
)
def test_yes_is_read_as_the_version_reads_it_whatever_its_kind(tmp_path, rows, kinds):
    (tmp_path / "other").mkdir()
    arrays, _ = make(tmp_path, TRUTHS)
    other, _ = make(tmp_path / "other", f"size,smoker,label\n{rows}", kinds=kinds)
    assert seen(other, fit(arrays, np.arange(4), "none")).tolist() == [[7, 1]]


def test_a_version_from_before_has_its_two_inputs_also_where_the_dataset_has_one(tmp_path):
    (tmp_path / "other").mkdir()
    arrays, _ = make(tmp_path, "size,smoker,label\n1,Yes,x\n2,No,y\n3,No,y\n", kinds={"smoker": "categorical"})
    other, about = make(tmp_path / "other", TRUTHS)
    assert about["inputs"] == ["size", "smoker"]
    assert seen(other, fit(arrays, FIRST_THREE, "none"))[:, 1:].tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("cells", "kind", "said"), [("2\n1", "numeric", "has 2"), ("maybe\nno", "categorical", "maybe")]
)
def test_what_says_neither_yes_nor_no_is_refused_by_a_version_that_reads_so(tmp_path, cells, kind, said):
    (tmp_path / "other").mkdir()
    arrays, _ = make(tmp_path, TRUTHS)
    rows = "".join(f"7,{cell},x\n" for cell in cells.split())
    other, _ = make(tmp_path / "other", f"size,smoker,label\n{rows}", kinds={"smoker": kind}, purpose="evaluation")
    with pytest.raises(Invalid, match=said):
        seen(other, fit(arrays, np.arange(4), "none"))


def test_one_record_with_fewer_levels_and_one_class_is_read_as_the_version_reads_it(tmp_path):
    (tmp_path / "other").mkdir()
    arrays, _ = make(tmp_path, MIXED, kinds={"code": "categorical"})
    preprocessing = fit(arrays, np.arange(4), "none")
    other, about = make(tmp_path / "other", "size,code,colour,label\n7,2,red,y\n", kinds={"colour": "categorical"})
    assert about["split"] == {"train": 1, "validation": 0, "test": 0}
    encoded = encode(other, preprocessing, FLOAT64)
    assert (encoded.inputs.tolist(), encoded.targets.tolist()) == ([[7, 0, 1, 0, 1]], [1])


def test_a_file_without_names_is_matched_by_place(tmp_path):
    (tmp_path / "other").mkdir()
    arrays, _ = make(tmp_path, NUMBERS)
    preprocessing = fit(arrays, FIRST_THREE, "none")
    other, _ = make(tmp_path / "other", "x,1,2\ny,3,4\nx,5,6\n", header="no", target="0")
    assert seen(other, preprocessing).tolist() == [[1, 2], [3, 4], [5, 6]]


def test_a_target_of_few_whole_numbers_serves_a_regression(tmp_path):
    (tmp_path / "other").mkdir()
    arrays, _ = make(tmp_path, "a,b,y\n1,2,0.5\n3,4,1.5\n5,6,2.5\n", task="regression")
    preprocessing = fit(arrays, FIRST_THREE, "none")
    other, about = make(tmp_path / "other", "a,b,y\n1,2,1\n3,4,2\n")
    assert about["task"] == "classification"
    assert encode(other, preprocessing, FLOAT64).targets.tolist() == [[1], [2]]

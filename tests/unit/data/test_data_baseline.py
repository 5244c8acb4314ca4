"""The baseline's scores equal those of scikit-learn's dummies on the same records."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as theirs
from sklearn.dummy import DummyClassifier, DummyRegressor

from dashboard.data.baseline import baseline_scores, constant_answer

CODES = st.lists(st.integers(0, 3), min_size=1, max_size=30).map(np.array)


@given(CODES, CODES)
def test_the_most_frequent_class_scores_what_scikit_learns_dummy_does(train, test):
    scores = baseline_scores(test, constant_answer(train, 4))
    records = np.zeros((len(test), 1))
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((len(train), 1)), train)
    answers = dummy.predict(records)
    macro = theirs.precision_recall_fscore_support(
        test, answers, labels=np.unique(test), average="macro", zero_division=0
    )
    assert scores["accuracy"] == theirs.accuracy_score(test, answers)
    assert [scores["precision"], scores["recall"], scores["f1"]] == pytest.approx(macro[:3])
    with warnings.catch_warnings(action="ignore"):  # of answers without records
        assert scores["balanced_accuracy"] == pytest.approx(theirs.balanced_accuracy_score(test, answers))


def test_the_mean_scores_what_scikit_learns_dummy_does():
    train, test = np.array([1.0, 2.0, 6.0]), np.array([2.0, 2.5, 9.0])
    answers = DummyRegressor().fit(np.zeros((3, 1)), train).predict(np.zeros((3, 1)))
    assert baseline_scores(test, constant_answer(train, 0)) == pytest.approx(
        {
            "rmse": theirs.root_mean_squared_error(test, answers),
            "mae": theirs.mean_absolute_error(test, answers),
            "r2": theirs.r2_score(test, answers),
        }
    )


def test_equal_targets_have_no_r2():
    assert "r2" not in baseline_scores(np.array([2.0, 2.0]), constant_answer(np.array([1.0, 3.0]), 0))

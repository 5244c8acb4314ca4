"""Folds hold out each record once, with the properties of scikit-learn's: classes alike, groups whole, order kept."""

import os

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, StratifiedKFold, TimeSeriesSplit

from dashboard.data.dataset import Arrays, open_arrays
from dashboard.data.folds import make_folds, split_keys, stratified_folds
from dashboard.data.specification import DatasetSpec
from dashboard.data.splitting import KEYS_FILE
from dashboard.errors import Invalid
from dashboard.services.datasets import create_dataset, receive_upload
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

RANDOM = np.random.default_rng(7)
CLASSES = RANDOM.choice(4, 103, p=(0.6, 0.25, 0.1, 0.05))
NUMBERS = RANDOM.normal(size=103)
GROUPS = RANDOM.integers(0, 17, 103)


def arrays(target, task="classification"):
    empty = np.empty((len(target), 0))
    classes = [str(code) for code in np.unique(target)] if task == "classification" else []
    return Arrays(empty, empty.astype(np.int32), np.asarray(target), [], [], [], classes, task, None, frozenset())


def held_out(folds):
    """Return the fold of each row; each is held out once, and the parts of a fold are all rows, once."""
    place = np.full(len(folds.target), -1)
    for fold in range(folds.count):
        parts = folds.parts(fold)
        assert sorted(np.concatenate(parts)) == list(range(len(place)))
        assert (place[parts.test] == -1).all()
        place[parts.test] = fold
    assert (place >= 0).all()
    return place


@pytest.mark.parametrize("count", [2, 3, 5])
def test_each_class_is_spread_as_scikit_learn_does(count):
    ours = held_out(make_folds(arrays(CLASSES), "random", np.arange(103), count, 1, 0.1))
    theirs = np.empty(103, int)
    for fold, (_, test) in enumerate(StratifiedKFold(count).split(CLASSES, CLASSES)):
        theirs[test] = fold
    for code in range(4):
        counts = [np.bincount(place[code == CLASSES], minlength=count) for place in (ours, theirs)]
        assert sorted(counts[0]) == sorted(counts[1])
    assert np.ptp(np.bincount(ours)) <= 1


@pytest.mark.parametrize("count", [2, 5, 17])
def test_groups_stay_whole_and_fill_the_folds_as_scikit_learn_does(count):
    share = 0.1 if count < 17 else 0.0
    ours = held_out(make_folds(arrays(CLASSES), "grouped", GROUPS, count, 1, share))
    assert all(len(set(ours[group == GROUPS])) == 1 for group in set(GROUPS))
    theirs = [len(test) for _, test in GroupKFold(count).split(CLASSES, groups=GROUPS)]
    assert sorted(np.bincount(ours)) == sorted(theirs)


def test_no_group_is_in_two_parts_of_a_fold():
    folds = make_folds(arrays(CLASSES), "grouped", GROUPS, 5, 1, 0.2)
    for fold in range(5):
        train, validation, test = (set(GROUPS[rows]) for rows in folds.parts(fold))
        assert train.isdisjoint(validation | test)
        assert validation.isdisjoint(test)


def test_what_has_an_order_is_predicted_from_what_came_before_as_scikit_learn_does():
    keys = np.random.default_rng(1).permutation(103)
    order = np.argsort(keys)
    folds = make_folds(arrays(NUMBERS, "regression"), "ordered", keys, 5, 1, 0.2)
    for fold, (before, test) in enumerate(TimeSeriesSplit(5).split(order)):
        parts = folds.parts(fold)
        assert set(parts.test) == set(order[test])
        assert set(parts.train) | set(parts.validation) == set(order[before])
        assert keys[parts.train].max() < keys[parts.validation].min() <= keys[parts.validation].max()
        assert keys[parts.validation].max() < keys[parts.test].min()


def test_a_regression_is_dealt_at_random_and_the_seed_decides():
    folds = [make_folds(arrays(NUMBERS, "regression"), "random", np.arange(103), 5, seed, 0.1) for seed in (1, 1, 2)]
    places = [held_out(one).tolist() for one in folds]
    assert places[0] == places[1] != places[2]
    assert folds[0].method == "random"
    assert [len(part) for part in folds[0].parts(0)] == [74, 8, 21]


def test_too_few_records_or_groups_are_refused_with_the_number_that_is_needed():
    with pytest.raises(Invalid, match="9 records are too few for 5 folds, which need 10"):
        make_folds(arrays(CLASSES[:9]), "random", np.arange(9), 5, 1, 0.1)
    with pytest.raises(Invalid, match="17 groups are too few for 18 folds"):
        make_folds(arrays(CLASSES), "grouped", GROUPS, 18, 1, 0.1)
    with pytest.raises(Invalid, match="6 records are too few for 5 folds"):
        make_folds(arrays(CLASSES[:6]), "ordered", np.arange(6), 5, 1, 0.1)
    with pytest.raises(Invalid, match="No records are left for validation"):
        make_folds(arrays(CLASSES), "grouped", GROUPS % 2, 2, 1, 0.1)


def test_a_rare_class_is_in_as_many_folds_as_it_has_records():
    folds = stratified_folds(np.array([0] * 20 + [1] * 3), 5, 1)
    assert sorted(np.bincount(folds[20:], minlength=5)) == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("split", ["grouped", "ordered"])
def test_groups_and_order_are_stored_or_read_again_from_the_file(tmp_path, split):
    workspace = open_workspace(Settings(home=str(tmp_path)))
    text = "day,x,y\n" + "".join(f"{(row * 7) % 10},{row / 3},{row % 4 / 7}\n" for row in range(40))
    path = tmp_path / "days.csv"
    path.write_text(text)
    with path.open("rb") as file:
        upload = receive_upload(workspace, file, "days.csv")
    choices = {"name": "days", "target": "y", "task": "regression", "split": split, "split_by": "day"}
    dataset = create_dataset(workspace, upload, choices)
    folder, spec = workspace.datasets_folder / dataset.folder, DatasetSpec.from_json(dataset.spec)
    rows = len(open_arrays(folder).target)
    stored = split_keys(folder, spec, rows, workspace.uploads_folder)
    days = [(row * 7) % 10 for row in range(40)]
    same = np.equal.outer(days, days)
    assert (np.equal.outer(stored, stored) == same).all()
    if split == "ordered":
        assert stored.tolist() == days
    (folder / KEYS_FILE).unlink()  # as of a dataset that was added before
    assert split_keys(folder, spec, rows, workspace.uploads_folder).tolist() == stored.tolist()
    workspace.catalogue.close()


def test_what_a_killed_reading_has_left_is_swept_a_day_later(tmp_path):
    workspace = open_workspace(Settings(home=str(tmp_path)))
    left = workspace.uploads_folder / "tmp123"
    left.mkdir()
    (left / "inputs.npy").write_bytes(b"begun")
    young = workspace.uploads_folder / "tmp456"
    young.mkdir()
    os.utime(left, (0, 0))
    workspace.catalogue.close()
    again = open_workspace(Settings(home=str(tmp_path)))
    assert [path.name for path in again.uploads_folder.iterdir()] == ["tmp456"]
    again.catalogue.close()

"""Checkpoints come in the order of the numbers in their names, with the metrics that the names state."""

import pytest

from dashboard.services.imports.file_names import in_order, places, series_name

SERIES = {
    "keras": (["weights.05-0.32.hdf5", "weights.10-0.21.hdf5"], [5, 10], [{}, {}]),
    "lightning": (
        ["epoch=3-val_loss=0.5.ckpt", "epoch=12-val_loss=0.25.ckpt"],
        [3, 12],
        [{"val_loss": 0.5}, {"val_loss": 0.25}],
    ),
    "folders of steps": (["checkpoint-500/model.safetensors", "checkpoint-1000/model.safetensors"], [500, 1000], None),
    "a number in the model's name": (["ResNet50_1.pt", "ResNet50_10.pt"], [1, 10], None),
    "a best without a number": (
        ["ckpt_10_acc_0.912.pt", "ckpt_20_acc_0.93.pt", "best.pt"],
        [10, 20, None],
        [{"accuracy": 0.912}, {"accuracy": 0.93}, {}],
    ),
    "no sign between": (["model_e3_loss0.12.pth", "model_e4_loss0.10.pth"], [3, 4], [{"loss": 0.12}, {"loss": 0.1}]),
    "epoch before step": (["run1_epoch2_step300.npz", "run1_epoch3_step10.npz"], [2, 3], None),
    "negative": (["reward=-1.5_step=10.pt", "reward=-2_step=20.pt"], [10, 20], [{"reward": -1.5}, {"reward": -2.0}]),
    "a setting": (["lr=1e-3_epoch=1.pt", "lr=1e-3_epoch=2.pt"], [1, 2], [{}, {}]),
    "equal metrics": (["e1_loss0.5.pt", "e2_loss0.5.pt"], [1, 2], [{"loss": 0.5}, {"loss": 0.5}]),
    "dates": (["2024-05-31.pt", "2024-06-01.pt"], [None, None], None),
    "one file": (["fc2.pt"], [None], [{}]),
    "one file that says its epoch": (["mnist_epoch_3.pt"], [3], [{}]),
}


@pytest.mark.parametrize("case", SERIES)
def test_the_number_that_counts_is_found_and_metrics_are_those_that_a_word_names(case):
    names, numbers, metrics = SERIES[case]
    found = places(names)
    assert [place.number for place in found] == numbers
    assert metrics is None or [place.metrics for place in found] == metrics


def test_a_fraction_without_a_word_is_offered_without_a_name():
    assert [place.unnamed for place in places(["weights.05-0.32.hdf5", "weights.10-0.21.hdf5"])] == [(0.32,), (0.21,)]


@pytest.mark.parametrize("part", ["a", "-", "a_", "_", "a-", "1", "1.", "1e", "=-1", "٣"])
def test_a_name_of_any_length_is_read_in_a_moment(part):
    assert len(places([part * 15_000 + "_epoch_3.pt", "b"])) == 2  # a search that went back would take minutes


def test_a_step_is_called_a_step():
    assert [place.counts for place in places(["checkpoint-500/model.bin", "epoch=3.ckpt"])][1] == "epoch"
    assert [place.counts for place in places(["checkpoint-500/a.bin", "checkpoint-900/a.bin"])] == ["step", "step"]


def test_the_order_is_that_of_the_numbers_then_of_the_names():
    names = ["best.pt", "m_10.pt", "m_9.pt", "m_100.pt"]
    assert [names[index] for index in in_order(names)] == ["m_9.pt", "m_10.pt", "m_100.pt", "best.pt"]
    dates = ["2024-06-01.pt", "2024-05-31.pt"]
    assert [dates[index] for index in in_order(dates)] == ["2024-05-31.pt", "2024-06-01.pt"]


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["mnist_epoch_1.pt", "mnist_epoch_2.pt"], "mnist"),
        (["my-net-10.npz", "my-net-11.npz"], "my-net"),
        (["epoch=1.ckpt", "epoch=2.ckpt"], ""),
        (["a.pt", "b.pt"], ""),
    ],
)
def test_a_series_is_called_what_its_names_begin_with(names, name):
    assert series_name(names) == name

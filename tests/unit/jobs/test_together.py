"""Jobs that train as one stack: each reports what it would have reported alone, and ends for itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.data.dataset import Arrays
from dashboard.jobs.job import TrainingJob
from dashboard.jobs.together import train_together
from dashboard.jobs.trainer import train
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec
from dashboard.search.together import on_seeds

EPOCHS = 6
SPLIT = {"validation": 0.2, "test": 0.2, "seed": 1}


def jobs_of(rates=(0.01, 0.01, 0.01), **training):
    """Return a job for each learning rate, with seeds 1, 2 ...: a regression on 60 drawn records."""
    rng = np.random.default_rng(4)
    inputs = rng.normal(size=(60, 3))
    arrays = Arrays(
        inputs,
        np.zeros((60, 0), np.int32),
        inputs @ [1.0, -2.0, 0.5],
        ["a", "b", "c"],
        [],
        [],
        [],
        "regression",
        None,
        frozenset(),
    )
    settings = TrainingSpec(loss="squared_error", epochs=EPOCHS, batch_size=8, **training)
    spec = NetworkSpec(3, (LayerSpec(5, "tanh"), LayerSpec(1, "identity")), settings)
    specs = [
        replace(one, training=replace(one.training, learning_rate=rate))
        for one, rate in zip(on_seeds(spec, range(1, len(rates) + 1)), rates, strict=True)
    ]
    about: dict[str, Any] = {"task": "regression", "folder": Path("none"), "split": SPLIT, "checkpoint_seconds": 60.0}
    return [TrainingJob(number, 1, one, **about, arrays=arrays) for number, one in enumerate(specs)]


def alone(job):
    reports = []
    train(job, lambda *report: reports.append(report), lambda: None)
    return reports


def together(jobs, look=lambda reports, asked: None):
    """Train jobs together; return the reports of each. `look` is given those so far, and whom to cancel."""
    reports, asked = [[] for _ in jobs], set()

    def send(place, *report):
        reports[place].append(report)
        look(reports, asked)

    train_together(jobs, send, lambda: None, asked)
    return reports


def numbers_of(reports):
    return [{k: v for k, v in payload.items() if k != "seconds"} for kind, payload in reports if kind == "epoch"]


@pytest.mark.parametrize("settings", [{"save": "every"}, {"save": "best"}, {"save": "last", "patience": 2}])
def test_each_reports_what_it_would_have_reported_alone(settings):
    jobs = jobs_of(**settings)
    for job, reports in zip(jobs, together(jobs), strict=True):
        wanted = alone(job)
        assert [kind for kind, _ in reports] == [kind for kind, _ in wanted]
        for found, by_itself in zip(numbers_of(reports), numbers_of(wanted), strict=True):
            assert found["epoch"] == by_itself["epoch"]
            np.testing.assert_allclose(found["val_loss"], by_itself["val_loss"], rtol=1e-4)
            np.testing.assert_allclose(found["metrics"]["val_mae"], by_itself["metrics"]["val_mae"], rtol=1e-4)
        for (kind, found), (_, by_itself) in zip(reports, wanted, strict=True):
            if kind == "version":
                assert found["epoch"] == by_itself["epoch"]
                for name, tensor in by_itself["tensors"].items():
                    np.testing.assert_allclose(found["tensors"][name], tensor, rtol=1e-3, atol=1e-5)
        assert reports[-1] == ("end", {"state": "finished", "error": None})


def test_one_that_is_asked_to_stop_keeps_its_last_epoch_and_the_others_go_on():
    def stop_the_second(reports, asked):
        if len(numbers_of(reports[1])) == 2:
            asked.add(1)

    first, second, third = together(jobs_of(save="last"), stop_the_second)
    assert [len(numbers_of(reports)) for reports in (first, second, third)] == [EPOCHS, 2, EPOCHS]
    assert [kind for kind, _ in second] == ["epoch", "epoch", "version", "end"]
    assert second[-2][1]["epoch"] == 2
    assert [reports[-1][1]["state"] for reports in (first, second, third)] == ["finished", "cancelled", "finished"]


def test_one_that_runs_away_fails_with_its_last_good_version_and_the_others_finish():
    good, bad = together(jobs_of(rates=(0.01, 1e30), optimizer="sgd", save="last"))
    assert good[-1][1]["state"] == "finished"
    assert bad[-1][1]["state"] == "failed"
    assert "diverged in epoch 1" in bad[-1][1]["error"]
    assert len(numbers_of(good)) == EPOCHS
    assert all(np.isfinite(epoch["loss"]) for epoch in numbers_of(bad))


def test_what_cannot_be_prepared_fails_for_all():
    jobs = [replace(job, spec=replace(job.spec, inputs=4)) for job in jobs_of()]
    message = "The network takes 4 inputs, the dataset has (3,)."
    assert together(jobs) == [[("end", {"state": "failed", "error": message})]] * 3

"""Why a loss changed where the answer is a number, or one of two classes by a single output."""

import io

import numpy as np
import pytest

from dashboard.jobs.coordinator import coordinator_lock
from dashboard.records.why import WhyRequest
from dashboard.services.datasets import create_dataset, receive_upload
from dashboard.services.networks import create_network
from dashboard.services.versions.reading import get_version
from dashboard.services.why.results import why
from tests.unit.services.carry_out import train

ROWS = 120


def table(target):
    """A table of two numbers and a target that follows from them."""
    rng = np.random.default_rng(1)
    rows = [f"{a:.3f},{b:.3f},{target(a, b)}" for a, b in rng.normal(size=(ROWS, 2)).tolist()]
    return "a,b,y\n" + "\n".join(rows) + "\n"


def trained(workspace, text, task, **definition):
    upload = receive_upload(workspace, io.BytesIO(text.encode()), "table.csv")
    create_dataset(workspace, upload, {"name": "table", "target": "y", "task": task})
    layers = [{"units": 6, "activation": "tanh"}]
    create_network(workspace, {"name": "small", "dataset": "table", "layers": layers} | definition)
    with coordinator_lock(workspace.settings.home_folder):
        train(workspace, "small", {"epochs": 2, "learning_rate": 0.01})
    return why(workspace, WhyRequest("small:1", "small:2"))


def test_the_error_of_a_regression_is_in_the_unit_of_its_target_as_its_versions_say_it(workspace):
    text = table(lambda a, b: round(100.0 * a - 30.0 * b + 500.0, 2))
    output = {"output": {"activation": "identity"}, "training": {"loss": "squared_error"}}
    result = trained(workspace, text, "regression", **output)
    for number, score in ((1, result.base_score), (2, result.other_score)):
        metrics = get_version(workspace, "small", number).metrics
        assert (score.loss, score.metric) == pytest.approx((metrics["val_loss"], metrics["val_rmse"]), rel=1e-4)
    assert (result.metric_name, result.classes, result.is_complete) == ("rmse", (), True)
    record = (result.lost + result.gained)[0]
    assert 100.0 < record.target < 900.0
    assert sum(one.share for one in result.lost + result.gained) == pytest.approx(result.change)


def test_two_classes_of_one_output_have_shares_each(workspace):
    text = table(lambda a, b: "yes" if a + b > 0.0 else "no")
    output = {"output": {"activation": "sigmoid"}, "training": {"loss": "binary_cross_entropy"}}
    result = trained(workspace, text, "classification", **output)
    for number, score in ((1, result.base_score), (2, result.other_score)):
        metrics = get_version(workspace, "small", number).metrics
        assert (score.loss, score.metric) == pytest.approx((metrics["val_loss"], metrics["val_accuracy"]), rel=1e-4)
    assert {one.label for one in result.classes} == {"yes", "no"}
    assert sum(one.share for one in result.classes) == pytest.approx(result.change)
    assert result.is_complete

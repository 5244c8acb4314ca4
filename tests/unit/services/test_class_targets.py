"""Several targets of classes in what is counted of versions, and in what is known of them elsewhere."""

import pytest

from dashboard.jobs.coordinator import coordinator_lock
from dashboard.records.why import WhyRequest
from dashboard.services.datasets import get_dataset
from dashboard.services.imports.fitting import Shape, why_not_fitting
from dashboard.services.store.reindexing import reindex_store
from dashboard.services.versions.reading import get_detail, get_version
from dashboard.services.why.results import why
from dashboard.services.workspace import open_workspace
from tests.data_of_classes import trained_version

BOTH = ("groups:1", "groups:2")


@pytest.fixture
def groups(workspace):
    """A workspace with two versions of a network of three targets."""
    with coordinator_lock(workspace.settings.home_folder):  # so that no other process takes the run
        trained_version(workspace)
        yield workspace


def test_the_classes_of_each_target_account_for_the_change_of_the_loss(groups):
    result = why(groups, WhyRequest(*BOTH))
    assert (result.loss_name, result.metric_name) == ("binary_cross_entropy", "accuracy")
    for target in ("size", "colour", "risk"):
        own = [one for one in result.classes if one.label.startswith(f"{target}=")]
        assert sum(one.records for one in own) == result.records
        assert sum(one.share for one in own) == pytest.approx(result.change)
    measured = get_detail(groups, "groups", 2).evaluation["validation"]["per_target"][0]
    sizes = [one for one in result.classes if one.label.startswith("size=")]
    right = sum(one.other.metric * one.records for one in sizes) / result.records
    assert right == pytest.approx(measured["accuracy"])
    big = why(groups, WhyRequest(*BOTH, label="size=big"))
    assert (big.records, big.change) == (sizes[0].records, pytest.approx(sizes[0].other.loss - sizes[0].base.loss))
    assert all(len(one.target) == len(one.other_answer) == 3 for one in result.lost + result.gained)


def test_a_version_is_known_again_from_its_tables_with_its_groups(groups, tmp_path):
    before = get_detail(groups, "groups", 2)
    folder = groups.settings.home_folder
    groups.catalogue.close()
    for file in folder.glob("catalogue.sqlite*"):
        file.unlink()
    again = open_workspace(groups.settings)
    try:
        reindex_store(again)
        version = get_version(again, "groups", 2)
        assert [one["name"] for one in version.preprocessing["groups"]] == ["size", "colour", "risk"]
        assert version.preprocessing == before.version.preprocessing
        assert get_detail(again, "groups", 2).evaluation == before.evaluation
    finally:
        again.catalogue.close()


def test_a_network_with_softmax_does_not_fit(groups):
    dataset = get_dataset(groups, "groups")
    shape = Shape(len(dataset.description["inputs"]), 7, "classification", activation="softmax")
    problem = why_not_fitting(dataset, shape)
    assert problem is not None
    assert problem.words.startswith("groups has several targets, and the network's softmax is over")
    assert why_not_fitting(dataset, shape._replace(activation="sigmoid")) is None

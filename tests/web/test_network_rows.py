"""The order of the list of networks, and what a line says."""

from datetime import datetime

import pytest

from dashboard.catalogue.networks import NetworkSummary
from dashboard.records.network import LayerSpec, Network, NetworkSpec
from dashboard.web.networks.page import networks_table


def summary(name, scores=(), units=1, dataset="iris"):
    spec = NetworkSpec(4, (LayerSpec(units),))
    network = Network(1, name, name, "", "classification", dataset, {}, spec, len(scores), datetime(2026, 1, 1))
    metrics = tuple((number, {"val_accuracy": score}) for number, score in enumerate(scores, start=1))
    saved = datetime(2026, 1, len(scores)) if scores else None
    best = max(metrics, key=lambda one: one[1]["val_accuracy"], default=None)
    return NetworkSummary(network, len(scores), len(scores) or None, saved, metrics, (), best=best)


SUMMARIES = [
    summary("beta", (0.5, 0.9), units=3),
    summary("Alpha", (0.7,), units=2, dataset="wine"),
    summary("gamma"),
]


@pytest.fixture
def table_of(app_of, workspace):
    def table_of(sort):
        with app_of(workspace).test_request_context("/"):
            return networks_table(SUMMARIES, sort, "")

    return table_of


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["Alpha", "beta", "gamma"]),
        ("-name", ["gamma", "beta", "Alpha"]),
        ("score", ["beta", "Alpha", "gamma"]),
        ("-score", ["Alpha", "beta", "gamma"]),
        ("versions", ["beta", "Alpha", "gamma"]),
        ("-versions", ["gamma", "Alpha", "beta"]),
        ("parameters", ["beta", "Alpha", "gamma"]),
        ("dataset", ["beta", "gamma", "Alpha"]),
        ("saved", ["beta", "Alpha", "gamma"]),
    ],
)
def test_numbers_begin_with_the_largest_names_with_a_and_what_has_no_value_comes_last(table_of, sort, names):
    assert [row["name"] for row in table_of(sort).rows] == names


def test_a_row_has_its_best_version_and_its_numbers(table_of):
    table = table_of("name")
    assert table.heads[:3] == ["name", "task", "dataset"]
    assert next(iter(list(table.values)[1:2]))[3:10] == [2, 2, 2, "val_accuracy", 0.9, None, 15]
    _, beta, gamma = table.rows
    assert "polyline" in beta["spark"]
    assert (gamma["best"], gamma["spark"]) == (None, "")

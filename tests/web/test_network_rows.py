"""The order of the list of networks, and what a line says."""

from datetime import datetime

import pytest

from dashboard.catalogue.networks import NetworkSummary
from dashboard.records.network import LayerSpec, Network, NetworkSpec
from dashboard.web.networks.page import network_row, sort_rows


def summary(name, scores=(), units=1, dataset="iris"):
    spec = NetworkSpec(4, (LayerSpec(units),))
    network = Network(1, name, name, "", "classification", dataset, {}, spec, len(scores), datetime(2026, 1, 1))
    metrics = tuple((number, {"val_accuracy": score}) for number, score in enumerate(scores, start=1))
    saved = datetime(2026, 1, len(scores)) if scores else None
    return NetworkSummary(network, len(scores), len(scores) or None, saved, metrics, ())


ROWS = [
    network_row(summary("beta", (0.5, 0.9), units=3)),
    network_row(summary("Alpha", (0.7,), units=2, dataset="wine")),
    network_row(summary("gamma")),
]


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
def test_numbers_begin_with_the_largest_names_with_a_and_what_has_no_value_comes_last(sort, names):
    assert [row["network"].name for row in sort_rows(ROWS, sort)] == names


def test_a_line_has_its_best_version_and_its_numbers():
    assert ROWS[0]["best"] == {"number": 2, "name": "validation accuracy", "value": 0.9}
    assert ROWS[0]["numbers"][3:9] == [2, 2, 2, "val_accuracy", 0.9, 15]
    assert "polyline" in ROWS[0]["spark"]
    assert (ROWS[2]["best"], ROWS[2]["spark"]) == (None, "")

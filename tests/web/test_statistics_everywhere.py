"""The statistics of tensors are declared once: what is counted is in every file, on every page and in the API."""

import numpy as np
import pytest

from dashboard.analysis.statistics import tensor_statistics
from dashboard.api.schemas import STATISTICS as IN_THE_API
from dashboard.records.statistics import COMPARED, HISTORY, STATISTICS, VERSION
from tests.unit.services.saved_versions import new_network, save, zeros
from tests.web.page_check import words

NAMES = {statistic.name for statistic in STATISTICS}


@pytest.fixture
def versions(browser, workspace):
    """Two versions of one network."""
    network = new_network(workspace)
    for _ in range(2):
        save(workspace, network, zeros(network))
    return browser


def heads(browser, address):
    return browser.raw(address).text.splitlines()[0].split(",")


def headings(browser, address):
    return {words(cell) for cell in browser.get(address).root.iter("th")}


def test_what_is_counted_is_declared():
    assert set(tensor_statistics(np.ones((2, 3))).to_json()) == NAMES == set(IN_THE_API)


def test_the_tensors_of_a_version_have_every_statistic(versions):
    assert set(heads(versions, "/networks/small/versions/1/tensors.csv")) >= NAMES
    shown = headings(versions, "/networks/small/versions/1")
    assert shown >= {statistic.heading for statistic in STATISTICS if VERSION in statistic.tables}


def test_comparisons_of_versions_have_what_can_be_compared(versions):
    chosen = "version=small:1&version=small:2&tensor=layer_01.weight"
    facts = versions.raw(f"/compare/several/facts.csv?{chosen}").text
    assert {line.split(",")[1] for line in facts.splitlines() if line.startswith("weights,")} == set(COMPARED)
    page = versions.get(f"/compare/several?{chosen}").text
    assert all(statistic.heading.lower() in page for statistic in COMPARED.values())


def test_the_versions_of_a_tensor_have_what_can_be_compared(versions):
    assert set(heads(versions, "/networks/small/history.csv?tensor=layer_01.weight")) >= set(COMPARED)
    shown = headings(versions, "/networks/small/history?tensor=layer_01.weight")
    assert shown >= {statistic.heading for statistic in STATISTICS if HISTORY in statistic.tables}

"""Every query of docs/sql.md, and of the tutorial about MySQL, runs as it stands there, on a real server."""

import re
from pathlib import Path

import numpy as np
import pytest

from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network, get_network
from dashboard.services.versions.reading import delete_version, get_version
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.server import connect

MANUAL = Path(__file__).parent.parent.parent.parent / "docs" / "sql.md"
TUTORIAL = MANUAL.parent / "tutorials" / "phpmyadmin.md"
TITLES = [
    "layers",
    "sign changes",
    "largest changes",
    "norms",
    "zeros",
    "any units: prepare",
    "any units: make",
    "any units: read",
    "any units: run",
]

TUTORIAL_TITLES = [
    "versions",
    "tables of version 1",
    "first rows",
    "changes of unit 0",
    "special cells",
    "a user who only reads",
    "what that user may do",
]


def blocks(page=MANUAL):
    """Return title -> SQL of a page's blocks, in their order."""
    found = re.findall(r"```sql\n-- ([^\n]+)\n(.*?);\n```", page.read_text(), re.DOTALL)
    return dict(found)


def weights(seed):
    """First-layer weights in which every special cell, a zero and a true change of sign occur."""
    random = np.random.default_rng(seed)
    array = random.normal(size=(5, 3)).astype(np.float32)
    array[0] = [0.0, -0.0, np.nan]
    array[1, 1] = np.inf if seed == 3 else -1.5
    array[4, 2] = 1e-45
    return array


@pytest.fixture(scope="module")
def answers(tmp_path_factory, mysql_server_url):
    """Save versions 1 to 3 of mnist (2 shares its first layer with 1) and 4, which is deleted; ask every query."""
    url = f"{mysql_server_url}sql_manual"
    workspace = open_workspace(Settings(home=str(tmp_path_factory.mktemp("home")), store=url))
    add_bundled(workspace, "iris")
    for name in ("mnist", "MNIST", "demo-digits"):
        definition = {"name": name, "dataset": "iris", "layers": [{"units": 3}], "output": {"activation": "softmax"}}
        create_network(workspace, definition)
    for name, seeds in (("MNIST", [9]), ("mnist", [1, 1, 3, 4]), ("demo-digits", [1, 3])):
        for number, seed in enumerate(seeds):
            network = get_network(workspace, name)
            tensors = {"layer_01.weight": weights(seed), "layer_01.bias": np.full(3, number, np.float32)}
            dataset_id = get_dataset(workspace, "iris").id
            save_version(workspace, network, Draft(tensors, network.spec, dataset_id, {}, {}, {}))
    delete_version(workspace, "mnist", 4)
    connection = connect(url, "sql_manual")
    answers = {"rows": {}, "columns": {}}
    for title, sql in (blocks() | blocks(TUTORIAL)).items():
        cursor = connection.cursor()
        cursor.execute(sql.replace("ON weightbase.*", "ON sql_manual.*"))
        answers["rows"][title] = cursor.fetchall() if cursor.with_rows else []
        answers["columns"][title] = list(cursor.column_names or ())
        cursor.close()
    answers["tensors"] = {
        n: read_tensors(workspace, get_version(workspace, "mnist", n))["layer_01.weight"] for n in (1, 2, 3)
    }
    cursor = connection.cursor()
    cursor.execute("SELECT network, version FROM weightbase_versions ORDER BY network, version")
    answers["versions"] = cursor.fetchall()
    cursor.execute("SHOW GRANTS FOR reader")
    answers["grants"] = cursor.fetchall()
    cursor.execute("DROP USER reader")
    cursor.execute("DROP DATABASE sql_manual")
    connection.close()
    workspace.catalogue.close()
    workspace.store.close()
    return answers


def as_cells(array):
    """Return an array as plain SQL sees it: special cells are 0."""
    cells = array.astype(np.float64)
    return np.where(np.isfinite(cells), cells, 0.0) + 0.0


pytestmark = pytest.mark.server


def test_every_block_of_the_manual_is_run(answers):
    assert list(answers["rows"]) == [*TITLES, *TUTORIAL_TITLES]
    assert len(re.findall("```sql", TUTORIAL.read_text())) == len(TUTORIAL_TITLES)
    assert len(re.findall("```sql", MANUAL.read_text())) == len(TITLES)


def test_a_network_and_a_version_lead_to_their_tables(answers):
    assert answers["rows"]["layers"] == [
        ("layer_01.weight", "mnist__v0003__layer_01_weight", 5, 3, "float32"),
        ("layer_01.bias", "mnist__v0003__layer_01_bias", 3, 1, "float32"),
    ]


def test_what_was_deleted_is_not_in_the_views_and_names_differ_by_case(answers):
    ours = [one for one in answers["versions"] if one[0] != "demo-digits"]
    assert ours == [("MNIST", 1), ("mnist", 1), ("mnist", 2), ("mnist", 3)]


def test_the_tutorial_leads_from_names_to_tables_cells_and_a_diff(answers):
    rows = answers["rows"]
    assert [row[:2] for row in rows["versions"]] == [("demo-digits", 1), ("demo-digits", 2)]
    assert [row[1] for row in rows["tables of version 1"]] == [
        "demo_digits__v0001__layer_01_weight",
        "demo_digits__v0001__layer_01_bias",
    ]
    before, after = as_cells(weights(1)), as_cells(weights(3))
    assert [list(row) for row in rows["first rows"]] == [[r, *before[r]] for r in range(5)]
    changes = sorted(((r, before[r, 0], after[r, 0]) for r in range(5)), key=lambda row: -abs(row[2] - row[1]))
    assert [row[:3] for row in rows["changes of unit 0"]] == changes
    assert rows["special cells"][0][0] > 0
    assert any("GRANT SELECT, SHOW VIEW ON `sql_manual`.*" in grant for (grant,) in answers["grants"])


def test_the_units_that_changed_sign_are_numpys(answers):
    one, three = (as_cells(answers["tensors"][number]) for number in (1, 3))
    expected = (np.sign(one) != np.sign(three)).sum(axis=0)
    assert expected.sum() > 0
    assert [int(count) for count in answers["rows"]["sign changes"][0]] == expected.tolist()


def test_the_largest_changes_are_numpys(answers):
    one, three = (as_cells(answers["tensors"][number]) for number in (1, 3))
    change = three - one
    cells = sorted(np.ndindex(change.shape), key=lambda cell: (-abs(change[cell]), *cell))[:20]
    assert len(cells) == 15
    expected = [(row, unit, one[row, unit], three[row, unit], change[row, unit]) for row, unit in cells]
    assert [tuple(map(float, row)) for row in answers["rows"]["largest changes"]] == expected


def test_the_norms_over_all_versions_are_numpys(answers):
    expected = [[n, *np.sqrt((as_cells(answers["tensors"][n]) ** 2).sum(axis=0))] for n in (1, 2, 3)]
    np.testing.assert_allclose(np.array(answers["rows"]["norms"], np.float64), expected, rtol=1e-12)


def test_the_zeros_are_numpys(answers):
    ((found,),) = answers["rows"]["zeros"]
    assert int(found) == (answers["tensors"][3] == 0).sum() == 2


def test_the_query_for_any_number_of_units_gives_the_same_norms(answers):
    found = np.array(answers["rows"]["any units: run"], np.float64)
    assert answers["columns"]["any units: run"] == ["version", "unit", "norm"]
    assert found[:, :2].tolist() == [[n, unit] for n in (1, 2, 3) for unit in range(3)]
    norms = np.array(answers["rows"]["norms"], np.float64)
    np.testing.assert_allclose(found[:, 2].reshape(3, 3), norms[:, 1:], rtol=1e-12)

"""A database that others use, too: what they made is left alone, and nothing is lost for it."""

from dataclasses import replace

import pytest

from dashboard import cli
from dashboard.catalogue import runs as run_rows
from dashboard.services.store.exactness import count_inexact
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from dashboard.web.runs.words import RESULTS
from tests.unit.services.carry_out import carry_out
from tests.unit.services.saved_versions import new_network, save, zeros

pytestmark = pytest.mark.server


@pytest.fixture
def workspace(mysql_url, tmp_path):
    workspace = open_workspace(Settings(home=str(tmp_path), store=mysql_url))
    yield workspace
    workspace.catalogue.close()
    workspace.store.close()


def test_tables_of_an_older_release_are_made_exact_by_a_run_of_the_store(mysql_url, tmp_path, capsys, monkeypatch):
    settings = Settings(home=str(tmp_path), store=f"{mysql_url}?cells=float")
    old = open_workspace(settings)
    network = new_network(old)
    save(old, network, zeros(network))
    old.catalogue.close()
    old.store.close()
    workspace = open_workspace(replace(settings, store=mysql_url))
    count = count_inexact(workspace)
    assert count > 0
    run_id = insert_action(workspace, "exact")
    run = carry_out(workspace)
    assert (run.id, run.state, run.result) == (run_id, "finished", {"converted": count, "left": []})
    assert "SHA-256 the same before and after" in RESULTS["exact"](run)
    assert count_inexact(workspace) == 0
    monkeypatch.setenv("WEIGHTBASE_HOME", str(tmp_path))
    monkeypatch.setenv("WEIGHTBASE_STORE", mysql_url)
    assert cli.main(["exact"]) == 0
    assert "0 tables converted, 0 left as they were" in capsys.readouterr().out
    workspace.catalogue.close()
    workspace.store.close()


def insert_action(workspace, kind):
    with workspace.catalogue.writing() as connection:
        return run_rows.insert_run(connection, {"kind": kind, "spec": {}})


def test_a_version_whose_name_is_taken_by_a_table_of_others_is_saved_under_the_next_number(workspace, sql):
    network = new_network(workspace)
    assert save(workspace, network, zeros(network)) == 1
    sql(
        "CREATE TABLE small__v0002__layer_01_weight (mine INT PRIMARY KEY, note VARCHAR(50))",
        "INSERT INTO small__v0002__layer_01_weight VALUES (1, 'precious')",
        "CREATE VIEW small__v0003__layer_01_bias AS SELECT 1",
    )
    tensors = {name: array + 1 for name, array in zeros(network).items()}
    assert save(workspace, network, tensors) == 4
    assert save(workspace, network, zeros(network)) == 5
    found = read_tensors(workspace, get_version(workspace, "small", 4))
    assert all((found[name] == array).all() for name, array in tensors.items())
    assert sql("SELECT * FROM small__v0002__layer_01_weight") == [(1, "precious")]
    assert [proof.identical for proof in verify_all(workspace)] == [True] * 3

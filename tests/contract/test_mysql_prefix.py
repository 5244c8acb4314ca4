"""Our tables under a prefix, in a database that other programs use: Optuna before us, after us, and a second of us."""

import pytest

from dashboard.catalogue.opening import open_catalogue
from dashboard.errors import StoreUnavailable
from dashboard.services.networks import get_network, list_networks
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import new_network, save, zeros

pytestmark = pytest.mark.server

OPTUNA = (
    "CREATE TABLE studies (study_id INT PRIMARY KEY, study_name VARCHAR(512))",
    "CREATE TABLE trials (trial_id INT PRIMARY KEY, number INT, study_id INT, state VARCHAR(8))",
    "CREATE TABLE trial_values (trial_value_id INT PRIMARY KEY)",
    "CREATE TABLE version_info (version_info_id INT PRIMARY KEY)",
    "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
    "INSERT INTO alembic_version VALUES ('v3.2.0.a')",
    "INSERT INTO trials VALUES (1, 0, 1, 'RUNNING')",
)
"""The tables of Optuna's storage that have names like ours, and one more."""


@pytest.fixture
def open_with(mysql_url, tmp_path):
    """What opens a workspace under a prefix in a home of its own."""
    made = []

    def open_with(prefix):
        store = f"{mysql_url}?prefix={prefix}" if prefix else mysql_url
        made.append(open_workspace(Settings(home=str(tmp_path / f"home {prefix}"), store=store)))
        return made[-1]

    yield open_with
    for workspace in made:
        workspace.catalogue.close()
        workspace.store.close()


def fill(workspace):
    network = new_network(workspace)
    for _ in range(2):
        save(workspace, network, zeros(network))
    assert [proof.identical for proof in verify_all(workspace)] == [True, True]


def tables(sql):
    return {name for (name,) in sql("SHOW TABLES")}


@pytest.mark.parametrize("first", ["optuna", "we"])
def test_another_program_with_tables_of_our_names_shares_the_database(first, open_with, sql):
    if first == "optuna":
        sql(*OPTUNA)
    fill(open_with("wb_"))
    if first == "we":
        sql(*OPTUNA)
    theirs = {"studies", "trials", "trial_values", "version_info", "alembic_version"}
    assert {name for name in tables(sql) if not name.startswith("wb_")} == theirs
    assert sql("SELECT * FROM trials") == [(1, 0, 1, "RUNNING")]
    assert sql("SELECT * FROM alembic_version") == [("v3.2.0.a",)]
    again = open_with("wb_")
    assert [proof.identical for proof in verify_all(again)] == [True, True]
    [(view,)] = sql("SELECT COUNT(*) FROM wb_weightbase_layers")
    assert view == 8


def test_without_a_prefix_the_tables_that_are_in_the_way_are_named_with_the_remedy(mysql_url, tmp_path, sql):
    sql(*OPTUNA)
    with pytest.raises(StoreUnavailable, match=r"under names that Weightbase needs: trials\..*\?prefix=wb_"):
        open_catalogue(Settings(home=str(tmp_path), store=mysql_url))
    assert len(tables(sql)) == 5


def test_two_of_us_share_a_database_under_different_prefixes_and_none(open_with):
    workspaces = [open_with(prefix) for prefix in ("", "a_", "bcdefg_")]
    for workspace in workspaces:
        fill(workspace)
    for workspace in workspaces:
        assert [one.network.name for one in list_networks(workspace).items] == ["small"]
        assert get_network(workspace, "small").last_version == 2
        assert len(workspace.store.versions()) == 2


@pytest.mark.parametrize("prefix", ["", "wb", "WB_", "1b_", "bcdefgh_", "a`_", "a b_"])
def test_a_prefix_that_cannot_be_one_is_refused(prefix, mysql_url, tmp_path):
    with pytest.raises(StoreUnavailable, match="prefix"):
        open_catalogue(Settings(home=str(tmp_path), store=f"{mysql_url}?prefix={prefix}"))

"""A store that can only be read: it is browsed, verified and copied from, and says why nothing can be changed."""

from dataclasses import replace

import pytest

from dashboard import StartPage, create_app
from dashboard.errors import Forbidden
from dashboard.records.mysql_address import parse_address
from dashboard.services.networks import get_network
from dashboard.services.store.copying import copy_store
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.server import run_sql
from tests.unit.services.saved_versions import new_network, save, zeros

LOCAL = {"Host": "127.0.0.1:8000"}


def close(*workspaces):
    for workspace in workspaces:
        workspace.catalogue.close()
        workspace.store.close()


def fill(settings):
    workspace = open_workspace(settings)
    network = new_network(workspace)
    save(workspace, network, zeros(network))
    close(workspace)


def assert_reads_and_refuses(settings, reason, folder):
    """Browse, verify and copy from a workspace that can only be read; each way of writing says why it is refused."""
    workspace = open_workspace(settings)
    assert workspace.catalogue.read_only == reason
    assert [proof.identical for proof in verify_all(workspace)] == [True]
    target = open_workspace(Settings(home=str(folder / "copy")))
    assert copy_store(workspace, target, lambda progress: None) is None
    network = get_network(workspace, "small")
    with pytest.raises(Forbidden, match=f"read-only: {reason}"):
        save(workspace, network, zeros(network))
    client = create_app(workspace=workspace).test_client()
    page = client.get("/networks/small/versions/1", headers=LOCAL)
    assert (page.status_code, reason in page.text) == (200, True)
    refused = client.post("/api/v1/store/verify", headers=LOCAL, json={})
    assert (refused.status_code, reason in refused.text) == (403, True)
    close(workspace, target)


@pytest.mark.slow
def test_a_store_that_is_set_to_reading_only(tmp_path):
    settings = Settings(home=str(tmp_path / "home"))
    fill(settings)
    assert_reads_and_refuses(replace(settings, read_only=1), "WEIGHTBASE_READ_ONLY is set", tmp_path)


@pytest.mark.server
def test_a_user_of_the_database_who_has_only_select(tmp_path, mysql_url, mysql_server_url):
    fill(Settings(home=str(tmp_path / "home"), store=mysql_url))
    address = parse_address(mysql_url)
    user = f"s{address.database[-8:]}"
    run_sql(
        mysql_server_url,
        f"CREATE USER '{user}'@'%' IDENTIFIED BY 'l'",
        f"GRANT SELECT, SHOW VIEW ON {address.database}.* TO '{user}'@'%'",
    )
    url = f"mysql://{user}:l@{address.host}:{address.port}/{address.database}"
    settings = Settings(home=str(tmp_path / "home"), store=url)
    assert_reads_and_refuses(settings, "the user of the database may only read", tmp_path)
    run_sql(mysql_server_url, f"DROP USER '{user}'@'%'")


def test_what_cannot_be_opened_is_said_on_a_page_until_it_is_repaired(tmp_path, monkeypatch, caplog):
    in_the_way = tmp_path / "home"
    in_the_way.write_text("")
    monkeypatch.setenv("WEIGHTBASE_HOME", str(in_the_way))
    monkeypatch.setattr("dashboard.RETRY_SECONDS", -1)
    page, answers = StartPage(), []
    app = create_app(Settings(home=str(tmp_path / "any")))
    environ = app.test_request_context("/", headers=LOCAL).request.environ | {"REMOTE_ADDR": "127.0.0.1"}

    def visit(**other):
        return b"".join(page(environ | other, lambda status, headers, *_: answers.append(status))).decode()

    assert "fix its permissions or set WEIGHTBASE_HOME" in visit()
    assert "fix its permissions or set WEIGHTBASE_HOME" in caplog.text
    assert "WEIGHTBASE_HOME" not in visit(REMOTE_ADDR="203.0.113.9")
    monkeypatch.setenv("WEIGHTBASE_PASSWORD", "s3cret")
    assert "WEIGHTBASE_HOME" not in visit()
    monkeypatch.delenv("WEIGHTBASE_PASSWORD")
    in_the_way.unlink()
    assert "Weightbase</title>" in visit()
    assert answers == [*["503 Service Unavailable"] * 3, "200 OK"]

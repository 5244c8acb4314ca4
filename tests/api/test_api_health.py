"""Whether the dashboard can work, as those see it who start and watch it."""

from dashboard import __version__
from dashboard.jobs.coordinator import coordinator_lock, is_coordinated


def test_a_healthy_dashboard_says_what_it_stands_on(client):
    assert client.get("/healthy") == {
        "ok": True,
        "version": __version__,
        "store": "csv",
        "catalogue": "sqlite",
        "coordinator": True,  # this process holds its lock
        "problems": [],
    }


def test_without_a_coordinator_health_says_so_and_is_still_good(tmp_path):
    assert not is_coordinated(tmp_path)
    with coordinator_lock(tmp_path):
        assert is_coordinated(tmp_path)
    assert not is_coordinated(tmp_path)


def test_a_store_that_cannot_be_written_is_503_and_says_what_is_wrong(client, workspace):
    folder = workspace.store.folder
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("a file where the folder of weights should be")
    body = client.get("/healthy", status=503)
    assert not body["ok"]
    assert body["error"]["code"] == "store_unavailable"
    assert body["problems"] == [body["error"]["message"]]
    assert str(folder) in body["problems"][0]

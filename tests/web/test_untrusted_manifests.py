"""version.json may come from anywhere: a wrong one is refused by name, all others are indexed, and every page works."""

import json
import os
import shutil

import pytest

from dashboard import cli
from dashboard.catalogue import runs as run_rows
from dashboard.services.store.reindexing import reindex_store
from dashboard.services.versions.reading import get_version, list_versions
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import save
from tests.unit.services.store_examples import define, tensors_of

GOOD = (1, 2, 3)
WRONG = (None, [], "x", -1, True, {"a": []}, 1e400, "\ud800")
PATHS = (
    *(("form",), ("network",), ("network", "name"), ("network", "task"), ("network", "spec"), ("network", "dataset")),
    *(("network", "fields"), ("network", "spec", "layers"), ("spec", "layers", 0, "activation"), ("spec", "inputs")),
    *(("spec", "training"), ("spec", "training", "optimizer"), ("metrics",), ("metrics", "loss"), ("evaluation",)),
    *(("evaluation", "test"), ("preprocessing",), ("sha256",), ("epoch",), ("tensors",), ("tensors", 0)),
    *(("tensors", 0, "name"), ("tensors", 0, "dtype"), ("tensors", 0, "shape"), ("tensors", 0, "sha256")),
    *(("created",), ("parent",), ("changed",), ("run",), ("run", "id"), ("run", "kind"), ("run", "created")),
    *(("run", "started"), ("run", "total"), ("run", "spec"), ("run", "started_by"), ("run", "priority")),
    *(("run", "epochs"), ("run", "epochs", "epoch"), ("run", "epochs", "loss", 1), ("run", "epochs", "metrics", 0)),
)
RUN = {
    **{"id": 7, "kind": "training", "attempt": 1, "priority": 0, "started_by": "Ada", "total": 9},
    **{"created": "2026-01-02T03:04:05", "started": "2026-01-02T03:04:06"},
    "epochs": {
        **{name: [0.5, 0.25] for name in ("loss", "seconds", "learning_rate", "val_loss")},
        **{"epoch": [1, 2], "accuracy": [None, None], "val_accuracy": [None, None], "metrics": [{}, {"rmse": 1.5}]},
    },
}
TEXTS = (
    b"",
    b"{",
    b"[" * 100_000,
    b"\xff\xfe",
    b"null",
    b"[]",
    b'{"tensors": 1}',
    b"{}",
    b'{"a": ' + b"9" * 5000 + b"}",
)
PAGES = (
    "/",
    "/store",
    "/runs",
    "/datasets",
    "/networks/flowers",
    "/networks/flowers/history",
    "/networks/flowers/health",
)


@pytest.fixture
def flowers(workspace):
    """Three good versions, whose folder is then copied to many others."""
    network = define(workspace)
    for seed in GOOD:
        evaluation = {"test": {"loss": 1.5, "confusion": [[1, 0], [0, 2]], "per_class": [{"f1": 1.0}, {"f1": 0.5}]}}
        metrics = {"loss": 1 / seed}
        save(workspace, network, tensors_of(network, seed), metrics=metrics, evaluation=evaluation, epoch=seed)
    return workspace


def replaced(stored, path, value):
    """Return a manifest in which one place holds something else."""
    changed = json.loads(json.dumps(stored))
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return changed


def test_damaged_manifests_of_every_kind_refuse_their_version_and_nothing_else(flowers, tmp_path, app_of):
    weights = tmp_path / "other" / "weights"
    shutil.copytree(flowers.settings.home_folder / "weights", weights)
    stored = json.loads((weights / "flowers/v0001/version.json").read_text())
    stored["run"] = RUN | {"spec": stored["spec"]}
    (weights / "flowers/v0001/version.json").write_text(json.dumps(stored))
    wrong = [(path, value) for path in PATHS for value in WRONG]
    texts = [json.dumps(replaced(stored, path, value)).encode() for path, value in wrong]
    for number, text in enumerate([*TEXTS, *texts], start=10):
        folder = weights / "flowers" / f"v{number:04d}"
        shutil.copytree(weights / "flowers/v0001", folder)
        (folder / "version.json").write_bytes(text)
    other = open_workspace(Settings(home=str(tmp_path / "other")))
    client = app_of(other).test_client()
    assert (
        f"{len(TEXTS) + len(texts) + len(GOOD)} versions in the store, but not in the catalogue" in client.get("/").text
    )
    done = reindex_store(other)
    assert {f"flowers:{number}" for number in GOOD} <= set(done.added)
    assert len(done.skipped) >= 60
    reasons = dict(done.skipped)
    for number, (path, value) in enumerate(wrong, start=10 + len(TEXTS)):
        reason = reasons.get(f"flowers:{number}", path[0])
        assert path[0] == "tensors" or path[0] in reason or str(path[-1]) in reason, (path, value, reason)
    assert f"{len(done.skipped)} versions in the store" in client.get("/store").text
    shown = [f"/networks/flowers/versions/{version.number}" for version in list_versions(other, "flowers", 500).items]
    assert len(shown) == len(done.added)
    for address in (*PAGES, *shown, *(f"/api/v1{address}" for address in shown)):
        assert client.get(address).status_code == 200, address
    run = client.get("/api/v1/runs/7").json
    assert (run["state"], run["started_by"], [one["loss"] for one in run["epochs"]]) == (
        "interrupted",
        "Ada",
        [0.5, 0.25],
    )
    assert client.get("/runs/7").status_code == 200
    other.catalogue.close()


def test_the_field_that_is_wrong_is_named_by_its_whole_path(flowers, tmp_path):
    weights = tmp_path / "other" / "weights"
    shutil.copytree(flowers.settings.home_folder / "weights", weights)
    stored = json.loads((weights / "flowers/v0001/version.json").read_text())
    cases = [
        (("spec", "training", "learning_rate"), "x", "Its spec.training.learning_rate is wrong: Give a number"),
        (("spec", "training", "restore_best"), "maybe", "Its spec.training.restore_best is wrong: Give true or false."),
        (("spec", "layers", 0, "dropout"), 7, "Its spec.layers.0.dropout is wrong: Give a number"),
        (("network", "spec", "layers", 0, "units"), "x", "Its network.spec.layers.0.units is wrong: "),
        (("network", "fields"), {"made by": 1}, "Its network.fields.made by is missing, or no text."),
        (("created",), "soon", "Its created is no time: 'soon'."),
        (("metrics",), {"loss": "low"}, "Its metrics.loss is not what Weightbase writes."),
        (("evaluation",), {"test": {"loss": []}}, "Its evaluation.test.loss is not what Weightbase writes."),
    ]
    for number, (path, value, _) in enumerate(cases, start=10):
        shutil.copytree(weights / "flowers/v0001", weights / f"flowers/v{number:04d}")
        text = json.dumps(replaced(stored, path, value))
        (weights / f"flowers/v{number:04d}/version.json").write_text(text)
    other = open_workspace(Settings(home=str(tmp_path / "other")))
    reasons = dict(reindex_store(other).skipped)
    for number, (_, _, reason) in enumerate(cases, start=10):
        assert reasons.pop(f"flowers:{number}").startswith(reason)
    assert not reasons
    other.catalogue.close()


def test_a_pipe_is_a_missing_file_and_pages_say_what_reindex_could_not_add(
    flowers, tmp_path, app_of, monkeypatch, capsys
):
    home = tmp_path / "other"
    shutil.copytree(flowers.settings.home_folder / "weights", home / "weights")
    shutil.copytree(flowers.datasets_folder, home / "datasets")
    (folder,) = (home / "datasets").iterdir()
    pipes = ["flowers/v0001/version.json", "flowers/v0002/layer_01_weight.csv"]
    for path in (*(home / "weights" / name for name in pipes), folder / "dataset.json", home / "trash.json"):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    link = home / "weights/flowers/v0003/version.json"
    link.symlink_to(link.rename(home / "the third"))
    other = open_workspace(Settings(home=str(home)))
    client = app_of(other).test_client()
    for address in ("/", "/datasets", "/store"):
        assert "3 versions in the store, but not in the catalogue: reindex to see them" in client.get(address).text
    with other.catalogue.writing() as connection:
        run_id = run_rows.insert_run(connection, {"kind": "reindex", "total": 3, "spec": {}})
        attempt = run_rows.claim_next_run(connection).attempt
    done = reindex_store(other)
    with other.catalogue.writing() as connection:
        run_rows.note_progress(connection, run_id, attempt, {"result": done.to_json()})
        run_rows.end_run(connection, run_id, attempt, "finished")
    for address in ("/", "/datasets", "/store"):
        page = client.get(address).text
        assert "2 versions in the store, but not in the catalogue: the last reindex could not add them" in page
        assert f'href="/runs/{run_id}"' in page
        assert "reindex to see them" not in page
    monkeypatch.setenv("WEIGHTBASE_HOME", str(home))
    assert cli.main(["verify"]) == 0
    assert "flowers:1 is in the store, but not in the catalogue" in capsys.readouterr().out
    assert done.added == ["flowers:3"]
    assert [name for name, _ in done.skipped] == [folder.name, "flowers:2", "flowers:1"]
    assert "There is something else than a file" in done.skipped[0][1]
    other.catalogue.close()


def test_names_that_a_newer_release_has_added_are_ignored(flowers, tmp_path):
    weights = tmp_path / "other" / "weights"
    shutil.copytree(flowers.settings.home_folder / "weights", weights)
    path = weights / "flowers/v0002/version.json"
    stored = json.loads(path.read_text())
    for place in (stored, stored["network"], stored["spec"], stored["spec"]["training"], stored["tensors"][0]):
        place["of_the_future"] = {"a": [1]}
    stored["spec"]["layers"][0]["of_the_future"] = 1
    path.write_text(json.dumps(stored))
    other = open_workspace(Settings(home=str(tmp_path / "other")))
    assert reindex_store(other).skipped == []
    assert get_version(other, "flowers", 2).spec == get_version(flowers, "flowers", 2).spec
    assert "of_the_future" in json.loads(path.read_text())
    other.catalogue.close()

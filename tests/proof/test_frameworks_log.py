"""The real frameworks log to a real dashboard: callbacks under `fit()`, plain loops, and names that stay."""

from tests.proof.scripts import run_script


def test_callbacks_and_loops_log_every_epoch_under_names_that_stay(dashboard, tmp_path):
    for start in ("first", "again"):
        logged = run_script("log_with_frameworks.py", tmp_path, dashboard.url, start)
        for network, tensors in logged.items():
            version = dashboard.get(f"/networks/{network}/versions")["items"][0]["version"]
            saved = dashboard.get(f"/networks/{network}/versions/{version}")["tensors"]
            assert {one["name"]: [one["dtype"], one["shape"], one["sha256"]] for one in saved} == tensors
        counts = {network: len(dashboard.epochs(network)) for network in logged}
        assert counts == {"keras": 3, "lightning": 2, "pytorch": 2, "scikit-learn": 2}, start
    assert list(logged["keras"])[:1] == ["dense/kernel"]
    runs = {run["network"]: run for run in dashboard.get("/runs")["items"]}
    assert [(runs[name]["state"], runs[name]["done"]) for name in ("keras", "lightning")] == [
        ("finished", 3),
        ("finished", 2),
    ]

"""Cancel on the page of an external run ends a real training after its epoch, and the script goes on behind it."""

import pytest

from tests.proof.scripts import run_script


@pytest.mark.parametrize("framework", ["keras", "lightning", "pytorch"])
def test_cancel_on_the_page_ends_a_real_training_after_its_epoch(dashboard, tmp_path, framework):
    epochs = run_script("cancelled_training.py", tmp_path, dashboard.url, framework)["epochs"]
    assert 3 <= epochs <= 4  # pressed after the second; the answer to the third says it
    (run,) = dashboard.get("/runs")["items"]
    assert (run["state"], run["error"], run["done"]) == ("cancelled", None, epochs)
    assert dashboard.epochs("net") == list(range(1, epochs + 1))

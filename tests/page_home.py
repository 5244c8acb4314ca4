"""A home in which every page of `tests/page_types.py` is there: made once, in about ten seconds, by the app itself.

What has to be computed is computed by a real worker; what shall be seen waiting, running or failed is written down
after it has ended. Whoever shows the home holds the coordinator's lock (`showing`), so that it stays as it is.
"""

import io
import json
import shutil
from contextlib import closing, contextmanager

import numpy as np
from safetensors.numpy import save as safetensors_bytes
from werkzeug.datastructures import FileStorage

from dashboard import create_app
from dashboard.catalogue import runs as run_rows
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.services.datasets import add_bundled, create_dataset, receive_upload
from dashboard.services.demo import demo_definition
from dashboard.services.networks import create_network, delete_network
from dashboard.services.runs.external import note_epochs, start_external
from dashboard.services.runs.queue import count_active_runs
from dashboard.services.runs.runs import start_run
from dashboard.services.search.requests import create_search
from dashboard.services.versions.outside import create_foreign_network
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.data_of_classes import trained_version
from tests.once import demo_home, made_once
from tests.page_types import PAGE_TYPES
from tests.picture_files import colour_zip
from tests.unit.services.foreign_versions import other_arrays, save_foreign
from tests.unit.services.used_versions import mixed_version, table
from tests.web.page_check import Browser
from tests.worker import wait_until, working

FOUND = "found.json"
NETWORK = "/networks/demo-digits"
SEARCH = {
    "name": "flowers",
    "dataset": "iris",
    "space": {"layers": {"low": 1, "high": 2}, "units": {"low": 2, "high": 8}, "batch_size": [16]},
    "goal": {"metric": "val_accuracy", "second": "parameters"},
    "budget": {"trials": 4, "epochs": 2},
}


def home_with_all(tmp_path_factory):
    """Return (a copy of the home, page's name -> its address)."""

    def make(folder):
        shutil.copytree(demo_home(tmp_path_factory), folder, dirs_exist_ok=True)
        fill(folder)

    home = tmp_path_factory.mktemp("all_pages") / "home"
    shutil.copytree(made_once(tmp_path_factory, "all_pages", make), home)
    return home, addresses(home)


def addresses(home):
    """Return page's name -> its address in a home that `fill` has filled."""
    found = json.loads((home / FOUND).read_text())
    return {page.name: page.address.format(**found) for page in PAGE_TYPES}


@contextmanager
def showing(home):
    """Give the app on a home, in which nothing is carried out as long as the block lasts."""
    opened = open_workspace(Settings(home=str(home)))
    with closing(opened.catalogue), coordinator_lock(opened.settings.home_folder):
        yield create_app(workspace=opened)


def fill(home):
    """Fill the home of a trained demo with one of everything that has a page."""
    opened = open_workspace(Settings(home=str(home)))
    browser = Browser(create_app(workspace=opened).test_client())
    with closing(opened.catalogue):
        with working(opened.settings):
            found = compute(opened, browser)
            wait_until(lambda: not count_active_runs(opened), "the runs to end")
        with coordinator_lock(opened.settings.home_folder):
            found |= prepare(opened, browser) | leave_runs(opened, browser)
    (home / FOUND).write_text(json.dumps(found))


def compute(workspace, browser):
    """Queue what a worker carries out, and return the numbers of the runs."""
    repeats = run_of(browser.post(f"{NETWORK}/folds", {"count": "2", "epochs": "2"}, source=NETWORK))
    action = run_of(browser.post("/store/verify", source="/store"))
    add_bundled(workspace, "iris")
    create_search(workspace, SEARCH)
    return {"repeats": repeats, "action": action}


def prepare(workspace, browser):
    """Make networks, uploads and something for the trash; return the tokens and keys of their addresses."""
    save_foreign(workspace)
    save_foreign(workspace, arrays=other_arrays())
    mixed_version(workspace)
    trained_version(workspace)
    create_dataset(workspace, receive_upload(workspace, io.BytesIO(colour_zip()), "shades.zip"), {"name": "shades"})
    create_network(workspace, demo_definition() | {"name": "untrained"})
    given_up = create_network(workspace, demo_definition() | {"name": "given-up"})
    delete_network(workspace, "given-up")
    weights = {"fc1.weight": np.eye(4, dtype=np.float32), "fc1.bias": np.ones(4, np.float32)}
    return {
        "trashed": f"network-{given_up.id}",
        "upload": sent(browser, "/datasets/new", "table.csv", table().encode()),
        "pictures": sent(browser, "/datasets/new", "more.zip", colour_zip()),
        "file": sent(browser, "/import", "mlp.safetensors", safetensors_bytes(weights)),
        "answered": sent(browser, "/use/mixed:1/file", "answers.csv", table().encode(), "/use/mixed:1"),
    }


def sent(browser, address, name, content, source=None):
    """Send a file by its form, and return the token in the address that the browser is led to."""
    data = {"file": FileStorage(io.BytesIO(content), name)}
    page = browser.post(address, data, source=source, content_type="multipart/form-data")
    return page.response.request.path.split("/")[-1]


def leave_runs(workspace, browser):
    """Leave a run that failed, one that is running, here and elsewhere, and one that waits; return their numbers."""
    failed, running = started(workspace, 1), started(workspace, 2)
    with workspace.catalogue.writing() as connection:
        run_rows.end_run(connection, failed.id, failed.attempt, "failed", "The loss is not finite in epoch 2: NaN.")
    queued = start_run(workspace, "demo-digits", {"epochs": 40}, "page")
    create_search(workspace, SEARCH | {"name": "waiting"})
    create_foreign_network(workspace, "elsewhere")
    elsewhere, _ = start_external(workspace, "elsewhere", {"kind": "external", "key": "a", "epochs": 10}, "ada (API)")
    note_epochs(workspace, elsewhere.id, [{"epoch": 1, "loss": 0.9, "val_accuracy": 0.5}])
    return {"failed": failed.id, "running": running.id, "queued": queued.id, "elsewhere": elsewhere.id}


def started(workspace, epochs):
    """Return a run of the demo network that was begun and has written down this many of eight epochs."""
    start_run(workspace, "demo-digits", {"epochs": 8}, "Ada (page)")
    with workspace.catalogue.writing() as connection:
        run = run_rows.claim_next_run(connection)
        run_rows.append_epochs(connection, run.id, run.attempt, [epoch(number) for number in range(1, epochs + 1)])
    return run


def epoch(number):
    """Return what a run writes down of an epoch."""
    loss = {"loss": 1.4 / number, "val_loss": 1.5 / number}
    return loss | {
        "epoch": number,
        "accuracy": 1 - 0.5 / number,
        "val_accuracy": 1 - 0.6 / number,
        "seconds": 0.5,
        "learning_rate": 0.003,
        "metrics": {},
    }


def run_of(page):
    """Return the number of the run whose page this is."""
    return int(page.response.request.path.split("/")[-1])

"""The lines that a tensor's page shows for other programs, run as they stand against a server that answers."""

import contextlib
import shutil
import subprocess
import threading
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
from werkzeug.serving import make_server

from dashboard.services.versions.tensors import array, find_tensor
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.server import connect, free_port
from tests.unit.services.saved_versions import new_network, save, zeros
from tests.web.page_check import Browser, words

TENSOR = "/networks/demo-digits/versions/6/tensors/layer_01.weight"


@contextlib.contextmanager
def answering(app):
    """Serve an app, and give the address that its pages are asked for."""
    server = make_server("127.0.0.1", free_port(), app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


def lines(page, name):
    return "".join(page.by_id(f"{name}-lines").itertext())


@pytest.fixture(scope="module")
def served(demo_app):
    with answering(demo_app) as address:
        yield address


@pytest.fixture
def page(demo, served):
    return demo.get(TENSOR, base_url=served)


@pytest.fixture
def weights(trained_workspace):
    return array(trained_workspace, *find_tensor(trained_workspace, "demo-digits", 6, "layer_01.weight"))


def test_the_lines_for_pandas_give_the_table_to_the_bit(page, weights):
    known = {}
    exec(compile(lines(page, "pandas"), "pandas", "exec"), known)
    table = known["weights"]
    assert list(table.columns) == [f"c{number}" for number in range(32)]
    assert table.to_numpy().dtype == np.float32
    assert np.array_equal(table.to_numpy(), weights)


def test_the_lines_for_curl_save_the_table(page, weights, tmp_path):
    subprocess.run(["sh", "-c", lines(page, "curl")], check=True, cwd=tmp_path, capture_output=True)
    (file,) = tmp_path.iterdir()
    assert file.name == "demo_digits_v6_layer_01_weight.csv"
    assert np.array_equal(pd.read_csv(file).to_numpy(np.float32), weights)


def test_the_lines_for_r_are_one_call_on_the_same_address(page, weights, tmp_path):
    text = lines(page, "r")
    assert text.count("(") == text.count(")")
    (address,) = [part for part in text.split('"') if part.startswith("http://")]
    assert urlsplit(address).path == f"/api/v1{TENSOR}.csv"
    if shutil.which("Rscript"):
        script = f'{text}\nwrite.table(weights, "out.txt", row.names = FALSE, col.names = FALSE)'
        subprocess.run(["Rscript", "-e", script], check=True, cwd=tmp_path)
        assert np.allclose(np.loadtxt(tmp_path / "out.txt"), weights, rtol=1e-12)


def test_a_store_of_csv_files_says_what_sql_needs_and_shows_no_path(page, trained_workspace):
    text = words(page.by_id("main"))
    assert "SQL needs a MySQL or MariaDB store" in text
    assert str(trained_workspace.settings.home) not in page.text


@pytest.mark.server
def test_the_lines_for_sql_give_the_table_from_the_store(tmp_path, mysql_url, app_of):
    workspace = open_workspace(Settings(home=str(tmp_path / "home"), store=mysql_url))
    wide = ({"units": 1200, "activation": "relu"},)
    network = new_network(workspace, layers=wide)
    made = np.random.default_rng(3).normal(size=(4, 1200)).astype(np.float32)
    save(workspace, network, zeros(network) | {"layer_01.weight": made})
    browser = Browser(app_of(workspace).test_client())
    connection = connect(mysql_url, urlsplit(mysql_url).path.strip("/"))
    for tensor, expected in (("layer_01.weight", made), ("layer_01.bias", np.zeros((1200, 1), np.float32))):
        page = browser.get(f"/networks/small/versions/1/tensors/{tensor}")
        cursor = connection.cursor()
        cursor.execute(lines(page, "sql").rstrip(";"))
        rows = np.array(cursor.fetchall(), np.float64)
        cursor.close()
        assert np.array_equal(rows[:, 0], np.arange(len(expected)))
        assert np.array_equal(rows[:, 1:].astype(np.float32), expected)
        assert "password" not in lines(page, "sql")
    connection.close()
    workspace.catalogue.close()

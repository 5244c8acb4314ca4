"""Every page and address works for weights from elsewhere, whatever their names, shapes and types; or says why not."""

import io
import json
import re
import zipfile
from contextlib import closing
from urllib.parse import urlencode

import numpy as np
import pytest

from dashboard import create_app
from dashboard.services.cache.numbers import Budget
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from dashboard.weights.checksums import tensor_sha256
from tests.api.api_client import ApiClient
from tests.representatives import STORES, on_both_stores
from tests.unit.services.foreign_versions import odd_arrays, other_arrays, save_foreign
from tests.web.old_homes import api_addresses, walk
from tests.web.page_check import Browser

pytestmark = pytest.mark.slow

NEEDS_LAYERS = re.compile(r"/inputs$|/compare/why\b")
"""What a version without layers of ours is refused, in words."""


@pytest.fixture(scope="module", params=STORES)
def foreign(tmp_path_factory, request):
    """Two versions of one foreign network, and one of another; served."""
    store = "csv:" if request.param == "csv" else request.getfixturevalue("mysql_url_of_module")
    workspace = open_workspace(Settings(home=str(tmp_path_factory.mktemp("home")), store=store))
    with closing(workspace.catalogue), closing(workspace.store):
        save_foreign(workspace, epoch=1, metrics={"accuracy": 0.5, "my metric": 3})
        save_foreign(workspace, epoch=2, metrics={"accuracy": 0.75, "loss": None}, arrays=other_arrays())
        save_foreign(workspace, "another", arrays=odd_arrays())
        yield create_app(workspace=workspace)


def test_all_that_pages_lead_to_works(foreign):
    assert len(walk(Browser(foreign.test_client()), with_queries=False)) > 30


def test_history_health_and_comparison_of_every_tensor_work(foreign):
    browser = Browser(foreign.test_client())
    for name in odd_arrays():
        of_tensor = urlencode({"tensor": name})
        for page in ("history", "health"):
            browser.get(f"/networks/imported/{page}?{of_tensor}")
        browser.get(f"/compare?base=imported:1&other=imported:2&{of_tensor}")


def test_all_that_the_api_answers_is_as_its_document_says(foreign):
    client = ApiClient(foreign)
    for of_path in api_addresses(client).values():
        for address in of_path:
            needs_layers = NEEDS_LAYERS.search(address)
            with closing(client.fetch("GET", address)) as answer:
                assert answer.status_code in ((409,) if needs_layers else (200, 404)), (address, answer.text)


@on_both_stores("foreign")
def test_the_zip_names_the_file_of_each_tensor_with_all_that_is_needed_to_read_it_back(foreign):
    answer = foreign.test_client().get("/api/v1/networks/imported/versions/1.zip", base_url="http://127.0.0.1")
    with closing(answer), zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        about = json.loads(archive.read("version.json"))
        names = [tensor["file"] for tensor in about["tensors"]]
        assert sorted({*names, "version.json"}) == sorted(archive.namelist())
        assert len({name.casefold() for name in names}) == len(odd_arrays())
        assert all(re.fullmatch(r"[\w]+\.csv", name, re.ASCII) for name in names)
        for tensor, (name, array) in zip(about["tensors"], odd_arrays().items(), strict=True):
            expected = (name, array.dtype.name, list(array.shape), tensor_sha256(array))
            assert tuple(tensor[part] for part in ("name", "dtype", "shape", "sha256")) == expected
    assert (about["kind"], about["origin"]["how"], about["spec"]) == ("foreign", "import", None)


def test_a_foreign_network_is_made_by_the_api_and_refuses_what_only_a_dense_one_has(foreign):
    client = ApiClient(foreign)
    made = client.post("/api/v1/networks", json={"name": "mine", "kind": "foreign", "purpose": "p"}, status=201)
    assert (made["kind"], made["dataset"], made["task"], made["output"]) == ("foreign", None, None, None)
    assert client.fails("POST", "/api/v1/networks", 409, json={"name": "mine", "kind": "foreign"})["field"] == "name"
    with_dataset = {"kind": "foreign", "name": "x", "dataset": "iris"}
    for wrong in (with_dataset, {"kind": "odd", "name": "x"}, {"kind": "foreign"}):
        client.fails("POST", "/api/v1/networks", 422, json=wrong)


@on_both_stores("foreign")
def test_pages_say_how_it_came_to_be_and_why_it_cannot_be_run(foreign):
    browser = Browser(foreign.test_client())
    page = browser.get("/networks/imported/versions/1")
    assert "imported from a file" in page.text
    assert "model.npz" in page.text
    assert "can be neither run nor trained here" in page.text
    assert "#train" not in page.text
    assert "can be neither run nor trained here" in browser.get("/networks/imported").text
    assert "can be neither run nor trained here" in browser.get("/networks/imported/versions/1/evaluate").text


def test_what_needs_layers_or_records_is_refused_in_words(foreign):
    client = foreign.test_client()
    place = "/api/v1/networks/imported"
    for address, body in (
        (f"{place}/runs", {}),
        (f"{place}/runs", {"parent": 1}),
        (f"{place}/runs", {"folds": 5}),
        (f"{place}/versions/1/evaluate", {"dataset": "digits"}),
    ):
        answer = client.post(address, json=body, headers={"Host": "127.0.0.1:8000"})
        assert answer.status_code in (404, 409), (address, answer.text)
        assert answer.json["error"]["message"]


def test_many_tensors_are_listed_in_pages_and_filtered_by_name(foreign):
    names = [f"layer.{number}.weight" for number in range(103)]
    save_foreign(foreign.extensions["workspace"], "many", {name: np.zeros(1, np.float32) for name in names})
    browser = Browser(foreign.test_client())
    first = browser.get("/networks/many/versions/1")
    assert "1 to 100 of 103" in first.text
    assert "Not what was saved" not in first.text
    assert "100 more tensors all zero" in first.text
    assert "layer.102.weight" not in first.text
    assert "layer.102.weight" in browser.get("/networks/many/versions/1?offset=100").text
    some = browser.get("/networks/many/versions/1?search=R.10")
    assert [name for name in names if f">{name}<" in some.text] == [name for name in names if "r.10" in name]
    assert "No tensor has" in browser.get("/networks/many/versions/1?search=nothing").text
    assert len(browser.raw("/networks/many/versions/1/tensors.csv").text.splitlines()) == 104


def test_many_tensors_are_compared_where_the_page_shows_them(foreign):
    workspace, numbers = foreign.extensions["workspace"], range(103)
    save_foreign(workspace, "wide", {f"layer.{number}": np.full(3, number, np.float32) for number in numbers})
    doubled = {f"layer.{number}": np.full(3, 2 * number, np.float32) for number in numbers}
    save_foreign(workspace, "wide", doubled | {"layer.102": np.full(3, -102, np.float32)})
    browser = Browser(foreign.test_client())
    page = "/compare?base=wide:1&other=wide:2"
    first = browser.get(page)
    assert "1 to 100 of 103" in first.text
    assert "102 of 103 tensors changed, of those compared layer.1 most (100 % of its norm" in first.sentence
    assert "Compare the values of all 103" in first.text
    assert "layer.101<" not in first.text
    second = browser.get(f"{page}&offset=100")
    assert "layer.102 most" in second.text, second.sentence
    assert "3 signs flipped" in second.text
    whole = browser.get(f"{page}&draw=1")
    assert "changed, layer.102 most (200.0 % of its norm" in whole.sentence
    assert "Compare the values of all" not in whole.text
    assert "layer.102 most" in browser.get(f"{page}&tensor=layer.102").text
    by_change = browser.get(f"{page}&sort=relative")
    assert by_change.text.index("layer.102<") < by_change.text.index("layer.1<")
    assert len(browser.raw(f"/compare/tensors.csv?{page.partition('?')[2]}").text.splitlines()) == 104


def test_many_tensors_are_compared_a_part_in_each_request_while_a_person_watches(foreign, monkeypatch):
    monkeypatch.setattr("dashboard.web.compare.listing.AT_ONCE", Budget(seconds=1e-9))  # one tensor in each request
    workspace = foreign.extensions["workspace"]
    for sign in (1, -1):
        arrays = {f"layer.{number}": np.full(3, sign * number, np.float32) for number in range(101)}
        save_foreign(workspace, "watched", arrays)
    browser = Browser(foreign.test_client())
    compared = "base=watched:1&other=watched:2&sort=relative"
    page = browser.get(f"/compare?{compared}")
    assert "Comparing the values of all 101 tensors" in page.text
    assert f'data-poll-url="/compare/progress?{compared.replace("&", "&amp;")}"' in page.text
    assert "Counting: 2 of 101" in browser.raw(f"/compare/progress?{compared}").text
    numbers = browser.raw(f"/api/v1/compare?{compared.rpartition('&')[0]}")
    assert [tensor["changed"] for tensor in numbers.json["tensors"]] == [0, *[3] * 100]
    assert "Everything is counted" in browser.raw(f"/compare/progress?{compared}").text
    assert "Comparing the values" not in browser.get(f"/compare?{compared}").text


def test_of_many_tensors_without_a_counterpart_the_first_are_named(foreign):
    workspace = foreign.extensions["workspace"]
    save_foreign(workspace, "renamed", {f"old.{number}": np.zeros(2, np.float32) for number in range(101)})
    save_foreign(workspace, "renamed", {f"new.{number}": np.zeros(3, np.float32) for number in range(101)})
    page = Browser(foreign.test_client()).get("/compare?base=renamed:1&other=renamed:2")
    assert page.text.count(" and 1 more, in the table above") == 2
    assert 'type="text" id="pair_base"' in page.text

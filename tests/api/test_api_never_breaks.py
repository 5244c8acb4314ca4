"""Whatever is sent, the answer is one that the document promises, never a fault of ours (the client sees to both)."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.records.training import TRAINING_SETTINGS
from dashboard.services.search.requests import DEFAULT_SPACE

pytestmark = pytest.mark.usefixtures("kept")

FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TEXTS = st.text(max_size=20) | st.sampled_from(
    ["iris", "iris-net", "iris-net:1", "1", "nan", "-1", "1e999", "\x00", ""]
)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-2, 3)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def some(names):
    return st.dictionaries(st.sampled_from(sorted(names)) | TEXTS, VALUES, max_size=4)


LAYERS = st.lists(some({"units", "activation", "bias", "dropout", "frozen"}) | VALUES, max_size=3) | VALUES
DEFINITIONS = st.fixed_dictionaries(
    {"name": TEXTS | VALUES, "dataset": st.just("iris") | VALUES},
    optional={
        "purpose": VALUES,
        "fields": VALUES,
        "layers": LAYERS,
        "output": some({"activation", "bias", "frozen"}) | VALUES,
        "training": some(TRAINING_SETTINGS) | VALUES,
    },
)

RANGES = some({"low", "high"}) | VALUES
SEARCHES = st.fixed_dictionaries(
    {"name": TEXTS | VALUES, "dataset": st.just("iris") | VALUES},
    optional={
        "space": st.dictionaries(st.sampled_from(sorted(DEFAULT_SPACE)), RANGES | st.just(["adam"]), max_size=4)
        | VALUES,
        "goal": some({"metric", "second"}) | VALUES,
        "budget": some({"trials", "epochs", "seconds"}) | VALUES,
        "sampler": st.sampled_from(["neural", "gp", "grid"]) | VALUES,
        "stopping": st.sampled_from(["none", "curve"]) | VALUES,
        "seed": VALUES,
    },
)


@FUZZ
@given(DEFINITIONS)
def test_any_definition_is_kept_or_refused(client, body):
    assert client.fetch("POST", "/api/v1/networks", json=body).status_code in {201, 409, 422}


@FUZZ
@given(some({*TRAINING_SETTINGS, "parent"}) | VALUES)
def test_any_start_is_queued_or_refused(client, body):
    assert client.fetch("POST", "/api/v1/networks/iris-net/runs", json=body).status_code in {202, 400, 404, 422}


@FUZZ
@given(SEARCHES, VALUES)
def test_any_search_is_started_or_refused_and_any_change_of_it_is_made_or_refused(client, body, change):
    started = client.fetch("POST", "/api/v1/searches", json=body)
    assert started.status_code in {201, 409, 422}
    if started.status_code == 201:
        for part in ("space", "budget"):
            changed = client.fetch("PATCH", started.headers["Location"], json={part: body.get(part, change)})
            assert changed.status_code in {200, 422}
        changed = client.fetch("PATCH", started.headers["Location"], json=change)
        assert changed.status_code in {200, 400, 422}


@FUZZ
@given(
    st.binary(max_size=60),
    st.sampled_from(["application/json", "multipart/form-data; boundary=x", "text/csv", "", "/"]),
)
def test_any_bytes_are_refused(client, body, content_type):
    for path in ("datasets", "networks", "searches", "networks/iris-net/versions/1/evaluate"):
        assert client.fetch("POST", f"/api/v1/{path}", data=body, content_type=content_type).status_code in {
            400,
            415,
            422,
        }


@FUZZ
@given(
    st.dictionaries(
        st.sampled_from(["name", "target", "kinds", "image_shape", "seed", "validation", "delimiter"]), TEXTS
    ),
    st.binary(max_size=80) | st.text(alphabet='ab12,;.\n" ', max_size=80).map(str.encode),
)
def test_any_file_becomes_a_dataset_or_is_refused(client, choices, content):
    parts = {name: value.encode("utf-8", "replace").decode() for name, value in choices.items()}
    lines = [b"--x", b'Content-Disposition: form-data; name="file"; filename="f.csv"', b"", content]
    for name, value in parts.items():
        lines += [b"--x", f'Content-Disposition: form-data; name="{name}"'.encode(), b"", value.encode()]
    body = b"\r\n".join([*lines, b"--x--", b""])
    response = client.fetch("POST", "/api/v1/datasets", data=body, content_type="multipart/form-data; boundary=x")
    assert response.status_code in {201, 400, 409, 413, 422}


PATHS = [
    "networks/{0}",
    "datasets/{0}",
    "networks/{0}/versions/{1}",
    "networks/iris-net/versions/{0}",
    "networks/iris-net/versions/3/tensors/{0}.json",
    "networks/iris-net/versions/1/tensors/layer_01.weight.{0}",
    "networks/iris-net/versions/1/tensors/layer_01.weight.json?row={0}&rows={1}&columns={2}",
    "networks/iris-net/versions/3/tensors/special.float32.csv?column={0}&header={1}",
    "networks/iris-net/versions/3/tensors/float64/distribution?bins={0}&limits={1}",
    "networks?limit={0}&offset={1}&search={2}",
    "networks/iris-net/versions?limit={0}&offset={1}",
    "runs?network={0}&limit={1}",
    "runs?state={0}&offset={1}",
    "runs/{0}?since={1}",
    "searches?limit={0}&offset={1}",
    "searches/{0}/trials/{1}",
    "searches/{0}/findings",
    "compare?base={0}&other={1}",
    "compare/several?version={0}&version={1}&tensor={2}",
    "compare/all?network={0}&limit={1}",
    "networks/{0}/history?tensor={1}&since={2}",
    "networks/iris-net/timeline?tensor={0}&row={1}&column={2}",
    "networks/iris-net/timeline?tensor=special.float32&row={0}&unit={1}",
    "networks/{0}/health?tensor={1}",
    "{0}/{1}/{2}",
]


@FUZZ
@given(st.sampled_from(PATHS), st.lists(TEXTS | st.integers(-(2**70), 2**70).map(str), min_size=3, max_size=3))
def test_any_address_is_answered(client, path, parts):
    address = "/api/v1/" + path.format(*(quote(part.encode("utf-8", "replace"), safe="/:") for part in parts))
    assert client.client.get(address, base_url="http://127.0.0.1").status_code in {200, 308, 400, 404, 422}


def test_every_network_that_was_kept_can_be_listed_and_read(client):
    """What the definitions above may hold comes back as it was sent."""
    strange = {"purpose": "a\u2028\U0001f600", "fields": {"k" * 64: "v\tw"}, "layers": [], "name": "é" * 64}
    client.post("/api/v1/networks", json=strange | {"dataset": "iris"}, status=201)
    network = client.get("/api/v1/networks")["items"][0]
    assert json.dumps({name: network[name] for name in strange}) == json.dumps(strange)

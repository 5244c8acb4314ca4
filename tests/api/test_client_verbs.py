"""The client against the dashboard itself, without a socket: each of its requests is held to the OpenAPI document."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.api.api_client import HOST
from tests.api.examples import special_tensors
from tests.data_of_classes import trained_version
from tests.unit.services.saved_versions import save_two
from tests.unit.services.used_versions import mixed_version, table
from weightbase import pulling, verbs
from weightbase.command import carry_out, parser_of_client
from weightbase.connection import Answer
from weightbase.errors import Damaged, WeightbaseError
from weightbase.explaining import explain
from weightbase.models import tensors_of
from weightbase.pulling import pulled


class ToTheApp:
    """Carries the client's requests to the app through the client of these tests, which checks every answer."""

    def __init__(self, client):
        self.client, self.sent = client, []

    def request(self, method, path, body, headers):
        content = body.read() if hasattr(body, "read") else body
        self.sent.append((method, path.partition("?")[0], len(content or b"")))
        plain = {name: value for name, value in headers.items() if name != "Content-Length"}
        address = f"/api/v1{path}"
        if method == "HEAD":  # which comes with each GET, and is not in the document
            answer = self.client.client.head(address, base_url=HOST)
        else:
            answer = self.client.fetch(method, address, data=content, headers=plain)
        return Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.data)


@pytest.fixture
def place(client, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return ToTheApp(client)


def carried_out(place, line):
    """Return what a verb finds, its arguments read from a command line."""
    given = parser_of_client().parse_args(shlex.split(line))
    return getattr(verbs, given.verb_name)(place, given)


def test_what_is_pulled_is_what_was_saved_bit_for_bit(place, kept):
    pulled_ones = {one.name: one for one in pulled(place, "iris-net:3")}
    saved = special_tensors()
    assert pulled_ones.keys() == saved.keys()
    for name, array in saved.items():
        assert pulled_ones[name].bits.tobytes() == np.ascontiguousarray(array).tobytes()
        assert pulled_ones[name].array.shape == array.shape
    place.sent.clear()
    assert len(list(pulled(place, "iris-net:latest"))) == len(saved)
    assert [path for _, path, _ in place.sent if path.endswith(".npy")] == []  # from the cache


def test_a_changed_file_of_the_cache_is_not_believed(place, kept, tmp_path):
    first = {one.name: one.bits.tobytes() for one in pulled(place, "iris-net:1")}
    for path in (tmp_path / "cache" / "weightbase").iterdir():
        path.write_bytes(bytes(path.stat().st_size))
    assert {one.name: one.bits.tobytes() for one in pulled(place, "iris-net:1")} == first


def test_an_array_that_is_not_what_was_saved_is_refused(place, kept, monkeypatch):
    monkeypatch.setattr(pulling, "sha256", lambda bits: "0" * 64)
    with pytest.raises(Damaged, match="layer_01"):
        list(pulled(place, "iris-net:2"))


@pytest.mark.parametrize(
    "line", ["networks", "versions iris-net", "runs", "datasets", "searches", "networks --limit 1"]
)
def test_a_list_is_the_api_s_and_a_table(place, kept, line):
    printed = carried_out(place, line)
    address = {"versions iris-net": "networks/iris-net/versions"}.get(line, line.split()[0])
    assert printed.body == place.client.get(f"/api/v1/{address}")
    assert len(printed.lines) == max(1, len(printed.body["items"]) + bool(printed.body["items"]))


def test_a_list_goes_through_all_pages(place, kept, monkeypatch):
    monkeypatch.setattr(verbs, "PAGE", 2)
    assert [item["version"] for item in carried_out(place, "versions iris-net").body["items"]] == [3, 2, 1]
    assert [item["version"] for item in carried_out(place, "versions iris-net --limit 1").body["items"]] == [3]


def test_compare_says_by_its_code_whether_versions_differ(place, kept):
    assert carried_out(place, "compare iris-net:1 iris-net:1").code == 0
    printed = carried_out(place, "compare iris-net:1 iris-net:2")
    assert printed.code == 1
    assert printed.body == place.client.get("/api/v1/compare?base=iris-net:1&other=iris-net:2")
    assert "layer_01.weight  changed" in "\n".join(printed.lines)


def test_explain_says_which_units_changed_the_loss(place, workspace):
    save_two(workspace)
    given = parser_of_client().parse_args(["explain", "small:1", "small:latest", "--class", "setosa"])
    printed = explain(place, given)
    assert printed.body == place.client.get("/api/v1/compare/why?base=small:1&other=small:2&class=setosa")
    first = printed.body["units"][0]
    assert printed.lines[0].startswith(f"cross entropy on {printed.body['records']} records (validation): ")
    assert any(line.split()[:2] == [str(first["layer"]), str(first["unit"])] for line in printed.lines)


def test_verify_and_show(place, kept):
    printed = carried_out(place, "verify iris-net:latest")
    assert (printed.code, printed.lines[0]) == (0, f"iris-net:3: identical ({len(special_tensors())} tensors)")
    assert carried_out(place, "show iris-net:1").body["reference"] == "iris-net:1"
    assert "latest: 3" in carried_out(place, "show iris-net").lines


@pytest.mark.parametrize("kind", ["npz", "npy", "csv", "safetensors"])
def test_pull_writes_files(place, kept, kind):
    files = carried_out(place, f"pull iris-net:2 --output out --format {kind}").body["files"]
    assert len(files) == (1 if kind in {"npz", "safetensors"} else 2)
    if kind == "npz":
        assert np.load(files[0])["layer_01.weight"][2, 5] == -0.5
    if kind == "csv":
        assert np.loadtxt(files[0], delimiter=",").shape == (4, 8)
    if kind == "safetensors":
        assert {one.name: one.bits.tobytes() for one in tensors_of(files[0])}["layer_01.bias"] == bytes(64)


@pytest.mark.parametrize("line", ["show nix:1", "compare iris-net nix", "pull iris-net:9"])
def test_what_is_refused_is_one_sentence_and_with_json_the_api_s_error(place, kept, line, tmp_path, capsys):
    np.savez(tmp_path / "a.npz", w=np.ones(2))
    given = parser_of_client().parse_args([*shlex.split(line), "--json"])
    assert carry_out(lambda: getattr(verbs, given.verb_name)(place, given), given) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error.keys() == {"code", "message", "field"}
    with pytest.raises(WeightbaseError):
        carried_out(place, line)


def test_several_targets_of_classes_are_answered_in_a_line_each(place, workspace):
    trained_version(workspace, targets=2)
    printed = carried_out(place, "predict groups:latest a=1.5 b=-1.5 shape=flat")
    labels = printed.body["answers"][0]["labels"]
    assert [line.split()[:2] for line in printed.lines[-2:]] == [["size", labels["size"]], ["colour", labels["colour"]]]


def test_a_version_answers_on_the_command_line(place, workspace):
    mixed_version(workspace)
    listed = carried_out(place, "inputs mixed:latest")
    assert [column["name"] for column in listed.body["columns"]][:2] == ["when", "size"]
    record = "when=2024-03-04 size=0.5 member=yes colour=red grade=8"
    printed = carried_out(place, f"predict mixed:1 {record}")
    assert printed.lines[0] == printed.body["answers"][0]["label"]
    assert len(printed.lines) == 5
    asked = carried_out(place, f"why mixed:1 {record} --output =why.csv")
    assert asked.body["answer"] == printed.body["answers"][0]
    assert Path("=why.csv").read_text().splitlines()[0] == "column,contribution"
    assert any(line.startswith("left over") for line in carried_out(place, "why mixed:1 --number 3").lines)
    with pytest.raises(WeightbaseError, match="--number"):
        carried_out(place, "why mixed:1")
    with pytest.raises(WeightbaseError, match="size is missing"):
        carried_out(place, "predict mixed:1 when=2024-03-04")
    with pytest.raises(WeightbaseError, match="COLUMN=VALUE"):
        carried_out(place, "predict mixed:1 when size=1")
    Path("mine.csv").write_text(table())
    written = carried_out(place, "predict mixed:1 mine.csv --output answers.csv")
    assert written.lines == ["answers.csv"]
    lines = Path("answers.csv").read_text().splitlines()
    assert carried_out(place, "predict mixed:1 mine.csv").lines == lines
    assert lines[0].endswith(",label,prediction,score,problem")

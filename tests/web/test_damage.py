"""What was edited, cut, removed or replaced in the store is said where it is looked at, and no wrong number is shown.

Every kind of stored file and table is damaged in turn; then each address of the version either answers as it did when
all was sound, or says what is wrong.
"""

import csv
import io
import json
import re
import shutil

import mysql.connector
import numpy as np
import pytest

from dashboard.jobs.coordinator import coordinator_lock
from dashboard.records.mysql_address import parse_address
from dashboard.services.networks import get_network
from dashboard.services.store.tables import clear_cache
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.representatives import some_and_all
from tests.unit.services.store_examples import define, save, tensors_of

TENSOR = "layer_01.weight"
SPECIAL = "special"
V2 = "/networks/flowers/versions/2"
API = f"/api/v1{V2}"
OWN = [  # of the damaged version alone
    V2,
    f"{V2}/tensors/{TENSOR}",
    f"{V2}/tensors/{TENSOR}?row=2&column=1",
    f"{V2}/tensors/{SPECIAL}",
    f"{V2}/tensors.csv",
    f"{V2}/distribution.csv?tensor={TENSOR}",
    f"{V2}/heat-map.png?tensor={TENSOR}&theme=light",
    API,
    f"{API}.zip",
    *(f"{API}/tensors/{TENSOR}.{kind}" for kind in ("csv", "json", "npy")),
    *(f"{API}/tensors/{SPECIAL}.{kind}" for kind in ("csv", "json", "npy")),
    f"{API}/tensors/{TENSOR}.csv?header=no",
    f"{API}/tensors/{TENSOR}.json?row=3&column=2&rows=1&columns=1",
    f"{API}/tensors/{TENSOR}/distribution",
    "/compare?base=flowers:1&other=flowers:2",
    "/api/v1/compare?base=flowers:1&other=flowers:2",
    f"/api/v1/compare/cells?base=flowers:1&other=flowers:2&tensor={TENSOR}",
]
SEVERAL = [  # of the whole network: the other versions are still shown
    "/networks/flowers",
    "/networks/flowers/history",
    "/networks/flowers/history.csv",
    "/networks/flowers/history/timeline.csv?row=1&column=1",
    "/networks/flowers/history/ridges.csv",
    "/networks/flowers/health",
    "/networks/flowers/health.csv",
    "/api/v1/networks/flowers/history",
    "/api/v1/networks/flowers/health",
]
NOTICE = re.compile(rb'<div class="notice bad" role="status">.*?</div>', re.DOTALL)
SAYS = re.compile(
    rb"not (what|as it) was (saved|written)|has no table|has no version\.json|cannot be read|rows of|row \d+ is missing"
    rb"|holds |more than its|is not in the store|cells where|bits than|first line"
)


def fill(workspace):
    """Save three versions; the second has a tensor with special cells."""
    define(workspace)
    network = get_network(workspace, "flowers")
    for seed in (1, 2, 3):
        special = np.full((3, 2), -0.0, np.float32)
        special.view(np.uint32)[1] = 0xFFC00001
        special[2, 1] = seed
        save(workspace, seed=seed, tensors=tensors_of(network, seed) | {SPECIAL: special})


@pytest.fixture
def csv_workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path / "home")))
    with coordinator_lock(opened.settings.home_folder):
        fill(opened)
        yield opened
    opened.catalogue.close()


@pytest.fixture
def mysql_workspace(tmp_path, mysql_url):
    opened = open_workspace(Settings(home=str(tmp_path / "home"), store=mysql_url))
    with coordinator_lock(opened.settings.home_folder):
        fill(opened)
        yield opened
    opened.catalogue.close()
    opened.store.close()


def body_of(answer):
    """Return what was answered without what changes each time: tokens, the notice, times since."""
    body = NOTICE.sub(b"", answer.get_data())
    body = re.sub(rb'name="csrf_token" value="[^"]*"', b"", body)
    return re.sub(rb"just now|\d+(\.\d+)? (ms|s|min|seconds?|minutes?)\b( ago)?", b"", body)


def is_sound_or_unknown(sound, now, address):
    """Return whether numbers are as they were, some of them unknown."""
    if "ridges" in address:
        return b"2" not in now.splitlines()[0].split(b",")  # the bins follow from the versions that are shown
    if ".csv" in address:
        shown = 4 if "timeline" in address else None  # its changes are those since the version before that is listed
        before = {tuple(row[:shown]) for row in csv.reader(io.StringIO(sound.decode()))}
        rows = [tuple(row[:shown]) for row in csv.reader(io.StringIO(now.decode()))]
        return all(any(all(b in ("", a) for a, b in zip(old, row, strict=True)) for old in before) for row in rows)
    if address.startswith("/api/"):
        return _agrees(json.loads(sound), json.loads(now))
    return True  # a page: it carries the notice, which is checked


def _agrees(sound, now):
    if now is None or sound == now:
        return True
    if isinstance(now, dict) and isinstance(sound, dict):
        return all(_agrees(sound[name], now[name]) for name in now if name not in {"uncounted", "damaged"})
    if isinstance(now, list) and isinstance(sound, list):
        return len(sound) == len(now) and all(map(_agrees, sound, now))
    return False


def check(client, workspace, sound, what):
    """Assert that no address shows anything wrong, and that the version's page says what is wrong."""
    clear_cache(workspace)
    workspace.results.clear()
    workspace.damage.clear()
    for address in OWN + SEVERAL:
        answer = client.get(address)
        case = (what, address, answer.status_code)
        assert answer.status_code in {200, 503}, case
        if answer.status_code == 503:
            assert SAYS.search(answer.get_data()), (*case, answer.get_data(as_text=True)[-1500:])
            assert address not in SEVERAL or ".csv?row" in address, case
        elif body_of(answer) != sound[address]:
            assert address in (*SEVERAL, V2), case
            assert is_sound_or_unknown(sound[address], body_of(answer), address), case
            assert ".csv" in address or address.startswith("/api/") or NOTICE.search(answer.get_data()), case
    proof = client.post(f"{API}/verify").get_json()
    assert not proof["identical"], what
    assert NOTICE.search(client.get(V2).get_data()), what
    assert client.post("/api/v1/networks/flowers/versions/3/verify").get_json()["identical"], what


def sound_answers(client, workspace):
    clear_cache(workspace)
    answers = {address: client.get(address) for address in OWN + SEVERAL}
    assert {address: answer.status_code for address, answer in answers.items() if answer.status_code != 200} == {}
    return {address: body_of(answer) for address, answer in answers.items()}


def lines(change):
    return lambda path: path.write_text("\n".join(change(path.read_text().split("\n"))))


def replaced(old, new):
    return lambda path: path.write_text(path.read_text().replace(old, new))


FILES = {
    "a cell edited": (
        "layer_01_weight.csv", lines(lambda rows: [rows[0], "0.5," + rows[1].split(",", 1)[1], *rows[2:]])
    ),
    "cut": ("layer_01_weight.csv", lambda path: path.write_bytes(path.read_bytes()[:-20])),
    "empty": ("layer_01_weight.csv", lambda path: path.write_bytes(b"")),
    "a row gone": ("layer_01_weight.csv", lines(lambda rows: rows[:2] + rows[3:])),
    "two rows exchanged": ("layer_01_weight.csv", lines(lambda rows: [rows[0], rows[2], rows[1], *rows[3:]])),
    "another version's": ("layer_01_weight.csv", lambda path: shutil.copy(str(path).replace("v0002", "v0001"), path)),
    "gone": ("layer_01_weight.csv", lambda path: path.unlink()),
    "a folder in its place": ("layer_01_weight.csv", lambda path: (path.unlink(), path.mkdir())),
    "not text": ("layer_01_weight.csv", lambda path: path.write_bytes(b"\xff\xfe\0" * 40)),
    "special cells gone": ("special.special.csv", lambda path: path.unlink()),
    "special cells edited": ("special.special.csv", replaced("ffc00001", "ffc00002")),
    "special cells too wide": ("special.special.csv", replaced("ffc00001", "f" * 12)),
    "special cells not text": ("special.special.csv", lambda path: path.write_bytes(b"\xff\xfe\0" * 40)),
    "version.json gone": ("version.json", lambda path: path.unlink()),
    "version.json cut": ("version.json", lambda path: path.write_bytes(path.read_bytes()[:-20])),
    "version.json with another type": ("version.json", replaced('"float32"', '"float64"')),
}  # fmt: skip
SOME_FILES = ("a cell edited", "a row gone", "gone", "special cells edited", "version.json cut")


@pytest.mark.parametrize("cases", some_and_all(SOME_FILES, FILES))
def test_no_damage_to_a_file_of_the_csv_store_is_shown_as_a_number(csv_workspace, app_of, cases):
    client = app_of(csv_workspace).test_client()
    sound = sound_answers(client, csv_workspace)
    folder = csv_workspace.settings.home_folder / "weights" / "flowers" / "v0002"
    for what in cases:
        name, damage = FILES[what]
        path = next(path for path in folder.iterdir() if name[-12:] in path.name and path.name[:3] == name[:3])
        whole = path.read_bytes()
        damage(path)
        check(client, csv_workspace, sound, what)
        if path.is_dir():
            path.rmdir()
        path.write_bytes(whole)
        assert client.post(f"{API}/verify").get_json()["identical"], what
        assert not NOTICE.search(client.get(V2).get_data()), what


def test_a_versions_page_draws_nothing_of_a_damaged_tensor_and_the_others(csv_workspace, app_of):
    client = app_of(csv_workspace).test_client()
    headings = re.compile(r"Distribution of (\S+?)<")
    before = headings.findall(client.get(V2).text)
    clear_cache(csv_workspace)
    FILES["a cell edited"][1](csv_workspace.settings.home_folder / "weights/flowers/v0002/layer_01_weight.csv")
    page = client.get(V2).text
    assert headings.findall(page) == [name for name in before if name != TENSOR]
    assert len(before) > 2
    assert re.search(r">flowers:2</a>\s+<a [^>]*>the first cell that differs</a>", page)


CUT, CHANGED, EMPTIED = lambda data: data[:-9], lambda data: data[:-3] + b"\1\2\3", lambda data: b""


@pytest.mark.parametrize("changes", some_and_all([CHANGED], [CUT, CHANGED, EMPTIED]))
def test_damaged_marks_sums_and_cached_arrays_change_nothing_that_is_shown(csv_workspace, app_of, changes):
    client = app_of(csv_workspace).test_client()
    sound = sound_answers(client, csv_workspace)
    home = csv_workspace.settings.home_folder
    for kind in ("weights/.tables/*.marks.npy", "weights/flowers/v0002/*.checks.npy", "cache/*.npy"):
        for change in changes:
            sound_answers(client, csv_workspace)
            paths = list(home.glob(kind))
            assert paths
            for path in paths:
                path.write_bytes(change(path.read_bytes()))
            csv_workspace.results.clear()
            for address in OWN:
                answer = client.get(address)
                assert (answer.status_code, body_of(answer)) == (200, sound[address]), (kind, address)
            assert client.post(f"{API}/verify").get_json()["identical"]


TABLE = "flowers__v0002__layer_01_weight"
KEEP, DROP = f"CREATE TABLE kept AS SELECT * FROM {TABLE}", "DROP TABLE kept"
CHANGE = f"ALTER TABLE {TABLE} MODIFY c1"
RENAME = f"ALTER TABLE {TABLE} RENAME COLUMN"
REFILL = [f"DELETE FROM {TABLE}", f"{CHANGE} REAL_ NOT NULL", f"INSERT INTO {TABLE} SELECT * FROM kept"]
EXCHANGE = [f"UPDATE {TABLE} SET r = {new} WHERE r = {old}" for old, new in ((0, 77), (1, 0), (77, 1))]


def bits(change):
    return [f"UPDATE weights__special_cells SET bits = bits {change} WHERE r = 1"]


def manifest(old, new):
    return [f"UPDATE weights__versions SET manifest = REPLACE(manifest, '{old}', '{new}') WHERE version = 2"]


STATEMENTS = {
    "a cell edited": ([KEEP, f"UPDATE {TABLE} SET c1 = c1 + 1 WHERE r = 2"], [*REFILL, DROP]),
    "a row deleted": ([KEEP, f"DELETE FROM {TABLE} WHERE r = 1"], [*REFILL, DROP]),
    "a row more": ([f"INSERT INTO {TABLE} VALUES (99, 1, 2, 3)"], [f"DELETE FROM {TABLE} WHERE r = 99"]),
    "two rows exchanged": (EXCHANGE, EXCHANGE),
    "gone": ([f"RENAME TABLE {TABLE} TO away"], [f"RENAME TABLE away TO {TABLE}"]),
    "whole numbers": ([KEEP, f"{CHANGE} BIGINT NOT NULL"], [*REFILL, DROP]),
    "a column of text": ([KEEP, f"{CHANGE} VARCHAR(40) NOT NULL"], [*REFILL, DROP]),
    "a column renamed": ([f"{RENAME} c2 TO c9"], [f"{RENAME} c9 TO c2"]),
    "a NULL": ([KEEP, f"{CHANGE} REAL_ NULL", f"UPDATE {TABLE} SET c1 = NULL"], [*REFILL, DROP]),
    "special cells edited": (bits("+ 1"), bits("- 1")),
    "special cells too wide": (bits("+ 1099511627776"), bits("- 1099511627776")),
    "the manifest edited": (manifest("float32", "float16"), manifest("float16", "float32")),
}  # fmt: skip
SOME_STATEMENTS = ("a cell edited", "gone", "a NULL", "special cells edited", "the manifest edited")
TYPE = "SELECT column_type FROM information_schema.columns WHERE table_name = %s AND column_name = 'c1'"


@pytest.mark.server
@pytest.mark.parametrize("cases", some_and_all(SOME_STATEMENTS, STATEMENTS))
def test_no_damage_to_a_table_of_the_mysql_store_is_shown_as_a_number(mysql_workspace, mysql_url, app_of, cases):
    client = app_of(mysql_workspace).test_client()
    sound = sound_answers(client, mysql_workspace)
    address = parse_address(mysql_url)
    connection = mysql.connector.connect(**address.arguments(), database=address.database, autocommit=True)
    cursor = connection.cursor()
    cursor.execute(
        "SELECT COLUMN_TYPE FROM information_schema.columns WHERE table_name = %s AND column_name = 'c1'", (TABLE,)
    )
    (column_type,) = cursor.fetchone()
    for what in cases:
        damage, repair = STATEMENTS[what]
        for statement in damage:
            cursor.execute(statement.replace("REAL_", column_type))
        if "special" in what:
            check_special(client, mysql_workspace, sound, what)
        else:
            check(client, mysql_workspace, sound, what)
        for statement in repair:
            cursor.execute(statement.replace("REAL_", column_type))
        assert client.post(f"{API}/verify").get_json()["identical"], what
    connection.close()


def check_special(client, workspace, sound, what):
    """As `check`, where the special cells of all versions are damaged at once."""
    clear_cache(workspace)
    workspace.damage.clear()
    for address in OWN:
        answer = client.get(address)
        assert answer.status_code in {200, 503}, (what, address)
        if answer.status_code == 200 and address != V2:
            assert body_of(answer) == sound[address], (what, address)
        assert address != V2 or NOTICE.search(answer.get_data()), what
    assert not client.post(f"{API}/verify").get_json()["identical"], what


def test_counting_ends_at_versions_that_cannot_be_read(csv_workspace, app_of):
    client = app_of(csv_workspace).test_client()
    path = csv_workspace.settings.home_folder / "weights" / "flowers" / "v0002" / "layer_01_weight.csv"
    path.unlink()
    clear_cache(csv_workspace)
    for address in ("/networks/flowers/history", "/networks/flowers/health"):
        assert NOTICE.search(client.get(address).get_data())
        page = client.get(address).get_data()
        assert b"data-poll-url" not in page
        assert b"what would be read from these tables is left out" in page
        assert b"not counted yet" not in page


def test_several_versions_are_shown_without_the_damaged_one_which_is_named(csv_workspace, app_of):
    client = app_of(csv_workspace).test_client()
    chosen = "version=flowers:1&version=flowers:2&version=flowers:3"
    path = csv_workspace.settings.home_folder / "weights" / "flowers" / "v0002" / "layer_01_weight.csv"
    path.unlink()
    clear_cache(csv_workspace)
    page = client.get(f"/compare/several?{chosen}&tensor={TENSOR}")
    assert (page.status_code, b"flowers:2" in NOTICE.search(page.get_data())[0]) == (200, True)
    for show, heads in (("weights", "from,to,flowers:1,flowers:3"), ("change", "from,to,flowers:3")):
        address = f"/compare/several/distributions.{{}}?{chosen}&tensor={TENSOR}&show={show}"
        assert client.get(address.format("csv")).get_data(as_text=True).splitlines()[0] == heads
        axis = client.get(address.format("figure")).get_json()["layout"]["xaxis"]["title"]["text"]
        assert "without flowers:2: damaged" in axis
    first = "version=flowers:2&version=flowers:1"
    assert client.get(f"/compare/several?{first}&tensor={TENSOR}").status_code == 200
    for kind in ("history?", "health?", "timeline?row=1&column=1&"):
        damaged = client.get(f"/api/v1/networks/flowers/{kind}tensor={TENSOR}").get_json()["damaged"]
        assert [(one["version"], one["tensor"]) for one in damaged] == [(2, TENSOR)]
        assert SAYS.search(damaged[0]["problem"].encode())
    answer = client.get(f"/compare/several/distributions.csv?{first}&tensor={TENSOR}&show=change")
    assert (answer.status_code, bool(SAYS.search(answer.get_data()))) == (503, True)


def test_a_window_that_is_not_compared_with_what_was_saved_says_so(csv_workspace, app_of, monkeypatch):
    client = app_of(csv_workspace).test_client()
    said = b"These cells were not compared with what was saved"
    assert said not in client.get(f"{V2}/tensors/{TENSOR}").get_data()
    window = f"/api/v1{V2}/tensors/{TENSOR}"

    def proven():
        files = [client.get(f"{window}{name}", buffered=True) for name in (".csv?row=0", ".csv")]
        return client.get(f"{window}.json").get_json()["proven"], *(one.headers["Weightbase-Proven"] for one in files)

    assert proven() == (True, "yes", "yes")
    monkeypatch.setattr(csv_workspace.store, "proves_window", lambda key, rows: False)
    assert said in client.get(f"{V2}/tensors/{TENSOR}").get_data()
    assert proven() == (False, "no", "yes")

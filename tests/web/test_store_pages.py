"""The store's page: what lies where and for whom, the trash, verifying all, copying; no password is ever shown."""

import csv
import io
import re
from datetime import timedelta

import pytest

from dashboard import create_app
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue.tables import runs
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.services.runs.runs import get_run
from dashboard.services.versions.reading import delete_version, list_versions
from dashboard.services.versions.tensors import array, find_tensor
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.carry_out import carry_out
from tests.unit.services.store_examples import contents, define, fill, save
from tests.web.page_check import Browser, words


@pytest.fixture
def flowers(workspace):
    """Versions 1 to 3, which share their second layer."""
    define(workspace)
    for seed in (1, 2, 3):
        save(workspace, seed=seed)
    return workspace


def rows_of(page, label):
    (table,) = page.all("table", aria_label=label)
    return [[words(cell) for cell in row.iter() if cell.tag in {"td", "th"}] for row in list(table.iter("tr"))[1:]]


def delete(browser, address, typed):
    return browser.post(f"{address}/delete", {"typed": typed})


def test_each_table_stands_once_with_its_size_and_those_that_share_it(flowers, browser):
    page = browser.get("/store")
    assert page.sentence == "8 tables of 3 versions hold 228 B of weights; 2 shared by several versions."
    rows = {row[0]: row[1:] for row in rows_of(page, "Tables")}
    assert len(rows) == 8
    path = flowers.settings.home_folder / "weights/flowers/v0002/layer_01_weight.csv"
    assert rows["flowers/v0002/layer_01_weight.csv"] == [
        *("float32", "4", "3", "48 B", f"{path.stat().st_size} B", "flowers v2")
    ]
    assert rows["flowers/v0001/layer_02_bias.csv"][-1] == "flowers v1, flowers v2, flowers v3"


def test_tables_come_in_pages_and_by_the_beginning_of_their_names(flowers, browser):
    for seed in range(4, 40):
        save(flowers, seed=seed)
    first = browser.get("/store")
    assert "1 to 50 of 80" in words(first.root)
    second = browser.get("/store?offset=50")
    names = [row[0] for row in rows_of(first, "Tables") + rows_of(second, "Tables")]
    assert len(names) == 80
    assert names == sorted(names)
    found = browser.get("/store?search=flowers/v0007")
    assert found.sentence.startswith("4 tables beginning with “flowers/v0007” hold")
    assert rows_of(found, "Tables")[0][-1].endswith("flowers v6 and 33 more")
    assert browser.get("/store?search=none").all("table", aria_label="Tables") == []


def test_the_numbers_of_the_page_are_at_its_addresses(flowers, browser):
    delete_version(flowers, "flowers", 2)
    tables = list(csv.DictReader(io.StringIO(browser.raw("/store/tables.csv").text)))
    assert len(tables) == 6
    assert tables[-1] | {"bytes": "0"} == {
        "table": "flowers/v0003/layer_01_weight.csv",
        "tensor": "layer_01.weight",
        "dtype": "float32",
        "rows": "4",
        "columns": "3",
        "weights_bytes": "48",
        "bytes": "0",
        "versions": "1",
        "used_by": "flowers:3",
    }
    assert browser.raw("/store/trash.json").json["items"][0]["name"] == "flowers:2"


def test_a_missing_table_is_marked(flowers, browser):
    (flowers.settings.home_folder / "weights/flowers/v0002/layer_01_weight.csv").unlink()
    rows = {row[0]: row for row in rows_of(browser.get("/store"), "Tables")}
    assert rows["flowers/v0002/layer_01_weight.csv"][5] == "missing"


def test_verify_all_becomes_a_run_that_lists_every_difference(flowers, browser):
    path = flowers.settings.home_folder / "weights/flowers/v0002/layer_01_weight.csv"
    lines = path.read_text().split("\n")
    cells = lines[2].split(",")
    lines[2] = ",".join([cells[0], "0.125", cells[2]])
    path.write_text("\n".join(lines))
    page = browser.post("/store/verify", source="/store")
    assert (page.h1, page.sentence) == ("Run 1: Verify all versions", "Queued, position 1.")
    assert browser.post("/store/verify", source="/store").h1 == "Run 1: Verify all versions"
    assert carry_out(flowers).state == "finished"
    page = browser.get("/runs/1")
    assert page.sentence == "1 of 3 versions differs from what was saved."
    ((version, tensor, row, column, expected, found, problem),) = rows_of(page, "Differences")
    assert (version, tensor, row, column, expected, found) == (
        *("flowers:2", "layer_01.weight", "1", "1", cells[1], "0.125"),
    )
    assert problem == f"layer_01.weight: row 1, column 1 holds 0.125, but {cells[1]} was saved."
    (line,) = csv.DictReader(io.StringIO(browser.raw("/runs/1/differences.csv").text))
    assert (line["version"], line["row"], line["expected"]) == ("flowers:2", "1", cells[1])


def test_a_store_that_is_as_saved_is_said_to_be_so(flowers, browser):
    browser.post("/store/verify", source="/store")
    carry_out(flowers)
    assert browser.get("/runs/1").sentence == "All 3 versions were read back and are what was saved, bit for bit."
    row = rows_of(browser.get("/runs"), "Runs")[0]
    assert (row[2], row[5]) == ("Verify all versions", "3 of 3")


def test_the_live_part_of_an_action_comes_alone_and_only_if_there_is_news(flowers, browser):
    browser.post("/store/verify", source="/store")
    part = browser.raw("/runs/1/progress")
    (polled,) = re.findall('data-poll-url="([^"]+)"', part.text)
    assert browser.raw(polled).status_code == 204
    assert carry_out(flowers, told_to_stop=True).state == "cancelled"
    part = browser.raw(polled)
    assert "data-poll-url" not in part.text
    assert "Cancelled: 0 of 3 versions read back, all as saved." in part.text
    assert browser.post("/runs/1/restart", source="/runs/1").h1 == "Run 2: Verify all versions"
    assert carry_out(flowers).state == "finished"


def test_an_action_says_what_it_is_at_and_how_long_the_rest_takes(flowers, browser):
    browser.post("/store/verify", source="/store")
    with flowers.catalogue.writing() as connection:
        run = run_rows.claim_next_run(connection)
        progress = {"done": 2, "total": 6, "note": "reading flowers:3", "result": {"proven": 2, "different": 0}}
        connection.execute(runs.update().values(started=run.started - timedelta(seconds=60)))
        assert run_rows.note_progress(connection, run.id, run.attempt, progress)
    said = words(browser.get("/runs/1").by_id("progress"))
    assert "2 of 6 versions read back, all as saved." in said
    assert "reading flowers:3" in said
    assert "about 2 min 0 s left" in said


def test_a_deleted_version_lies_in_the_trash_with_what_emptying_frees_and_comes_back(flowers, browser):
    before = contents(flowers)
    page = delete(browser, "/networks/flowers/versions/2", "flowers:2")
    assert "flowers:2" in words(page.root)
    page = browser.get("/store")
    assert rows_of(page, "Trash")[0][:4] == ["flowers:2", "version", "1", "108 B"]
    assert "Deleted permanently, it frees 2 tables with 60 B of weights." in words(page.root)
    page = browser.post("/store/trash/version-2/restore", source="/store")
    assert page.h1 == "flowers v2"
    assert contents(flowers) == before


def test_a_deletion_says_beforehand_what_it_would_free_and_what_is_shared(flowers, browser):
    said = words(browser.get("/networks/flowers/versions/2/delete").root)
    assert "flowers:2 goes into the trash, from which it can be restored." in said
    assert "Deleted permanently, it frees 2 tables with 60 B of weights." in said
    assert "2 tables stay for others, such as flowers:1, flowers:3." in said
    said = words(browser.get("/networks/flowers/delete").root)
    assert "Deleted permanently, it frees 8 tables with 228 B of weights." in said
    assert "stay for others" not in said


def test_deleting_for_good_says_what_goes_and_asks_for_the_name(flowers, browser):
    delete(browser, "/networks/flowers/versions/2", "flowers:2")
    page = browser.get("/store/trash/version-2")
    assert page.h1 == "Delete flowers:2 permanently"
    assert "2 tables stay for others, such as flowers:1, flowers:3." in words(page.root)
    browser.post("/store/trash/version-2", {"typed": "flowers:1"}, status=422)
    page = browser.post("/store/trash/version-2", {"typed": "flowers:2"})
    assert "flowers:2 is deleted permanently." in words(page.root)
    assert [version.number for version in list_versions(flowers, "flowers").items] == [3, 1]
    browser.get("/store/trash/version-2", status=404)


def test_a_network_goes_to_the_trash_as_one_and_its_taken_name_is_told(flowers, browser):
    delete(browser, "/networks/flowers", "flowers")
    assert rows_of(browser.get("/store"), "Trash")[0][:3] == ["flowers", "network", "3"]
    define(flowers)
    page = browser.post("/store/trash/network-1/restore", source="/store", status=409)
    assert "Another network has the name 'flowers' now." in words(page.root)


def test_emptying_the_trash_is_a_run_and_leaves_nothing_of_it(flowers, browser):
    for number in (1, 2):
        delete_version(flowers, "flowers", number)
    browser.post("/store/trash/empty", {"typed": "rubbish"}, status=422)
    page = browser.post("/store/trash/empty", {"typed": "trash"})
    assert page.h1 == "Run 1: Empty the trash"
    assert carry_out(flowers).state == "finished"
    assert browser.get("/runs/1").sentence == "2 versions removed."
    assert {version for table in flowers.store.tables() for version in table.versions} == {("flowers", 3)}
    browser.get("/store/trash/empty", status=409)


def test_the_cache_is_cleared_by_a_button(flowers, browser):
    array(flowers, *find_tensor(flowers, "flowers", 1, "layer_01.weight"))
    assert flowers.decoded.size() > 0
    page = browser.post("/store/cache/clear", source="/store")
    assert "The cache is empty" in words(page.root)
    assert flowers.decoded.size() == 0


def test_everything_is_copied_to_another_store_from_the_page(workspace, browser, tmp_path):
    fill(workspace)
    target = Settings(home=str(tmp_path / "copy"), store=f"csv:{tmp_path / 'tables'}")
    page = browser.post("/store/copy", {"to": target.store, "home": target.home, "password": ""}, source="/store")
    run_id = int(re.match(r"Run (\d+): Copy to csv:", page.h1)[1])
    assert carry_out(workspace).state == "finished"
    page = browser.get(f"/runs/{run_id}")
    assert page.sentence == "4 versions copied, 0 already there; 4 proven at the target, bit for bit."
    copy = open_workspace(target)
    assert contents(copy) == contents(workspace)
    copy.catalogue.close()


def test_a_copy_that_fails_says_why_and_what_was_left_out(flowers, browser, tmp_path):
    path = flowers.settings.home_folder / "weights/flowers/v0002/layer_01_weight.csv"
    path.unlink()
    browser.post("/store/copy", {"to": "csv:", "home": str(tmp_path / "copy")}, source="/store")
    assert carry_out(flowers).state == "failed"
    page = browser.get("/runs/1")
    assert (
        page.sentence == "Failed: 2 versions copied, 0 already there, 1 left out; 2 proven at the target, bit for bit."
    )
    assert "flowers:2: The store has no table flowers/v0002/layer_01_weight.csv." in words(page.root)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"to": ""}, "Give the store to copy to"),
        ({"to": "ftp://x"}, "Give the store to copy to"),
        ({"to": "csv:"}, "Give the copy a home of its own"),
        ({"to": "mysql://nobody"}, "a place that WEIGHTBASE_COPY_TO lists"),
    ],
)
def test_a_place_that_cannot_be_a_copys_is_told_beside_its_field(flowers, browser, typed, said):
    page = browser.post("/store/copy", typed, status=422, source="/store")
    assert said in words(page.by_id("problems"))
    assert page.by_id("to").get("value") == typed["to"]


def test_the_form_offers_the_places_that_visitors_may_copy_to(flowers, browser, tmp_path):
    offered = [option.get("value") for option in browser.get("/store").by_id("copy-targets").iter("option")]
    assert offered[:2] == ["mysql://me@127.0.0.1:1/weights", f"csv:{tmp_path / 'home/copies/weights'}"]
    assert f"csv:{tmp_path / 'copy/weights'}" in offered


def test_a_password_is_kept_out_of_pages_rows_and_names_of_files(flowers, browser):
    typed = {"to": "mysql://me:s3cret@127.0.0.1:1/weights", "password": ""}
    page = browser.post("/store/copy", typed, source="/store")
    assert page.h1 == "Run 1: Copy to mysql://me@127.0.0.1:1/weights"
    folder = flowers.settings.home_folder / "secrets"
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("1", "s3cret")]
    run = carry_out(flowers)
    assert run.state == "failed"
    assert list(folder.iterdir()) == []
    assert "s3cret" not in str(run)
    for address in ("/runs/1", "/runs", "/runs.csv", "/api/v1/runs/1", "/api/v1/runs"):
        assert "s3cret" not in browser.raw(address).text
    catalogue = flowers.settings.home_folder.glob("catalogue.sqlite*")
    assert not any(b"s3cret" in path.read_bytes() for path in catalogue)


@pytest.mark.parametrize(
    "address", ["postgresql://me:s3cret@db/weights", "MYSQL://me:s3cret@db/weights", "sqlite:///x?password=s3cret"]
)
def test_a_password_of_an_unknown_kind_of_store_is_neither_kept_nor_shown(flowers, browser, address):
    page = browser.post("/store/copy", {"to": address}, status=422, source="/store")
    assert "Give the store to copy to: csv:FOLDER or mysql://user@host:3306/database." in words(page.by_id("problems"))
    assert "s3cret" not in page.text
    answer = browser.client.post("/api/v1/store/copy", json={"to": address})
    assert answer.status_code == 422
    assert "s3cret" not in answer.text
    assert browser.raw("/api/v1/runs").json["items"] == []
    files = [path for path in flowers.settings.home_folder.rglob("*") if path.is_file()]
    assert not any(b"s3cret" in path.read_bytes() for path in files)


def test_what_needed_a_password_is_started_again_with_it_typed_again(flowers, browser):
    browser.post("/store/copy", {"to": "mysql://me@127.0.0.1:1/weights", "password": "s3cret"}, source="/store")
    browser.post("/runs/1/cancel", source="/runs/1")
    assert list((flowers.settings.home_folder / "secrets").iterdir()) == []
    again = next(link for link, said in browser.get("/runs/1").links().items() if said == "Start again")
    assert browser.get(again).by_id("to").get("value") == "mysql://me@127.0.0.1:1/weights"
    page = browser.post("/runs/1/restart", source="/store")
    assert "needs the password of its target again" in words(page.root)


def test_a_mistyped_address_comes_back_without_its_password(flowers, browser):
    page = browser.post(
        "/store/copy", {"to": "mysql://me:s3cret@/x", "password": "s3cret"}, status=422, source="/store"
    )
    assert "s3cret" not in page.text


def test_trainings_in_the_queue_do_not_hold_up_an_action(flowers, browser):
    for _ in range(3):
        browser.post("/networks/flowers/runs", {"epochs": "4"}, source="/networks/flowers")
    browser.post("/store/verify", source="/store")
    assert carry_out(flowers).id == 4
    assert get_run(flowers, 1).run.state == "queued"


@pytest.mark.server
def test_the_page_of_a_mysql_store(tmp_path, mysql_url):
    opened = open_workspace(Settings(home=str(tmp_path), store=mysql_url))
    with coordinator_lock(opened.settings.home_folder):
        fill(opened)
        browser = Browser(create_app(workspace=opened).test_client())
        page = browser.get("/store")
        rows = {row[0]: row for row in rows_of(page, "Tables")}
        assert rows["flowers__v0001__layer_01_weight"][1:5] == ["float32", "4", "3", "48 B"]
        assert rows["flowers__v0001__layer_01_weight"][5].endswith("kB")
        assert mysql_url.split(":")[2].split("@")[0] not in page.text
        assert rows_of(page, "Trash")[0][0] == "flowers:3"
    opened.catalogue.close()
    opened.store.close()

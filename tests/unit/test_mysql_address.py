"""The address of a database server: read once, for both who use it, and never a password in what is shown."""

import pytest
from sqlalchemy import Engine

from dashboard.catalogue import engines
from dashboard.catalogue.opening import open_catalogue
from dashboard.errors import StoreUnavailable
from dashboard.records.mysql_address import parse_address
from dashboard.records.store import find_kind, hide_password, public_address, split_password
from dashboard.settings import Settings
from dashboard.weights.mysql_store import MysqlStore


@pytest.mark.parametrize(
    ("url", "user", "password", "host", "port", "database"),
    [
        ("mysql://me:a%40b@db.example:3307/weights", "me", "a@b", "db.example", 3307, "weights"),
        ("mysql://me@db/weights", "me", "", "db", 3306, "weights"),
        ("mysql://me:p@ss:w/rd?x=1#2@db/weights", "me", "p@ss:w/rd?x=1#2", "db", 3306, "weights"),
        ("mysql://me:a@b/c?d=e@db/weights", "me", "a@b/c?d=e", "db", 3306, "weights"),
        ("mysql://me:100%@db/weights", "me", "100%", "db", 3306, "weights"),
        ("mysql://me:@db/weights", "me", "", "db", 3306, "weights"),
        ("mysql://me@db/weights?password=hid%26den", "me", "hid&den", "db", 3306, "weights"),
        ("mysql://m%40x:Z!Z@[::1]:3310/gewichte%2Fä", "m@x", "Z!Z", "::1", 3310, "gewichte/ä"),
        ("mysql://me:Z!Z@db/重み", "me", "Z!Z", "db", 3306, "重み"),
        ("mysql://me@/weights?unix_socket=/run/a@b/mysqld.sock", "me", "", "localhost", 3306, "weights"),
    ],
)
def test_an_address_is_read_whatever_signs_it_has(url, user, password, host, port, database):
    address = parse_address(url)
    found = (address.user, address.password, address.host, address.port, address.database)
    assert found == (user, password, host, port, database)
    assert split_password(url)[1] == password
    if password:
        shown = (str(address), repr(address), split_password(url)[0], hide_password(url), public_address(url))
        assert [text for text in shown if password in text] == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("ssl_disabled=0", {"ssl_disabled": False}),
        ("ssl_disabled=off", {"ssl_disabled": False}),
        ("ssl_disabled=True", {"ssl_disabled": True}),
        ("ssl_ca=/my%20ca.pem", {"ssl_ca": "/my ca.pem", "ssl_verify_cert": True, "ssl_verify_identity": True}),
        (
            "ssl_ca=/ca.pem&ssl_verify_identity=no",
            {"ssl_ca": "/ca.pem", "ssl_verify_cert": True, "ssl_verify_identity": False},
        ),
        ("unix_socket=/run/mysqld/mysqld.sock&cells=float", {"unix_socket": "/run/mysqld/mysqld.sock"}),
    ],
)
def test_store_and_catalogue_connect_with_the_same_options(options, expected, monkeypatch):
    url = f"mysql://me:hidden@db:3307/weights?{options}"
    monkeypatch.setattr(engines, "_make_database", lambda engine, address: None)
    engine = engines.mysql_engine(url)
    assert isinstance(engine, Engine)
    of_catalogue = engine.dialect.create_connect_args(engine.url)[1]
    assert of_catalogue["database"] == "weights"
    wanted = {"host": "db", "port": 3307, "user": "me", "password": "hidden", **expected}
    assert MysqlStore(url).address.arguments() == wanted
    assert parse_address(url).arguments() == wanted


@pytest.mark.parametrize(
    "url",
    [
        "mysql://host/db",
        "mysql://u:hidden@host",
        "mysql://u:hidden@host:no/db",
        "mysql://u:hidden@host:70000/db",
        "mysql://u:hidden@/db",
        "mysql://u:hidden@h/db?colour=red",
        "mysql://u:hidden@h/db?ssl_disabled=perhaps",
        "mysql://u:hidden@h/db?cells=decimal",
        "mysql://u:hidden@h/db?ssl_ca=",
        "mysql://hidden:hidden",
        "mysql://u:hidden",
        "mysql://",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_nothing_of_its_password_shown(url):
    with pytest.raises(StoreUnavailable) as refusal:
        parse_address(url)
    shown = {name: value for name, value, _ in Settings(store=url).shown()}["WEIGHTBASE_STORE"]
    for text in (str(refusal.value), hide_password(url), public_address(url), split_password(url)[0], shown):
        assert "hidden" not in text
    assert find_kind(url) is not None


def test_two_addresses_of_one_database_are_known_as_one():
    kind = find_kind("mysql://")
    same = [
        "mysql://a:b@localhost/w",
        "mysql://c@127.0.0.1:3306/W?cells=float",
        "mysql://c@LOCALHOST:3306/w?password=x",
    ]
    assert {kind.identity(url, None) for url in same} == {"localhost:3306/w"}
    assert kind.identity("mysql://a@/w?unix_socket=/s", None) == "/s/w"


def test_a_home_may_have_any_name(tmp_path):
    for name in ("what?mode=ro", "100%20", "a~b", "ä#b"):
        catalogue = open_catalogue(Settings(home=str(tmp_path / name)))
        catalogue.ping()
        catalogue.close()
        assert (tmp_path / name / "catalogue.sqlite").exists()


def test_a_home_that_begins_with_a_tilde_is_in_the_persons_own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings(home="~/nets").home_folder == tmp_path / "nets"
    assert Settings(store="csv:~/tables").store_folder == tmp_path / "tables"

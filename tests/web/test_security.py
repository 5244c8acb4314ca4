"""Who may ask, and what the browser is told."""

import re
from base64 import b64encode

import pytest
from flask import Flask, jsonify, render_template_string, request

from dashboard import ASSETS
from dashboard.errors import Invalid, WeightbaseError
from dashboard.settings import Settings
from dashboard.web.kit.start_script import START_SCRIPT_HASH
from dashboard.web.logins import Logins
from dashboard.web.security import cookie_name, secure

FORM = '<form method="post"><input name="csrf_token" value="{{ csrf_token() }}"></form>'


def make_client(**settings):
    app = Flask(__name__, template_folder=str(ASSETS / "templates"))
    app.secret_key = "for this test"
    app.add_url_rule("/", "page", lambda: render_template_string(FORM), methods=["GET", "POST"])
    app.add_url_rule("/api/v1/things", "things", lambda: jsonify(ok=True), methods=["GET", "POST"])
    app.register_error_handler(WeightbaseError, lambda error: (error.message, error.status))
    secure(app, Settings(**settings))
    return app.test_client()


def token_of(client):
    return re.search('value="([^"]+)"', client.get("/").text)[1]


def basic(user, password):
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:8000", "box.example:80"])
def test_a_known_host_is_answered(host):
    assert make_client(hosts="box.example").get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:8000", "local host", ""])
def test_an_unknown_host_is_refused_and_the_setting_named(host):
    response = make_client().get("/", headers={"Host": host})
    assert response.status_code == 400
    assert "WEIGHTBASE_HOSTS" in response.text


def test_a_form_with_its_token_is_accepted():
    client = make_client()
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/", data={"csrf_token": token_of(client)}, headers=headers).status_code == 200


@pytest.mark.parametrize("data", [{}, {"csrf_token": ""}, {"csrf_token": "made up"}])
def test_a_form_without_its_token_is_refused(data):
    client = make_client()
    client.get("/")
    response = client.post("/", data=data)
    assert response.status_code == 400
    assert "CSRF" in response.text


def test_two_instances_on_one_host_keep_their_forms_apart():
    first, second = make_client(port=8000), make_client(port=8001)
    token = token_of(first)
    token_of(second)
    cookies = [*first._cookies.values(), *second._cookies.values()]
    assert len({cookie.key for cookie in cookies}) == 2
    jar = {"Cookie": "; ".join(f"{cookie.key}={cookie.value}" for cookie in cookies)}
    assert (
        first.application.test_client(use_cookies=False).post("/", data={"csrf_token": token}, headers=jar).status_code
        == 200
    )


def test_instances_with_other_keys_have_cookies_of_their_own_on_any_port():
    assert cookie_name(8000, "one") != cookie_name(8000, "another")
    assert cookie_name(8000, "one").startswith("weightbase-8000-")


def test_a_token_of_another_session_is_refused():
    client = make_client()
    client.get("/")
    assert client.post("/", data={"csrf_token": token_of(make_client())}).status_code == 400


def test_a_program_may_use_the_api_without_a_token():
    assert make_client().post("/api/v1/things", json={}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/things"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    ],
)
def test_an_unsafe_request_from_another_site_is_refused(path, headers):
    client = make_client()
    response = client.post(path, data={"csrf_token": token_of(client)}, headers=headers)
    assert response.status_code == 403


def test_reading_is_open_to_a_link_from_another_site():
    assert make_client().get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/things", "/nowhere"])
def test_a_set_password_is_asked_for_everywhere(path):
    response = make_client(password="öffne dich").get(path)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (basic("", "öffne dich"), 200),
        (basic("anyone", "öffne dich"), 200),
        (basic("anyone", "öffne"), 401),
        (basic("öffne dich", ""), 401),
        ({"Authorization": "Bearer öffne dich".encode().decode("latin-1")}, 401),
    ],
)
def test_only_the_password_opens(headers, status):
    assert make_client(password="öffne dich").get("/", headers=headers).status_code == status


def test_every_answer_carries_the_headers_also_an_error():
    client = make_client()
    for path in ("/", "/api/v1/things", "/nowhere"):
        headers = client.get(path).headers
        assert f"script-src 'self' '{START_SCRIPT_HASH}';" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-cache"


def from_peer(address, **headers):
    return {"environ_base": {"REMOTE_ADDR": address}, "headers": headers}


@pytest.mark.parametrize("path", ["/", "/static/x", "/nowhere"])
@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.0.7", "::ffff:10.1.2.3", "2001:db8::1", "", "128.0.0.1"])
def test_without_a_password_only_this_machine_is_answered_whatever_host_is_named(path, address):
    response = make_client().get(path, **from_peer(address, Host="127.0.0.1"))
    assert response.status_code == 403
    assert "WEIGHTBASE_PASSWORD" in response.text
    assert make_client().get("/api/v1/things", **from_peer(address, Host="127.0.0.1")).status_code == 403


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_without_a_password_this_machine_is_answered(address):
    assert make_client().get("/", **from_peer(address)).status_code == 200


def test_with_a_password_every_peer_is_answered_that_knows_it():
    client = make_client(password="open")
    assert client.get("/", **from_peer("10.1.2.3", **basic("", "open"))).status_code == 200
    assert client.get("/", **from_peer("10.1.2.3")).status_code == 401


def test_a_proxy_on_this_machine_that_forwards_others_is_refused_also_if_it_is_not_set_as_trusted():
    assert make_client().get("/", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 200
    response = make_client().get("/", headers={"X-Forwarded-For": "127.0.0.1, 10.1.2.3"})
    assert response.status_code == 403
    assert "10.1.2.3" in response.text
    assert "docs/proxy.md" in response.text


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "status"),
    [
        ("10.0.0.0/8", "10.1.2.3", "127.0.0.1", 200),
        ("10.0.0.0/8", "10.1.2.3", "8.8.8.8", 403),
        ("10.0.0.0/8", "10.1.2.3", "127.0.0.1, 8.8.8.8, 10.9.9.9", 403),  # the last trusted one says 8.8.8.8
        ("10.0.0.0/8", "11.1.2.3", "127.0.0.1", 403),
        ("unix", "", "127.0.0.1", 200),
        ("unix", "", "8.8.8.8", 403),
        ("127.0.0.1", "127.0.0.1", "8.8.8.8", 403),
    ],
)
def test_the_address_that_a_trusted_proxy_forwards_counts(proxies, peer, forwarded, status):
    client = make_client(proxies=proxies)
    assert client.get("/", **from_peer(peer, **{"X-Forwarded-For": forwarded})).status_code == status


def posted(client, host, origin, **headers):
    """Return the status of a form that a browser shows at `origin`, and a server gets with `host`."""
    form = {"csrf_token": token_of(client)}
    (cookie,) = client._cookies.values()
    sent = {"Host": host, "Origin": origin, "Cookie": f"{cookie.key}={cookie.value}"} | headers
    return client.application.test_client(use_cookies=False).post("/", data=form, headers=sent)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("w.example", "http://w.example"),
        ("w.example", "https://w.example"),  # TLS ends at the proxy
        ("w.example:443", "https://w.example"),
        ("w.example:8443", "https://w.example:8443"),
        ("127.0.0.1:8000", "https://w.example"),  # plain nginx: the Host is its own
        ("127.0.0.1:8000", "http://w.example:8110"),
    ],
)
def test_a_form_behind_a_proxy_works_under_the_names_that_are_set(host, origin):
    assert posted(make_client(hosts="W.example,w.example:8110"), host, origin).status_code == 200


@pytest.mark.parametrize("origin", ["http://w.example:81", "http://v.example", "https://w.example.evil.example"])
def test_a_form_from_a_name_that_is_not_set_is_refused_with_what_to_set(origin):
    response = posted(make_client(hosts="w.example"), "127.0.0.1:8000", origin)
    assert response.status_code == 403
    assert origin.partition("://")[2] in response.text
    assert "WEIGHTBASE_HOSTS" in response.text


def test_a_trusted_proxy_names_the_host_and_others_do_not():
    forwarded = {"X-Forwarded-Host": "w.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
    trusting = make_client(hosts="w.example", proxies="127.0.0.1")
    assert posted(trusting, "127.0.0.1:8000", "https://w.example", **forwarded).status_code == 200
    forwarded["X-Forwarded-Host"] = "evil.example"
    assert trusting.get("/", headers=forwarded).status_code == 400
    assert make_client().get("/", headers=forwarded).status_code == 200


@pytest.mark.parametrize(
    "setting", [{"proxies": "nginx"}, {"proxies": "10.0.0.0/99"}, {"prefix": "weights"}, {"prefix": "/w/"}]
)
def test_settings_of_proxies_that_cannot_work_are_refused(setting):
    with pytest.raises(Invalid, match=f"WEIGHTBASE_{next(iter(setting)).upper()}"):
        Settings(**setting)


@pytest.mark.parametrize("path", ["/weights/", "/"])
def test_a_set_prefix_is_in_front_of_every_address_whether_the_proxy_passes_it_on_or_not(path):
    client = make_client(prefix="/weights")
    client.application.add_url_rule("/where", "where", lambda: f"{request.script_root} {request.path}")
    assert client.get(f"{path}where").text == "/weights /where"


def test_a_forwarded_prefix_counts_from_a_trusted_proxy_and_only_if_it_is_a_path():
    forwarded = {"X-Forwarded-Prefix": "/weights", "X-Forwarded-For": "127.0.0.1"}
    for proxies, prefix, expected in [
        ("127.0.0.1", "/weights", "/weights"),
        ("127.0.0.1", "//evil.example", ""),
        ("10.0.0.1", "/weights", ""),
    ]:
        client = make_client(proxies=proxies)
        client.application.add_url_rule("/where", "where", lambda: f"{request.script_root}|")
        assert client.get("/where", headers=forwarded | {"X-Forwarded-Prefix": prefix}).text == f"{expected}|"


def test_wrong_passwords_are_logged_without_them_and_slowed_down_for_their_peer_only(caplog):
    client = make_client(password="open")
    guess = basic("ada", "a guess")
    tries = [client.get("/", **from_peer("10.1.2.3", **guess)).status_code for _ in range(7)]
    assert tries == [401] * 5 + [429] * 2
    assert "Wrong password from 10.1.2.3 (5 in a row)" in caplog.text
    assert "a guess" not in caplog.text
    refused = client.get("/", **from_peer("10.1.2.3", **basic("", "open")))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert client.get("/", **from_peer("10.1.2.4", **basic("", "open"))).status_code == 200


def test_a_peer_that_knows_the_password_starts_again_and_a_request_without_one_is_no_guess():
    client = make_client(password="open")
    for _ in range(3):
        for _ in range(4):
            assert client.get("/", headers=basic("", "wrong")).status_code == 401
        assert client.get("/", headers=basic("", "open")).status_code == 200
    assert {client.get("/").status_code for _ in range(10)} == {401}


def test_the_pause_of_a_peer_grows_to_a_minute():
    logins, pauses = Logins(), []
    for _ in range(13):
        logins.failed("10.1.2.3")
        pauses.append(round(logins.seconds_to_wait("10.1.2.3")))
    assert pauses == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]

"""Who may ask, and what the browser is told."""

import re
from base64 import b64encode

import pytest
from flask import Flask, jsonify, render_template_string

from dashboard.errors import WeightbaseError
from dashboard.settings import Settings
from dashboard.web.security import cookie_name, secure

FORM = '<form method="post"><input name="csrf_token" value="{{ csrf_token() }}"></form>'


def make_client(**settings):
    app = Flask(__name__)
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
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-cache"

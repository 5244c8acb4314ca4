"""The dashboard behind a real nginx, with the examples of docs/proxy.md: forms work, no link leaves the prefix."""

import http.client
import json
import os
import re
import shutil
import subprocess
import threading
from base64 import b64encode
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from werkzeug.serving import make_server

from dashboard import create_app
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.server import free_port
from tests.unit.services.store_examples import fill
from tests.worker import wait_until

pytestmark = pytest.mark.processes

MANUAL = Path(__file__).parent.parent.parent / "docs" / "proxy.md"
OWN_NAME, UNDER_PATH = re.findall(r"```nginx\n(.*?)```", MANUAL.read_text(), re.DOTALL)
PLAIN = "server { listen 80; location / { proxy_pass http://127.0.0.1:8000; } }"
LINK = re.compile(r'\b(?:href|src|action|data-(?!key)[\w-]+)="(/[^"#]*)')
NAME = "weights.example.org"


@contextmanager
def nginx(folder, example, port):
    """Run nginx with an example of the manual in front of a dashboard on `port`; yields the port of nginx."""
    ours = free_port()
    example = example.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("listen 80;", f"listen 127.0.0.1:{ours};")
    places = "".join(f"{name}_temp_path {name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; master_process off; pid pid; error_log error.log; events {{}}\n"
        f"http {{ access_log off; {places}\n{example} }}\n"
    )
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "The tests need nginx. Type: apt-get install -y nginx"
    process = subprocess.Popen([program, "-p", str(folder), "-e", "error.log", "-c", "nginx.conf"])
    try:
        wait_until(lambda: process.poll() is not None or is_answered(ours), "nginx to answer")
        assert process.poll() is None, (folder / "error.log").read_text()
        yield ours
    finally:
        process.terminate()
        process.wait()


def is_answered(port):
    try:
        request(port, "GET", "/")
    except OSError:
        return False
    return True


@contextmanager
def dashboard(folder, **settings):
    """Serve a dashboard with networks and versions in this process; yields its port."""
    workspace = open_workspace(Settings(home=str(folder / "home"), **settings))
    fill(workspace)
    server = make_server("127.0.0.1", 0, create_app(workspace=workspace), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with coordinator_lock(workspace.settings.home_folder):
            yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        workspace.catalogue.close()


def request(port, method, path, body=None, **headers):
    """Return (status, headers, text) of a request to nginx."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    password = {"Authorization": f"Basic {b64encode(b':open').decode()}"}
    connection.request(method, path, body, {"Host": f"{NAME}:{port}"} | password | names)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer.status, answer.headers, text


def post_form(port, page, action, fields, **headers):
    """Fill in the form of a page and send it as a browser does; return the answer."""
    _, answer, text = request(port, "GET", page, **headers)
    token = re.search(r'name="csrf_token" value="([^"]+)"', text)[1]
    sent = {"Origin": f"http://{NAME}:{port}", "Content_Type": "application/x-www-form-urlencoded"} | headers
    cookie = answer["Set-Cookie"].partition(";")[0]
    return request(port, "POST", action, urlencode(fields | {"csrf_token": token}), Cookie=cookie, **sent)


def links(text):
    return {unescape(address) for address in LINK.findall(text)}


def test_forms_work_behind_nginx_as_the_manual_sets_it_up(tmp_path):
    settings = {"password": "open", "hosts": NAME, "proxies": "127.0.0.1"}
    with dashboard(tmp_path, **settings) as behind, nginx(tmp_path, OWN_NAME, behind) as port:
        status, headers, _ = post_form(port, "/store", "/store/cache/clear", {})
        assert (status, headers["Location"]) == (303, "/store")
        assert request(port, "GET", "/", Host="evil.example")[0] == 400


def _kind(address):
    """Return the path, in which numbers and the pages of the docs are the same: one address of each kind is fetched."""
    path = re.sub(r"\d+", "0", urlsplit(address).path)
    return re.sub(r"/help/docs/.+", "/help/docs/page", path)


def test_nothing_leaves_the_path_under_which_nginx_shows_the_dashboard(tmp_path):
    settings = {"password": "open", "hosts": NAME, "proxies": "127.0.0.1"}
    with dashboard(tmp_path, **settings) as behind, nginx(tmp_path, UNDER_PATH, behind) as port:
        status, headers, _ = post_form(port, "/weights/store", "/weights/store/cache/clear", {})
        assert (status, headers["Location"]) == (303, "/weights/store")
        body = json.dumps({"name": "other", "dataset": "iris"})
        headers = request(port, "POST", "/weights/api/v1/networks", body, Content_Type="application/json")[1]
        assert headers["Location"] == "/weights/api/v1/networks/other"
        waiting, seen = {"/weights/", "/weights/api/v1/", "/weights/networks/flowers/versions/1"}, {}
        kinds = {"/weights/compare/why"}  # the preprocessing of these versions is made up
        while waiting and len(seen) < 120:
            address = min(waiting, key=lambda one: (urlsplit(one).path.count("/"), one))
            status, headers, text = request(port, "GET", address)
            seen[address] = status
            found = links(text) if "html" in headers["Content-Type"] else set()
            strangers = {link for link in found if not link.startswith("/weights/")}
            assert not strangers, (address, strangers)
            if address == "/weights/help/style":  # its examples are inert, and lead to what need not exist
                found = set()
            fresh = {_kind(link): link for link in sorted(found) if "{" not in link and _kind(link) not in kinds}
            waiting = (waiting | set(fresh.values())) - {address}
            kinds |= fresh.keys()
        assert {address for address, status in seen.items() if status >= 500 or status == 404} == set()
        assert any(address.endswith(".json") or ".json?" in address for address in seen)
        api = json.loads(request(port, "GET", "/weights/api/v1/")[2])
        assert (api["openapi"], api["help"]) == ("/weights/api/v1/openapi.json", "/weights/help")
        document = json.loads(request(port, "GET", api["openapi"])[2])
        assert document["servers"] == [{"url": "/weights"}]


def test_forms_work_behind_a_bare_proxy_pass_or_the_page_names_what_to_set(tmp_path):
    with dashboard(tmp_path, hosts=NAME) as behind, nginx(tmp_path, PLAIN, behind) as port:
        usual = post_form(port, "/store", "/store/cache/clear", {}, Origin=f"http://{NAME}")
        assert (usual[0], usual[1]["Location"]) == (303, "/store")
        status, _, text = post_form(port, "/store", "/store/cache/clear", {})
        assert status == 403
        assert f"add {NAME}:{port} to WEIGHTBASE_HOSTS" in text

"""`python app.py`: one command, two children, no orphan, whatever is killed."""

import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from contextlib import closing

import pytest

from dashboard.charts.bundle import plotly_digest
from dashboard.settings import Settings, to_environment
from tests.processes.run_processes import children_of, descendants, is_alive, signal_to
from tests.representatives import most_in_soak
from tests.worker import APP, wait_until

pytestmark = pytest.mark.processes


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port):
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def health(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthy", timeout=300) as answer:
            return json.load(answer)
    except OSError:
        return {"ok": False}


@contextlib.contextmanager
def serving(home):
    """Serve a dashboard and give (supervisor process, port) once it answers."""
    settings = Settings(home=str(home), port=free_port(), max_upload_mb=2)
    process = subprocess.Popen([sys.executable, str(APP)], env=os.environ | to_environment(settings), umask=0)
    wait_until(lambda: health(settings.port)["ok"], "the dashboard to answer")
    yield process, settings.port
    if process.poll() is None:
        process.terminate()
    process.wait()


@pytest.fixture
def served(tmp_path):
    """Yield (supervisor process, port) of a dashboard that answers."""
    with serving(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory):
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def shared(shared_home):
    """The same of one dashboard for all tests that leave it answering."""
    with serving(shared_home) as found:
        yield found


def test_it_can_be_started_from_any_folder_and_keeps_its_data_where_it_was_started(tmp_path):
    port = free_port()
    environment = os.environ | {"WEIGHTBASE_PORT": str(port), "WEIGHTBASE_HOME": "home", "WEIGHTBASE_STORE": "csv:w"}
    process = subprocess.Popen([sys.executable, str(APP)], env=environment, cwd=tmp_path)
    wait_until(lambda: health(port)["ok"], "the dashboard to answer")
    wait_until(lambda: health(port).get("coordinator"), "the coordinator to work on the same home")
    process.terminate()
    process.wait()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "w"]


def test_why_a_home_is_refused_is_said_once_however_often_it_is_tried(tmp_path):
    (tmp_path / "restoring.json").write_text("{}")
    log, settings = tmp_path / "log", Settings(home=str(tmp_path), port=free_port())
    with log.open("w") as file:
        process = subprocess.Popen([sys.executable, str(APP)], env=os.environ | to_environment(settings), stderr=file)
    wait_until(lambda: "The worker cannot open" in log.read_text(), "the worker to be refused")
    wait_until(lambda: "The dashboard cannot start yet" in log.read_text(), "the web server to say why")
    process.terminate()
    process.wait()
    assert log.read_text().count("A backup is being restored into") == 1
    assert "code" not in log.read_text()


def test_healthy_says_which_store_and_catalogue_are_used(shared):
    answer = health(shared[1])
    assert (answer["ok"], answer["store"], answer["catalogue"]) == (True, "csv", "sqlite")


def post(port, path, **body):
    """Send a body to the API and return the answer."""
    question = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1{path}", json.dumps(body).encode())
    question.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(question) as answer:
        return json.load(answer)


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1{path}") as answer:
        return json.load(answer)


def mode_of(path):
    """Return the permissions of a file, none of one that was removed meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mode
    return 0


def test_all_that_a_training_leaves_in_a_home_is_for_its_owner_only(shared, shared_home):
    port = shared[1]
    post(port, "/datasets", bundled="iris")
    post(port, "/networks", name="net", dataset="iris", training={"epochs": 20, "save": "every"})
    run = post(port, "/networks/net/runs")
    wait_until(lambda: get(port, f"/runs/{run['id']}")["state"] == "finished", "the training to end")
    urllib.request.urlopen(f"http://127.0.0.1:{port}/networks/net/versions/1/tensors/layer_01.weight").close()
    paths = [shared_home, *shared_home.rglob("*")]
    assert len(paths) > 50
    assert [path for path in paths if mode_of(path) & 0o077] == []


def test_a_catalogue_is_whole_in_its_one_file_once_the_dashboard_has_stopped(served, tmp_path):
    process, port = served
    post(port, "/datasets", bundled="iris")
    children = children_of(process.pid)
    signal_to([process.pid], signal.SIGTERM)
    assert process.wait() == 0
    wait_until(lambda: not any(is_alive(pid) for pid in children), "its children to end")
    alone = tmp_path / "alone.sqlite"
    alone.write_bytes((tmp_path / "catalogue.sqlite").read_bytes())
    with closing(sqlite3.connect(alone)) as copy:
        assert copy.execute("SELECT name FROM datasets").fetchall() == [("iris",)]


def test_clients_that_never_finish_their_request_stop_nobody(shared):
    port = shared[1]
    head = b"POST /api/v1/networks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(60)]
        for number, client in enumerate(slow):
            client.sendall([b"", b"G", head, head + b"Content-Length: 99\r\n\r\n{"][number % 4])
        for _ in range(20):
            assert health(port)["ok"]
        slow[3].sendall(b" " * 97 + b"}")
        assert slow[3].recv(100).startswith(b"HTTP/1.1 422")
        slow[2].sendall(b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert slow[2].recv(100).startswith(b"HTTP/1.1 100 Continue")


def test_a_content_whose_connection_breaks_is_stored_as_far_as_it_came(shared):
    content = os.urandom(1_500_000)
    address, half = f"/api/v1/contents/{hashlib.sha256(content).hexdigest()}", 700_000
    with socket.create_connection(("127.0.0.1", shared[1])) as client:
        client.sendall(f"PUT {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(content)}\r\n\r\n".encode())
        client.sendall(content[:half])
    connection = http.client.HTTPConnection("127.0.0.1", shared[1])

    def offset():
        connection.request("HEAD", address)
        answer = connection.getresponse()
        answer.read()
        return int(answer.headers["Upload-Offset"])

    wait_until(lambda: offset() == half, "the half that was sent to be stored")
    connection.request("PUT", address, content[half:], {"Upload-Offset": str(half)})
    assert connection.getresponse().status == 201
    connection.close()


def test_clients_that_read_their_answers_slowly_stop_nobody(shared):
    port, over = shared[1], threading.Event()
    requests = f"GET /static/plotly-{plotly_digest()}.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * 40
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(Settings().threads)
        ]
        for client in clients:
            client.sendall(requests)  # more answers than the system keeps for a client that reads slowly

        def read_steadily():
            while not over.wait(0.5):
                for client in clients:
                    with contextlib.suppress(OSError):  # it was cut off
                        client.recv(4096, socket.MSG_DONTWAIT)

        reading = threading.Thread(target=read_steadily)
        reading.start()
        stack.callback(reading.join)
        stack.callback(over.set)
        for _ in range(5):
            wait_until(lambda: health(port)["ok"], "a page while all threads send to slow readers")


def test_requests_that_follow_each_other_on_one_connection_are_all_answered(shared):
    with socket.create_connection(("127.0.0.1", shared[1])) as client:
        client.sendall(b"GET /healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 3 + b"GET /healthy HTTP/1.1\r\nHost")
        client.sendall(b": 127.0.0.1\r\nConnection: close\r\n\r\n")
        answers = b"".join(iter(lambda: client.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200 OK") == 4


def test_an_upload_that_is_too_large_is_refused_with_a_sentence_and_one_that_is_not_is_taken(shared):
    port = shared[1]
    rows = b"".join(b"%d,%d,%d\n" % (n, n % 7, n % 2) for n in range(100_000))
    fields = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair
        for pair in ((b"name", b"mine"), (b"target", b"kind"))
    )
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n%s\r\n--x--\r\n'
    for content, status in ((b"a,b,kind\n" + rows, 201), (bytes(5 * 2**20), 413)):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        connection.request("POST", "/api/v1/datasets", fields + file % content, headers)
        answer = connection.getresponse()
        assert (answer.status, "error" in json.load(answer)) == (status, status == 413)
        connection.close()


@pytest.mark.parametrize("number", most_in_soak([signal.SIGKILL, signal.SIGTERM, signal.SIGINT], 1))
def test_when_the_supervisor_ends_no_child_stays_and_the_port_is_free(served, number):
    supervisor, port = served
    wait_until(lambda: len(children_of(supervisor.pid)) >= 3, "gunicorn, its worker and the coordinator")
    children = children_of(supervisor.pid)
    os.kill(supervisor.pid, number)
    supervisor.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in children), "the children to end")
    assert port_is_free(port)


def test_a_killed_web_server_is_started_again(shared):
    supervisor, port = shared
    signal_to(descendants(supervisor.pid, b"gunicorn"), signal.SIGKILL)
    wait_until(lambda: health(port)["ok"], "the web server to be started again")


def test_a_port_that_is_taken_is_told_with_the_setting_to_change(shared, tmp_path):
    settings = Settings(home=str(tmp_path / "second"), port=shared[1])
    second = subprocess.run(
        [sys.executable, str(APP)],
        env=os.environ | to_environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 2
    assert "WEIGHTBASE_PORT" in second.stderr

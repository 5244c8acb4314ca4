"""A web server that has grown is replaced when it rests, and no request is lost meanwhile."""

import os
import re
import socket
import subprocess
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from dashboard.jobs.supervisor import gunicorn_command
from dashboard.settings import Settings, to_environment
from tests.processes.run_processes import children_of, is_alive
from tests.processes.test_serving import free_port, health
from tests.worker import wait_until

pytestmark = pytest.mark.processes

FORM = (
    "--x\r\nContent-Disposition: form-data; name=name\r\n\r\n{name}\r\n"
    "--x\r\nContent-Disposition: form-data; name=target\r\n\r\nc\r\n"
    '--x\r\nContent-Disposition: form-data; name=file; filename="a.csv"\r\n\r\n{table}\r\n--x--\r\n'
)
KIND = "multipart/form-data; boundary=x"


@pytest.fixture
def served(tmp_path):
    """Yield (port, pid of gunicorn) of a web server that rests soon, see `quick_rest`."""
    settings = Settings(home=str(tmp_path / "home"), port=free_port())
    environment = os.environ | to_environment(settings) | {"QUICK_REST": str(tmp_path)}
    command = [*gunicorn_command(settings), "--config", "python:tests.processes.quick_rest"]
    process = subprocess.Popen(command, env=environment)
    wait_until(lambda: health(settings.port)["ok"], "the web server to answer")
    yield settings.port, process.pid
    process.terminate()
    process.wait()


def upload(name):
    """Return the body of a request that makes a dataset of a file; its size gives a slow client minutes."""
    table = "\n".join(["a,b,c", *(f"{number},{number % 7},{number % 2}" for number in range(20_000))])
    return FORM.format(name=name, table=table).encode()


def resident_mb(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def answers(port, path="/healthy"):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=300) as answer:
        return answer.status == 200


def test_it_is_replaced_after_an_upload_while_others_send_requests(served, tmp_path):
    port, gunicorn = served
    (old,) = children_of(gunicorn)
    question = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/datasets", upload("first"))
    question.add_header("Content-Type", KIND)
    urllib.request.urlopen(question).close()
    wait_until((tmp_path / "loaded").exists, "another process to be loaded")
    (new,) = set(children_of(gunicorn)) - {old}
    assert answers(port), "the old one serves until the new one is ready"
    body = upload("second")
    head = f"POST /api/v1/datasets HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {KIND}\r\nContent-Length: {len(body)}"
    with closing(socket.create_connection(("127.0.0.1", port))) as slow:
        slow.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode() + body[:-100])
        with closing(socket.create_connection(("127.0.0.1", port))) as silent:
            assert answers(port), "the connections made before are accepted"
            (tmp_path / "go_on").touch()
            assert silent.recv(100) == b"", "closed as the old one ends"
        assert is_alive(old)
        slow.sendall(body[-100:])
        assert slow.recv(100).startswith(b"HTTP/1.1 201")
    wait_until(lambda: children_of(gunicorn) == [new], "the old one to end")
    mapped = Path(f"/proc/{new}/maps").read_text()
    assert not re.findall(r"/(?:pyarrow|pandas|scipy|h5py|onnx|safetensors)/.*", mapped)
    assert resident_mb(new) < 130
    assert answers(port, "/api/v1/datasets/second")

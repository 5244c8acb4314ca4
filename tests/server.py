"""A throw-away MariaDB for tests: its own data folder, a free port on 127.0.0.1, gone when the tests are done.

TEST_MYSQL_URL (mysql://user:password@host:3306/, a user who may create databases and users) points the same tests at
any other server.
"""

import os
import shutil
import socket
import subprocess
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import mysql.connector
import pytest

PASSWORD = "throw-away"  # of the private servers that are started here; no other server is given it
BINARIES = ("mariadbd", "mariadb-install-db")
INSTALL = "The tests need a MariaDB server. Type: apt-get install -y mariadb-server (as root), or set TEST_MYSQL_URL."
START_SECONDS = 300.0


def find_binary(name):
    """Return where a program of the server is; raises RuntimeError with the command that installs it."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise RuntimeError(INSTALL)
    return path


class Server:
    """A MariaDB server in `folder`; `start` and `kill` may be called again and again, the data stay."""

    def __init__(self, folder: Path, options=(), at_install=()) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        server, install = map(find_binary, BINARIES)
        self.user = ["--user=root"] if os.getuid() == 0 else []
        (folder / "tmp").mkdir()
        # A server that starts removes what looks like a left temporary table in its tmpdir: another server's, too.
        self.environment = os.environ | {"TMPDIR": str(folder / "tmp")}
        (folder / "init.sql").write_text(
            f"CREATE USER IF NOT EXISTS 'tester'@'%' IDENTIFIED BY '{PASSWORD}';"
            "\nGRANT ALL ON *.* TO 'tester'@'%' WITH GRANT OPTION;\n"
        )
        done = subprocess.run(
            [
                install,
                "--no-defaults",
                f"--datadir={folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *at_install,
                *self.user,
            ],
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"The server's data folder could not be made: {done.stdout} {done.stderr}")
        self.port = free_port()  # only now: making the data folder takes seconds, in which another could take the port
        self.command = [
            server,
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            f"--socket={folder / 'socket'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--innodb-buffer-pool-size=256M",
            "--innodb-log-file-size=128M",
            "--max-connections=200",
            f"--init-file={folder / 'init.sql'}",
            *self.user,
            *options,
        ]

    @property
    def url(self):
        """The address of the server, without a database."""
        return f"mysql://tester:{PASSWORD}@127.0.0.1:{self.port}/"

    def start(self):
        """Start the server and return when it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                connect(self.url).close()
                return
            except mysql.connector.Error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()[-3000:]) from None
                time.sleep(0.05)

    def kill(self):
        """End the server as a power cut would."""
        self.process.kill()
        self.process.wait()


def free_port():
    """Return a port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connect(url, database=None, **options):
    """Return a plain connection of the tests' own to the server at `url`."""
    parts = urlsplit(url)
    return mysql.connector.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=database,
        autocommit=True,
        **options,
    )


def run_sql(url, *statements, database=None):
    """Run statements and return the rows of the last one."""
    connection = connect(url, database)
    try:
        cursor = connection.cursor()
        rows = []
        for statement in statements:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.with_rows else []
        return rows
    finally:
        connection.close()


@pytest.fixture(scope="session")
def mysql_server_url(tmp_path_factory):
    """The address of a running server, without a database."""
    if os.environ.get("TEST_MYSQL_URL"):
        yield os.environ["TEST_MYSQL_URL"].rstrip("/") + "/"
        return
    server = Server(tmp_path_factory.mktemp("mariadb"))
    server.start()
    yield server.url
    server.kill()
    shutil.rmtree(server.folder)


@contextmanager
def own_database(server_url):
    """Make an empty database, yield its address, and drop it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    run_sql(server_url, f"CREATE DATABASE {name}")
    yield server_url + name
    run_sql(server_url, f"DROP DATABASE {name}")


@pytest.fixture
def mysql_url(mysql_server_url):
    """The address of an empty database of the test's own."""
    with own_database(mysql_server_url) as url:
        yield url


@pytest.fixture(scope="module")
def mysql_url_of_module(mysql_server_url):
    """The address of an empty database of the module's own."""
    with own_database(mysql_server_url) as url:
        yield url


@pytest.fixture
def sql(mysql_url):
    """What runs statements in the test's own database."""
    server, _, database = mysql_url.rpartition("/")
    return lambda *statements: run_sql(server, *statements, database=database)

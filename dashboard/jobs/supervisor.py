"""One command starts everything: gunicorn for the pages, the coordinator for the runs, both restarted when they die.

A coordinator with nothing to do ends, which gives back all its memory, and is started when a run is queued.

Children get a lifeline: a pipe that only the supervisor holds open. However the supervisor dies, the pipe ends
with it, and the children follow; no orphan keeps the port.
"""

import base64
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from dashboard.errors import Invalid, OtherDashboard, StoreUnavailable
from dashboard.jobs import home_watch
from dashboard.jobs.memory import MALLOC
from dashboard.jobs.stop_signals import end_on_signals
from dashboard.jobs.wake_pipe import LOOK, RESTED, RESTS, WAKE, WOKEN, write
from dashboard.settings import Settings, to_environment

CODE_FOLDER = Path(__file__).parent.parent.parent
"""The folder that holds the package: children start in it, so that they import this code and nobody else's."""

WORKER = [sys.executable, "-m", "dashboard.cli", "worker"]
LIFELINE = "WEIGHTBASE_LIFELINE"
STOP_SECONDS = 10.0
LOOK_SECONDS = 1.0
LONG_SECONDS = 60.0
MOST_CONNECTIONS = 800  # each is an open file, and 1,024 is what a process may usually have
IN_USE = 3
"""The exit code of a worker that finds its database or its store used by another home: then all of it ends."""
NOT_OPENED = 5
"""The exit code of a worker that cannot open home or store: it leaves it to the web server to say why, once."""
BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Child:
    """A child process that is started again when it ends by itself; later each time, if it never runs for long."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], pipes: Collection[int]) -> None:
        self.name, self.command, self.environment, self.pipes = name, command, environment, pipes
        self.starts = 0  # since it last ran for long
        self.next_start = self.started = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self.is_refused = False
        self.is_woken = self.is_resting = False  # see `wake_pipe`

    def hear(self, message: bytes) -> None:
        """Take what has come through the pipe: what came last decides whether the process is needed."""
        for byte in message:
            self.is_woken = byte in WOKEN or (self.is_woken and byte not in RESTS)

    def tend(self) -> None:
        """Start the process if it is needed, does not run and its time has come."""
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None and self.process.returncode == RESTED:
            self.process, self.is_resting, self.starts = None, True, 0
        self.is_resting = self.is_resting and not self.is_woken
        if self.process is not None:
            code, self.process = self.process.returncode, None
            self.is_refused = code == IN_USE
            if self.is_refused:
                return
            if time.monotonic() - self.started > LONG_SECONDS:
                self.starts = 1
            pause = BACK_OFF_SECONDS[min(self.starts, len(BACK_OFF_SECONDS)) - 1]
            self.next_start = time.monotonic() + pause
            self._report_end(code, pause)
        if not self.is_resting and time.monotonic() >= self.next_start:
            self.starts += 1
            self.started = time.monotonic()
            # A session of its own keeps the terminal's Ctrl-C from it: the supervisor stops it in order.
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                self.command,
                env=self.environment,
                cwd=CODE_FOLDER,
                pass_fds=self.pipes,
                start_new_session=True,
            )

    def _report_end(self, code: int, pause: float) -> None:
        if code != NOT_OPENED:
            text = f"{self.name} ended with code {code}; starting it again in {pause} s"
        elif self.starts == 1:
            text = f"{self.name} cannot open its home or store, and tries again until it can; the pages say why"
        else:
            return
        print(text, file=sys.stderr, flush=True)

    def ask_to_end(self) -> None:
        """Ask the process to end; `wait_for_end` waits for it."""
        if self.process is not None:
            self.process.terminate()

    def wait_for_end(self) -> None:
        """Wait until the process has ended; beyond a time limit it is killed."""
        if self.process is None:
            return
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def serve(settings: Settings) -> None:
    """Run the dashboard until SIGTERM or SIGINT; raises Invalid if the port is taken.

    Raises StoreUnavailable, after all has ended, if the home was moved or replaced meanwhile, OtherDashboard if another
    home uses the database or the store.
    """
    _check_port(settings)
    settings = settings.with_absolute_paths()  # the children work in another folder
    read_end, write_end = os.pipe()
    messages, wake = os.pipe()
    os.set_blocking(messages, False)
    os.set_blocking(wake, False)
    environment = MALLOC | os.environ | to_environment(settings) | {LIFELINE: str(read_end), WAKE: str(wake)}
    children = [
        Child("The web server", gunicorn_command(settings), environment, (read_end, wake)),
        Child("The worker", WORKER, environment, (read_end, wake)),
    ]
    stop = threading.Event()
    end_on_signals(stop.set, then=partial(write, wake, LOOK))
    signal.signal(signal.SIGCHLD, lambda *_: write(wake, LOOK))
    threading.Thread(target=_announce, args=(settings, stop), daemon=True).start()
    home, opened = settings.home_folder, home_watch.mark_of(settings.home_folder)
    while not (stop.is_set() or any(child.is_refused for child in children)) and opened == home_watch.mark_of(home):
        for child in children:
            child.tend()
        is_pausing = any(child.next_start > time.monotonic() for child in children)
        heard = _heard(messages, BACK_OFF_SECONDS[0] if is_pausing else LOOK_SECONDS)
        children[-1].hear(heard)
        opened = opened or home_watch.mark_of(home)  # the children make it at the first start
    print("Stopping", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for child in children:
        child.ask_to_end()
    for child in children:
        child.wait_for_end()
    os.close(write_end)
    if any(child.is_refused for child in children):
        raise OtherDashboard("Weightbase has stopped: another dashboard uses its database or store, as said above.")
    if not stop.is_set():
        raise StoreUnavailable(home_watch.words(home))


def _heard(messages: int, seconds: float) -> bytes:
    """Return what has come through the pipe of messages, once something has or the time is over."""
    select.select([messages], [], [], seconds)
    with contextlib.suppress(BlockingIOError):
        return os.read(messages, 4096)
    return b""


def gunicorn_command(settings: Settings) -> list[str]:
    """Return the command that serves the pages: one process, several threads."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return [
        *(sys.executable, "-m", "gunicorn", "dashboard:serve_app()"),
        *("--bind", f"{host}:{settings.port}"),
        *("--worker-class", "dashboard.jobs.buffering.BufferingWorker", "--workers", "1"),
        *("--threads", str(settings.threads), "--worker-connections", str(MOST_CONNECTIONS)),
        *("--config", "python:dashboard.jobs.gunicorn_hooks", "--log-level", "warning", "--no-control-socket"),
        *("--timeout", "120", "--graceful-timeout", "5"),
    ]


def follow_lifeline(end: Callable[[], None]) -> None:
    """If this process has a lifeline, watch it in a thread, and call `end` when the supervisor is gone."""
    descriptor = os.environ.get(LIFELINE)
    if descriptor is None:
        return

    def watch() -> None:
        while os.read(int(descriptor), 1):
            pass
        end()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def address(settings: Settings) -> str:
    """Return the address that a person types into the browser."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{settings.port}"  # noqa: S104 - only to name it


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            reason = f"cannot be used ({error.strerror}). Set WEIGHTBASE_PORT to another."
            message = f"Port {settings.port} of {settings.host} {reason}"
            raise Invalid({"WEIGHTBASE_PORT": message}) from error


def _announce(settings: Settings, stop: threading.Event) -> None:
    question = urllib.request.Request(f"{address(settings)}/healthy")  # noqa: S310 - our own address
    password = base64.b64encode(f":{settings.password}".encode()).decode()
    question.add_header("Authorization", f"Basic {password}")
    while not stop.wait(0.1):
        with contextlib.suppress(OSError), urllib.request.urlopen(question, timeout=2):  # noqa: S310
            print(f"Weightbase is ready: {address(settings)}   (Ctrl-C stops it)", flush=True)
            return

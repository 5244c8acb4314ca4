"""The worker of gunicorn that serves the pages: threads only get requests that have arrived entirely.

gunicorn's own threads read from the connection: eight clients that send a byte now and then occupy all of them. Here
the main thread collects the bytes of all connections, and hands a request to a thread once it is complete. What takes
too long is closed, and if there are too many connections, the one that has waited longest. When every thread is busy
and a request waits for one, the client that has kept its thread longest by reading slowly loses its connection.

A worker that rests and has grown lets gunicorn start a second one; as soon as that one is ready, it ends this one
(`gunicorn_hooks`). Until then both accept connections, so nobody waits.
"""

import contextlib
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import get_parser
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from dashboard.jobs.incoming import REQUEST_SECONDS, Incoming
from dashboard.jobs.resting import Rest
from dashboard.settings import from_environment

PIECE = 256 * 1024
SEND_SECONDS = 30
SLOW_SECONDS = 3.0
"""From then on a client that has not yet read what is sent to it may lose its connection to those who wait."""
SWEEP_SECONDS = 0.5
HAND_OVER_SECONDS = 600
"""How long a worker that is replaced may go on with the requests that it has accepted."""
FORM_BYTES = 2**20
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Received(Unreader):  # type: ignore[misc]  # gunicorn is untyped
    """What gunicorn's parser reads from: a complete request, and never the connection."""

    def __init__(self, incoming: Incoming) -> None:
        super().__init__()
        self.incoming = incoming

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next piece of the request; empty at its end. The hint may be the length of a whole upload."""
        return self.incoming.read(min(max(size_hint or 0, 8192), PIECE))


class Answered(socket.socket):
    """A connection that knows for how long its client has let a thread wait, since its last request came."""

    waited = 0.0
    waits_since = 0.0  # 0.0 while nothing is being sent

    def seconds_waited(self) -> float:
        """Return for how many seconds a thread has waited until this client had read what it was sent."""
        since = self.waits_since
        return self.waited + (time.monotonic() - since if since else 0.0)

    @contextlib.contextmanager
    def _sending(self) -> Iterator[None]:
        self.waits_since = time.monotonic()
        try:
            yield
        finally:
            self.waited += time.monotonic() - self.waits_since
            self.waits_since = 0.0

    def sendall(self, *arguments: Any) -> None:  # noqa: ANN401 - the system's own
        """Send everything; gunicorn sends each piece of an answer so."""
        with self._sending():
            super().sendall(*arguments)

    def sendfile(self, *arguments: Any, **named: Any) -> int:  # noqa: ANN401 - the system's own
        """Send a file; gunicorn sends files so."""
        with self._sending():
            return super().sendfile(*arguments, **named)


class BufferingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """A ThreadWorker whose threads never wait for a client's request."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - gunicorn's own
        super().__init__(*arguments, **named)
        self.receiving: dict[TConn, Incoming] = {}
        """The connections whose next request is not complete, in the order in which they began to wait for it."""
        self.answering: set[TConn] = set()
        """The connections whose request is with a thread, or waits for one."""
        self.most_receiving = max(1, self.worker_connections - 2 * self.cfg.threads)
        self.most_bytes = from_environment().max_upload_mb * 2**20 + FORM_BYTES
        self.swept = 0.0
        self.rest: Rest | None = None
        self.is_replacement = False  # set by `gunicorn_hooks` before the fork

    def run(self) -> None:
        """Serve until the end."""
        self.rest = Rest(self.request_replacement)
        super().run()

    def request_replacement(self) -> None:
        """Let gunicorn start a worker more; this one ends when that one is ready, and finishes what it has accepted."""
        self.log.info("This process rests and has grown: it is replaced.")
        self.cfg.set("graceful_timeout", HAND_OVER_SECONDS)
        os.kill(self.ppid, signal.SIGTTIN)

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection and wait for its first request; the oldest that waits goes if there are too many."""
        try:
            accepted, address = listener.accept()
            client = Answered(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
            # A client that reads nothing for so long is given up: a thread waits for it.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        except (BlockingIOError, ConnectionError):
            return
        except OSError as error:  # no more files may be open
            self.log.warning("A connection could not be accepted: %s.", error.strerror)
            self.drop_oldest()
            return
        connection = TConn(self.cfg, client, address, listener.getsockname())
        connection.initialized = True  # gunicorn's way to read the connection is not used
        connection.parser = get_parser(self.cfg, client, address)
        self.nr_conns += 1
        if len(self.receiving) >= self.most_receiving:
            self.drop_oldest()
        self.receive(connection, REQUEST_SECONDS)

    def receive(self, connection: TConn, seconds: float, data: bytes = b"") -> None:
        """Wait for the next request of a connection, of which `data` has come; its first byte comes in `seconds`."""
        connection.sock.setblocking(False)
        connection.timeout = time.monotonic() + seconds
        self.receiving[connection] = Incoming(self.most_bytes)
        self.poller.register(connection.sock, EVENT_READ, partial(self.read, connection))
        if data:
            self.feed(connection, data)

    def read(self, connection: TConn, _: object) -> None:
        """Take what a connection has sent; it is dropped if the client has ended it."""
        try:
            data = connection.sock.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.give_up(connection)
            return
        try:
            self.feed(connection, data)
        except OSError as error:  # the client has gone, or there is no space for its request
            self.log.warning("A request could not be received: %s.", error.strerror)
            self.drop(connection)

    def feed(self, connection: TConn, data: bytes) -> None:
        """Add to the request of a connection; a thread gets it once it is complete."""
        incoming = self.receiving[connection]
        expected_before = incoming.expects_continue
        incoming.feed(data)
        connection.timeout = incoming.deadline()
        if incoming.is_complete:
            self.pass_on(connection)
        elif incoming.expects_continue and not expected_before:
            connection.sock.send(CONTINUE)

    def pass_on(self, connection: TConn) -> None:
        """Let a thread answer the request of a connection."""
        incoming = self.receiving.pop(connection)
        self.poller.unregister(connection.sock)
        connection.parser.unreader = Received(incoming)
        connection.sock.waited = 0.0
        self.answering.add(connection)
        self.enqueue_req(connection)

    def give_up(self, connection: TConn) -> None:
        """Close a connection whose client is gone or too slow; a content is stored as far as it came."""
        incoming = self.receiving[connection]
        if incoming.can_be_cut:
            incoming.cut()
            self.pass_on(connection)
        else:
            self.drop(connection)

    def drop(self, connection: TConn) -> None:
        """Close a connection whose request is not complete."""
        self.receiving.pop(connection).close()
        self.poller.unregister(connection.sock)
        self.nr_conns -= 1
        connection.close()

    def drop_oldest(self) -> None:
        """Close the connection that has waited longest to be complete, if any waits."""
        if self.receiving:
            self.drop(next(iter(self.receiving)))

    def free_a_thread(self) -> None:
        """If a request waits for a thread, end the connection of the client that has let one wait longest.

        It sees that its answer is not whole by the Content-Length, or by the missing last chunk.
        """
        if len(self.answering) <= self.cfg.threads:
            return
        slowest = max(self.answering, key=lambda one: one.sock.seconds_waited())
        if slowest.sock.seconds_waited() > SLOW_SECONDS:
            self.log.warning("A client read its answer too slowly while others waited; its connection was closed.")
            with contextlib.suppress(OSError):  # it has gone by itself
                slowest.sock.shutdown(socket.SHUT_RDWR)  # the thread that sends to it fails, and is free

    def finish_request(self, connection: TConn, future: "Future[Any]") -> None:
        """Wait for the next request of a connection that stays open; close it otherwise."""
        self.answering.discard(connection)
        incoming = connection.parser.unreader.incoming
        incoming.close()
        if future.cancelled() or future.exception() or not future.result():
            super().finish_request(connection, future)
        else:
            self.receive(connection, self.cfg.keepalive, bytes(incoming.pending))

    def murder_pending(self) -> None:
        """Close the connections whose time is over, give memory back; gunicorn calls this in each turn."""
        now = time.monotonic()
        if now - self.swept < SWEEP_SECONDS:
            return
        self.swept = now
        for connection in [one for one in self.receiving if one.timeout < now]:
            self.give_up(connection)
        self.free_a_thread()
        if self.rest is not None:
            self.rest.look(self.nr, self.nr_conns)

    def _cap_keepalive(self, deadline: float) -> None:
        """Wait no longer than this for further requests, as the worker stops.

        What has begun to arrive is waited for if another worker serves meanwhile.
        """
        is_replaced = self.rest is not None and self.rest.is_replaced
        for connection, incoming in self.receiving.items():
            if not (is_replaced and incoming.started is not None):
                connection.timeout = min(connection.timeout, deadline)

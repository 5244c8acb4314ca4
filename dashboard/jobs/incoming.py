"""One HTTP request while its bytes arrive: where it ends is known without a thread that waits for it.

Only the framing is read here (RFC 9112, section 6): the end of the head, Content-Length, chunks. Whether the request is
a valid one is decided by gunicorn's parser, which gets all of it at once.
"""

import re
import time
from collections.abc import Generator
from tempfile import SpooledTemporaryFile

MOST_HEAD = 128 * 1024
LONGEST_LINE = 8 * 1024
IN_MEMORY = 256 * 1024
MOST_READ = 2**31
"""A body beyond this is not waited for: the dashboard refuses it by its length."""
REQUEST_SECONDS = 20.0
LOWEST_RATE = 1000.0
"""How long a request may take: so many seconds, and one more for so many bytes of it."""

Steps = Generator[None, None, None]
Line = Generator[None, None, bytes]
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked[ \t]*\r\n", re.IGNORECASE)
RESUMABLE = re.compile(rb"PUT [^ ?]*/api/v1/contents/[0-9a-f]{64} ")
CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)


class Incoming:
    """The bytes of a request so far; `most` of its body are kept, what is beyond is only counted and read as zeros.

    A body that is longer than an upload may be is refused by its length, and need not fill the disk before. What has
    arrived of a content that a program sends is of use also if the rest never comes: such a request `can_be_cut`.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self.size = self.left_out = 0
        self.pending = bytearray()
        """What has arrived and is not known to be part of this request: in the end, the beginning of the next one."""
        self.is_complete = self.expects_continue = self.can_be_cut = False
        self.started: float | None = None
        self._steps = self._read()

    def feed(self, data: bytes) -> None:
        """Take what has arrived; `is_complete` says whether the request is whole, or cannot become a valid one."""
        if self.started is None:
            self.started = time.monotonic()
        self.pending += data
        if next(self._steps, self) is self:  # the steps have ended
            self.is_complete = True

    def cut(self) -> None:
        """End a request where it is: its body is shorter than its length says."""
        self.file.seek(0)
        self.is_complete = True

    def deadline(self) -> float | None:
        """Return by when the request has to be complete, on the monotonic clock; None before its first byte."""
        return None if self.started is None else self.started + REQUEST_SECONDS + self.size / LOWEST_RATE

    def read(self, size: int) -> bytes:
        """Return the next bytes of a complete request, at most `size`; empty at its end."""
        data = self.file.read(size)
        if not data and self.left_out:
            data = bytes(min(size, self.left_out))
            self.left_out -= len(data)
        return data

    def close(self) -> None:
        """Give the memory and the temporary file back."""
        self.file.close()

    def _read(self) -> Steps:
        head = yield from self._until(b"\r\n\r\n", MOST_HEAD)
        length = LENGTH.search(head)
        self.expects_continue = CONTINUE.search(head) is not None
        if CHUNKED.search(head):
            yield from self._chunks()
        elif length and int(length[1]) <= MOST_READ:
            self.can_be_cut = RESUMABLE.match(head) is not None
            yield from self._take_exactly(int(length[1]))
        self.file.seek(0)

    def _chunks(self) -> Steps:
        while True:
            line = yield from self._until(b"\r\n", LONGEST_LINE)
            size = re.match(rb"([0-9a-fA-F]{1,8})[ \t]*[;\r]", line)
            if size is None or self.size + int(size[1], 16) > MOST_READ:
                return  # gunicorn's parser refuses it
            if int(size[1], 16) == 0:
                break
            yield from self._take_exactly(int(size[1], 16) + 2)
        while (yield from self._until(b"\r\n", LONGEST_LINE)) not in {b"", b"\r\n"}:
            continue  # a trailer

    def _until(self, mark: bytes, most: int) -> Line:
        """Take what ends with a mark, and return it; empty, with all taken, if it is longer than `most`."""
        start = 0
        while (end := self.pending.find(mark, start)) < 0:
            if len(self.pending) > most:
                self._take(len(self.pending))
                return b""
            start = max(0, len(self.pending) - len(mark) + 1)
            yield
        return self._take(end + len(mark))

    def _take_exactly(self, count: int) -> Steps:
        while count:
            if not self.pending:
                yield
            count -= len(self._take(min(count, len(self.pending))))

    def _take(self, count: int) -> bytes:
        data = bytes(self.pending[:count])
        del self.pending[:count]
        self.size += count
        if self.size <= self.most:
            self.file.write(data)
        else:
            self.left_out += count
        return data

"""The files of a request, one behind another in one temporary file: thousands take one descriptor, and no memory."""

import io
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from flask import Request

IN_MEMORY = 500 * 2**10


class PartsRequest(Request):
    """A request whose uploaded files share one temporary file."""

    _spool: IO[bytes] | None = None

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:  # noqa: ANN401 - what a part says of itself
        if self._spool is None:
            self._spool = cast(IO[bytes], SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - closed with the request
        return cast(IO[bytes], Part(self._spool))

    def close(self) -> None:
        """Remove the uploaded files."""
        super().close()
        if self._spool is not None:
            self._spool.close()


class Part(io.RawIOBase):
    """One of several files that stand one behind another in a file; only the last one can be written."""

    def __init__(self, whole: IO[bytes]) -> None:
        self.whole = whole
        self.start = whole.seek(0, io.SEEK_END)
        self.length = self.place = 0

    def readable(self) -> bool:
        """Say that it is read."""
        return True

    def writable(self) -> bool:
        """Say that it is written."""
        return True

    def seekable(self) -> bool:
        """Say that its place can be set."""
        return True

    def write(self, piece: Any) -> int:  # noqa: ANN401 - any bytes
        """Write a piece at the end and return its length."""
        self.whole.seek(self.start + self.length)
        written = self.whole.write(piece)
        self.length += written
        self.place = self.length
        return written

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any bytes that can be changed
        """Fill a buffer from the place on and return how many bytes that are, 0 at the end."""
        self.whole.seek(self.start + self.place)
        piece = self.whole.read(min(len(buffer), self.length - self.place))
        buffer[: len(piece)] = piece
        self.place += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the place and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.length}[whence]
        self.place = min(max(base + offset, 0), self.length)
        return self.place

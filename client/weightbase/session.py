"""What a script uses: one session by default, made from the environment; logging never waits for the server."""

from __future__ import annotations

import atexit
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weightbase.connection import Connection, Transport
from weightbase.errors import WeightbaseError
from weightbase.metrics import numbers
from weightbase.models import tensors_of
from weightbase.pushing import Pusher
from weightbase.sender import Item, Sender
from weightbase.spool import FOLDER, Message, Spool, remove
from weightbase.tensors import Tensor

logger = logging.getLogger("weightbase")

MODES = ("on", "spool", "off")
RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
"""What launchers of several processes call the number of a process; only 0 logs."""
EXIT_SECONDS = 60.0
"""So long the end of a script waits for a server that answers; one that does not is tried once."""


class Session:
    """Logs to the server at an address; `strict` waits for it and raises what goes wrong."""

    def __init__(
        self, url: str = "", token: str = "", *, strict: bool = False, mode: str = "", spool: str | Path = ""
    ) -> None:
        self.mode = mode or os.environ.get("WEIGHTBASE_MODE", "") or "on"
        if self.mode not in MODES:
            raise WeightbaseError(f"WEIGHTBASE_MODE is {self.mode!r}: it is one of {', '.join(MODES)}.")
        self.strict = strict
        self._address = url, token
        self.url = self._connect().url  # an address that cannot be one is refused here and not in the background
        self._spool = Spool(_writable(Path(spool or os.environ.get("WEIGHTBASE_SPOOL", "") or FOLDER)), self.url)
        self._sender: Sender | None = None
        self._counts: Counter[str] = Counter()
        self._pusher: Pusher | None = None

    def _connect(self) -> Connection:
        return Connection(*self._address)

    @property
    def transport(self) -> Transport:
        """What carries the requests of the calling thread."""
        if self._pusher is None:
            self._pusher = Pusher(self._connect())
        return self._pusher.transport

    @property
    def logs(self) -> bool:
        """Whether this process logs at all: not if that is switched off, nor in the other processes of a training."""
        ranks = (os.environ.get(name, "") for name in RANKS)
        rank = next((text for text in ranks if text.isdigit()), "0")
        return self.mode != "off" and int(rank) == 0

    def log(
        self,
        network: str,
        model: object,
        metrics: Mapping[str, Any] | None = None,
        *,
        epoch: int | None = None,
        key: str = "",
        run: dict[str, Any] | None = None,
        strict: bool | None = None,
    ) -> str | None:
        """Log a model's weights as the next version; copies them and returns. See `weightbase.log`."""
        if not self.logs:
            return None
        self._counts[network] += 1
        body: dict[str, Any] = {"epoch": self._counts[network] if epoch is None else int(epoch)}
        body["metrics"] = numbers(metrics)
        if key:
            body["key"] = key
        answer = self._put(Message("version", network, body, run, not key), tensors_of(model), strict)
        return None if answer is None else f"{network}:{answer['version']}"

    def put(self, message: Message) -> None:
        """Send a message without weights, as `log` does."""
        if self.logs:
            self._put(message, [], None)

    def is_cancelled(self, key: str) -> bool:
        """Return whether the run with this key was cancelled on the dashboard, as far as its last answer says."""
        in_background = self._sender is not None and self._sender.is_cancelled(key)
        return in_background or (self._pusher is not None and key in self._pusher.cancelled)

    def flush(self, seconds: float = EXIT_SECONDS) -> int:
        """Wait until everything was sent, at most so long; return how much still waits on disk."""
        return self._sender.flush(seconds) if self._sender is not None else 0

    def close(self) -> None:
        """Send what is left if the server answers; say where the rest is kept."""
        left = self._sender.flush(EXIT_SECONDS, until_failure=True) if self._sender is not None else 0
        if left:
            words = "1 entry waits" if left == 1 else f"{left} entries wait"
            logger.warning("%s in %s: `python -m weightbase sync` sends what is there.", words, self._spool.folder)

    def _put(self, message: Message, tensors: list[Tensor], strict: bool | None) -> dict[str, Any] | None:
        if (self.strict if strict is None else strict) and self.mode == "on":
            return self._send(message, tensors)
        if self._sender is None:
            self._sender = Sender(self._spool, self._connect if self.mode == "on" else None)
        self._sender.put(Item(message, tensors))
        return None

    def _send(self, message: Message, tensors: list[Tensor]) -> dict[str, Any]:
        """Send a message at once; raises Refused or Unreachable, after which nothing of it is kept."""
        if self._sender is not None:  # what was logged before comes before
            self._sender.flush(EXIT_SECONDS)
        if self._pusher is None:
            self._pusher = Pusher(self._connect())
        entry = self._spool.put(message, tensors)
        try:
            return self._pusher.send(entry)
        finally:
            remove(entry)


class _Default:
    """The session of this process; a forked process begins one of its own."""

    session: Session | None = None


def connect(url: str = "", token: str = "", *, strict: bool = False, mode: str = "", spool: str | Path = "") -> Session:
    """Choose the server for what follows; without it WEIGHTBASE_URL and WEIGHTBASE_TOKEN are used.

    `token` is the password of the dashboard, if it has one. `strict` makes every call wait for the server and raise
    what goes wrong. `mode` is on, spool (only on disk, for `weightbase sync`) or off; `spool` is the folder for that.
    Raises WeightbaseError for an address or mode that cannot be one; does not reach out to the server.
    """
    if _Default.session is not None:
        _Default.session.close()
    _Default.session = Session(url, token, strict=strict, mode=mode, spool=spool)
    return _Default.session


def session() -> Session:
    """Return the session of this process; the first call makes it from the environment."""
    if _Default.session is None:
        _Default.session = Session()
    return _Default.session


def log(
    network: str,
    model: object,
    metrics: Mapping[str, Any] | None = None,
    *,
    epoch: int | None = None,
    key: str = "",
    strict: bool | None = None,
) -> str | None:
    """Log the weights of a model as the next version of a network, which is created when it is new.

    The weights are copied, and everything else happens in the background: a server that is lost or slow neither ends
    nor slows a training. Weights that the server has are not sent again; the same weights at the same epoch are one
    version, also when a script is started again. `model` is a dict of arrays, a module or state_dict of PyTorch, a
    model of Keras, a fitted MLP of scikit-learn, the book's class, or the path of a .npz or .safetensors file.
    `metrics` are numbers by name. With `strict` it waits, raises what goes wrong, and returns the version's reference.
    Raises TypeError for a model that is not known or a metric that is no number.
    """
    return session().log(network, model, metrics, epoch=epoch, key=key, strict=strict)


def flush(seconds: float = EXIT_SECONDS) -> int:
    """Wait until everything that was logged was sent, at most so long; return how much still waits on disk."""
    return session().flush(seconds)


def _writable(folder: Path) -> Path:
    """Return the folder for the spool, or one for temporary files where a script may not write."""
    existing = next((place for place in (folder, *folder.absolute().parents) if place.is_dir()), Path())
    if os.access(existing, os.W_OK):
        return folder.absolute()
    other = Path(tempfile.gettempdir()) / f"weightbase-{os.getuid() if hasattr(os, 'getuid') else 'spool'}"
    logger.warning("%s cannot be written: what is logged waits in %s.", folder.absolute(), other)
    return other


def _close() -> None:
    if _Default.session is not None:
        _Default.session.close()


def _forget() -> None:
    """Begin without a session in a forked process: the threads of its parent are not in it."""
    _Default.session = None


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

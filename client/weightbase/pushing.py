"""Sending a message: the manifest, the contents that the server lacks, the manifest again; all may be repeated."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from weightbase.connection import Transport, call, checked
from weightbase.errors import Refused, Unreachable, WeightbaseError
from weightbase.spool import Entry, Message

ROUNDS = 20
"""So often a manifest is sent again if the server still lacks what it was sent, or saves the same version."""
BUSY_SECONDS = 0.5
POLL_SECONDS = (0.05, 2.0)
MOST_EPOCHS = 500
"""So many epochs of a run are sent in one request."""


def is_there_already(entry: Entry, refused: WeightbaseError) -> bool:
    """Return whether a version is refused since the same weights of the same epoch are there, with other metrics.

    So a script that is started again adds nothing, although what it measured, such as seconds, differs.
    """
    is_known = isinstance(refused, Refused) and refused.status == 409 and refused.field == "key"
    return is_known and entry.message.what == "version" and entry.message.has_own_key


class Pusher:
    """Sends messages to one server; knows the numbers of the runs that it has begun, and which are to stop."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.cancelled: set[str] = set()
        self._runs: dict[str, int] = {}

    def send(self, entry: Entry) -> dict[str, Any]:
        """Send the message of an entry and return the answer; raises Refused, Unreachable, OSError."""
        message = entry.message
        if message.what == "version":
            return self._send_version(entry)
        number = self._run(message)
        if message.what == "epochs":
            answer = self._post(f"/runs/{number}/epochs", message.body["epochs"])
            if answer.get("cancel") and message.run is not None:
                self.cancelled.add(message.run["key"])
            return answer
        if message.what == "end":
            return self._post(f"/runs/{number}/end", message.body)
        return {"id": number}

    def _send_version(self, entry: Entry) -> dict[str, Any]:
        message = entry.message
        body = dict(message.body)
        if message.run is not None:
            body["run"] = self._run(message)
        address = f"/networks/{quote(message.network, safe='')}/versions"
        for _ in range(ROUNDS):
            answer = self._pushed(address, message.network, body)
            if "missing" in answer:
                for digest in answer["missing"]:
                    send_contents(self.transport, digest, entry.folder / digest)
                if not answer["missing"]:  # somebody saves the same version at this moment
                    time.sleep(BUSY_SECONDS)
            elif answer.get("run") is not None and "version" not in answer:
                self._wait_for(answer["run"])
            else:
                return answer
        raise Unreachable("The server has not saved yet what it was sent.")

    def _pushed(self, address: str, network: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a manifest; the first version of a network makes the network."""
        try:
            return self._post(address, body)
        except Refused as refused:
            if refused.status == 404 and refused.field in {None, "network"}:
                self._make_network(network)
            elif refused.status == 409 and refused.field == "tensors":
                time.sleep(BUSY_SECONDS)  # another version with the same contents was saved just now
            else:
                raise
        return self._post(address, body)

    def _make_network(self, network: str) -> None:
        try:
            self._post("/networks", {"name": network, "kind": "foreign"})
        except Refused as refused:
            if refused.status != 409:  # another process has made it just now
                raise

    def _run(self, message: Message) -> int:
        """Return the number of an external run, which the first message with its key begins."""
        assert message.run is not None
        key = message.run["key"]
        if key not in self._runs:
            address = f"/networks/{quote(message.network, safe='')}/runs"
            body = {"kind": "external", **message.run}
            answer = self._pushed(address, message.network, body)
            self._runs[key] = int(answer["id"])
        return self._runs[key]

    def _wait_for(self, run: int | dict[str, Any]) -> None:
        """Wait until the run that saves a large version has ended; raises Refused if it has failed."""
        number = run["id"] if isinstance(run, dict) else run
        seconds, most = POLL_SECONDS
        while True:
            saving = call(self.transport, "GET", f"/runs/{number}")
            if saving["state"] == "finished":
                return
            if saving["state"] not in {"queued", "running"}:
                raise Refused(409, {"code": saving["state"], "message": saving.get("error") or "It was not saved."})
            time.sleep(seconds)
            seconds = min(2 * seconds, most)

    def _post(self, path: str, body: object) -> dict[str, Any]:
        answer = call(self.transport, "POST", path, body)
        return answer if isinstance(answer, dict) else {}


def send_contents(transport: Transport, digest: str, path: Path) -> None:
    """Send the bytes of a tensor, from where an earlier try broke off; raises Refused, Unreachable, OSError."""
    size = path.stat().st_size
    start = _offset(transport, digest)
    if not 0 <= start <= size:
        start = 0
    try:
        _put(transport, digest, path, start, size)
    except Refused as refused:
        if refused.status == 409:  # another process sends the same bytes right now
            raise Unreachable(str(refused)) from refused
        if not start or refused.status != 422:
            raise
        _put(transport, digest, path, 0, size)  # what was there is not the beginning of this: all of it again


def _offset(transport: Transport, digest: str) -> int:
    """Return how many bytes of a tensor the server has."""
    answer = transport.request("HEAD", f"/contents/{digest}", None, {})
    if answer.status == 404:
        return 0
    value = checked(answer).headers.get("upload-offset", "0")
    if not value.isdigit():
        raise WeightbaseError("The server says in no readable form how much of a tensor it has.")
    return int(value)


def _put(transport: Transport, digest: str, path: Path, start: int, size: int) -> None:
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size - start)}
    if start:
        headers["Upload-Offset"] = str(start)
    with path.open("rb") as file:
        file.seek(start)
        checked(transport.request("PUT", f"/contents/{digest}", file, headers))


def joined_epochs(messages: list[Message]) -> Message:
    """Return one message with the epochs of several of one run, in order."""
    epochs = [epoch for message in messages for epoch in message.body["epochs"]]
    return messages[0]._replace(body={"epochs": epochs})

"""The verbs of the command line: each sends requests of the API and returns its answer with lines for people."""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

import numpy as np

from weightbase.connection import Connection, Transport, call, checked
from weightbase.errors import WeightbaseError
from weightbase.files import write_safetensors
from weightbase.metrics import numbers
from weightbase.models import tensors_of
from weightbase.printing import Printed, cell, metrics_text, table
from weightbase.pulling import Pulled, address_of, exact_reference, pulled, summary_of
from weightbase.pushing import Pusher
from weightbase.spool import FOLDER, Message, Spool, remove
from weightbase.sync import send_all

PAGE = 100
FORMULA_SIGNS = frozenset("=+-@\t\r")
ENDED = ("finished", "failed", "cancelled", "interrupted")
Given = argparse.Namespace


def networks(transport: Transport, given: Given) -> Printed:
    """List the networks."""
    items = _items(transport, "/networks", given, search=given.search, kind=given.kind)
    rows = [(one["name"], one["versions"], one["best"], one["dataset"], one["created"]) for one in items]
    return _listed(items, ("network", "versions", "best", "dataset", "created"), rows)


def versions(transport: Transport, given: Given) -> Printed:
    """List the versions of a network, the newest first."""
    items = _items(transport, f"/networks/{_quoted(given.network)}/versions", given)
    rows = [(one["reference"], one["epoch"], one["created"], metrics_text(one["metrics"])) for one in items]
    return _listed(items, ("version", "epoch", "created", "metrics"), rows)


def show(transport: Transport, given: Given) -> Printed:
    """Show a version (name:number, name:latest, name:best) with its tensors, or a network."""
    if ":" not in given.reference:
        body = summary_of(transport, given.reference)
        facts = [
            (name, body.get(name)) for name in ("name", "purpose", "dataset", "created", "versions", "latest", "best")
        ]
        return Printed(body, [f"{name}: {cell(value)}" for name, value in facts])
    body = call(transport, "GET", address_of(exact_reference(transport, given.reference)))
    rows = [(one["name"], one["dtype"], one["shape"], one["sha256"][:12]) for one in body["tensors"]]
    head = f"{body['reference']}  epoch {body['epoch']}  {metrics_text(body['metrics'])}".rstrip()
    return Printed(body, [head, *table(("tensor", "type", "shape", "sha256"), rows)])


def runs(transport: Transport, given: Given) -> Printed:
    """List runs: running ones first, then queued ones, then the newest that ended."""
    items = _items(transport, "/runs", given, network=given.network, state=given.state)
    rows = [(one["id"], one["kind"], one["network"], one["state"], f"{one['done']}/{one['total']}") for one in items]
    return _listed(items, ("run", "kind", "network", "state", "done"), rows)


def datasets(transport: Transport, given: Given) -> Printed:
    """List the datasets."""
    items = _items(transport, "/datasets", given)
    rows = [(one["name"], one["task"], one["rows"], one["created"]) for one in items]
    return _listed(items, ("dataset", "task", "rows", "created"), rows)


def searches(transport: Transport, given: Given) -> Printed:
    """List the searches."""
    items = _items(transport, "/searches", given)
    rows = [(one["id"], one["name"], one["dataset"], one["state"]) for one in items]
    return _listed(items, ("search", "name", "dataset", "state"), rows)


def compare(transport: Transport, given: Given) -> Printed:
    """Compare two versions; 1 if they differ."""
    one, two = (exact_reference(transport, reference) for reference in (given.base, given.other))
    body = call(transport, "GET", f"/compare?{urlencode({'base': one, 'other': two})}")
    rows = [(t["name"], t["status"], t.get("changed"), t.get("max_abs"), t.get("rms")) for t in body["tensors"]]
    verdict = "identical" if body["identical"] else "different"
    heads = ("tensor", "status", "changed", "largest change", "rms")
    return Printed(body, [f"{one} and {two}: {verdict}", *table(heads, rows)], 0 if body["identical"] else 1)


def log(transport: Transport, given: Given) -> Printed:
    """Log the arrays of a .npz, .npy or .safetensors file as the next version of a network."""
    body: dict[str, Any] = {"epoch": given.epoch, "metrics": numbers(dict(_metric(text) for text in given.metric))}
    if given.key:
        body["key"] = given.key
    entry = Spool(Path(FOLDER), "").put(Message("version", given.network, body), tensors_of(Path(given.file)))
    try:
        answer = Pusher(transport).send(entry)
    finally:
        remove(entry)
    return Printed(answer, [f"{given.network}:{answer['version']}"])


def pull(transport: Transport, given: Given) -> Printed:
    """Write the tensors of a version to files, each checked against its SHA-256."""
    reference = exact_reference(transport, given.reference)
    tensors = list(pulled(transport, reference))
    folder = Path(given.output)
    folder.mkdir(parents=True, exist_ok=True)
    paths = WRITERS[given.format](folder, reference.replace(":", "_v").replace("/", "_"), tensors)
    files = [str(path) for path in paths]
    return Printed({"version": reference, "files": files, "tensors": len(tensors)}, files)


def inputs(transport: Transport, given: Given) -> Printed:
    """List the columns that a version reads, with kind, range or levels, and an example."""
    body = call(transport, "GET", f"{address_of(exact_reference(transport, given.reference))}/inputs")
    heads = ("column", "kind", "low", "high", "levels", "may be empty", "example")
    rows = [
        (one["name"], one["kind"], one["low"], one["high"], " ".join(one["levels"]), one["may_miss"], one["example"])
        for one in body["columns"]
    ]
    return Printed(body, table(heads, rows))


def predict(transport: Transport, given: Given) -> Printed:
    """Show what a version answers to a CSV of records, or to one record."""
    place = address_of(exact_reference(transport, given.reference))
    if len(given.record) == 1 and "=" not in given.record[0]:
        return _answered_file(transport, place, Path(given.record[0]), given.output)
    body = call(transport, "POST", f"{place}/predict", {"rows": [_row(given.record)]})
    return Printed(body, _answer_lines(body["answers"][0]))


def why(transport: Transport, given: Given) -> Printed:
    """Show why a version answers a record as it does: what each column contributes, and the hidden units that fired."""
    if (given.number is None) == (not given.record):
        raise WeightbaseError("Give a record as COLUMN=VALUE, or the number of one of the dataset with --number.")
    sent = {"row": _row(given.record)} if given.record else {"record": given.number}
    body = call(transport, "POST", f"{address_of(exact_reference(transport, given.reference))}/why", sent)
    rows = [(one["column"], one["contribution"]) for one in body["contributions"]]
    if given.output:
        _write_shares(Path(given.output), rows)
        return Printed(body, [given.output])
    ranked = sorted(rows, key=lambda row: -abs(row[1]))
    sums = (("mean record", body["baseline"]), ("this record", body["output"]), ("left over", body["residual"]))
    units = [(one["layer"], one["unit"], one["output"], one["effect"]) for one in body["units"]]
    return Printed(
        body,
        [
            *_answer_lines(body["answer"]),
            *("", *table(("column", "contribution"), ranked)),
            *("", *table((f"sum of {body['about']}", ""), sums)),
            *("", *table(("layer", "unit", "output", "effect"), units)),
        ],
    )


def _row(texts: Sequence[str]) -> dict[str, str]:
    """Return a record that was given as COLUMN=VALUE."""
    pairs = [text.partition("=") for text in texts]
    for name, equals, _ in pairs:
        if not equals:
            raise WeightbaseError(f"Write each value as COLUMN=VALUE; {name!r} has no =.")
    return {name: value for name, _, value in pairs}


def _write_shares(path: Path, rows: Sequence[tuple[str, float]]) -> None:
    """Write the contributions; a name that a spreadsheet would take for a formula has an apostrophe before it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("column", "contribution"))
        writer.writerows((f"'{name}" if name[:1] in FORMULA_SIGNS else name, share) for name, share in rows)


def draw(transport: Transport, given: Given) -> Printed:
    """Show what a version answers to a drawing."""
    try:
        drawing = json.loads(Path(given.file).read_text())
    except ValueError as error:
        raise WeightbaseError(f"{given.file} is not JSON: {error}.") from error
    body = drawing if isinstance(drawing, dict) else {"strokes": drawing}
    answer = call(transport, "POST", f"{address_of(exact_reference(transport, given.reference))}/draw", body)
    return Printed(answer, _answer_lines(answer["answer"]))


def _answered_file(transport: Transport, place: str, path: Path, output: str | None) -> Printed:
    """Send a CSV and return the answered one, written to `output` if that is given."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="records.csv"\r\n\r\n'
    content = head.encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = checked(transport.request("POST", f"{place}/predict.csv", content, headers))
    encoding = answer.headers.get("content-type", "").partition("charset=")[2] or "utf-8"
    text = answer.content.decode(encoding)
    names = answer.headers.get("weightbase-passed-over", "")
    passed_over = [unquote(name) for name in names.split(", ") if name]
    body = {"file": output, "bytes": len(answer.content), "passed_over": passed_over}
    if output:
        Path(output).write_bytes(answer.content)
        return Printed(body, [output])
    return Printed(body, text.splitlines())


def _answer_lines(answer: dict[str, Any]) -> list[str]:
    """Return the label and the scores of an answer, the highest first, those of several targets, or its numbers."""
    if "labels" in answer:
        rows = [(name, label, answer["scores"][name][label]) for name, label in answer["labels"].items()]
        return table(("target", "answer", "score"), rows)
    if "label" not in answer:
        return [f"{name}: {value}" for name, value in answer.get("values", {"value": answer.get("value")}).items()]
    ranked = sorted(answer["scores"].items(), key=lambda item: -item[1])
    return [answer["label"], *table(("class", "score"), ranked)]


def verify(transport: Transport, given: Given) -> Printed:
    """Compare what the store holds with what was saved, by SHA-256; 1 if anything differs."""
    if given.version is None:
        return _verify_all(transport)
    reference = exact_reference(transport, given.version)
    body = call(transport, "POST", f"{address_of(reference)}/verify")
    verdict = "identical" if body["identical"] else "DIFFERENT"
    lines = [f"{reference}: {verdict} ({len(body['tensors'])} tensors)"]
    lines += [f"  {one['problem']}" for one in body["tensors"] if one["problem"]]
    return Printed(body, lines, 0 if body["identical"] else 1)


def _verify_all(transport: Transport) -> Printed:
    run = ended(transport, call(transport, "POST", "/store/verify"))
    result = run["result"]
    lines = [f"{one['version']} {one['tensor']}: {one['problem']}" for one in result.get("differences", [])]
    counts = f"{result.get('proven', 0)} proven, {result.get('different', 0)} different"
    is_good = run["state"] == "finished" and not result.get("different")
    return Printed(result, [*lines, counts], 0 if is_good else 1)


def copy(transport: Transport, given: Given) -> Printed:
    """Let the server copy everything to another store, exactly, and prove it; 1 if anything differs."""
    run = ended(transport, call(transport, "POST", "/store/copy", {"to": given.to}))
    result = run["result"]
    is_good = run["state"] == "finished" and not result.get("differences")
    counts = ", ".join(f"{name} {value}" for name, value in result.items() if isinstance(value, (int, float)))
    return Printed(result, [f"copy {run['state']}: {counts or run['error'] or ''}".rstrip(": ")], 0 if is_good else 1)


def sync(given: Given) -> Printed:
    """Send what waits in a spool (./.weightbase) to where it was logged, exactly once; 1 if some of it is refused."""
    address = given.server or os.environ.get("WEIGHTBASE_URL", "")
    done = send_all(Path(given.folder), lambda entry: Connection(address or entry.url))
    words = f"{done.sent} sent, {len(done.refused)} refused"
    return Printed({"sent": done.sent, "refused": list(done.refused)}, [*done.refused, words], 1 if done.refused else 0)


def _items(transport: Transport, address: str, given: Given, **query: object) -> list[dict[str, Any]]:
    """Return a list of the API, all its pages or as many entries as --limit says."""
    return list(_all_items(transport, address, given.limit, {name: value for name, value in query.items() if value}))


def _all_items(
    transport: Transport, address: str, limit: int | None, query: dict[str, object]
) -> Iterator[dict[str, Any]]:
    offset: int | None = 0
    left = limit
    while offset is not None and left != 0:
        size = PAGE if left is None else min(PAGE, left)
        page = call(transport, "GET", f"{address}?{urlencode({**query, 'limit': size, 'offset': offset})}")
        yield from page["items"]
        offset = page["next"]
        left = None if left is None else left - len(page["items"])


def _listed(items: list[dict[str, Any]], heads: tuple[str, ...], rows: Sequence[Sequence[object]]) -> Printed:
    return Printed({"items": items, "next": None}, table(heads, rows) or ["none"])


def ended(transport: Transport, run: dict[str, Any]) -> dict[str, Any]:
    """Return a run once it has ended."""
    seconds = 0.1
    while run["state"] not in ENDED:
        time.sleep(seconds)
        seconds = min(2 * seconds, 2.0)
        run = call(transport, "GET", f"/runs/{run['id']}")
    return run


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _metric(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise WeightbaseError(f"--metric {text}: give a name and a number, such as val_accuracy=0.97.") from None


def _write_npz(folder: Path, name: str, tensors: list[Pulled]) -> list[Path]:
    np.savez(folder / f"{name}.npz", **{one.name: one.array for one in tensors})
    return [folder / f"{name}.npz"]


def _write_safetensors(folder: Path, name: str, tensors: list[Pulled]) -> list[Path]:
    path = folder / f"{name}.safetensors"
    write_safetensors(path, {one.name: (one.dtype, one.bits) for one in tensors})
    return [path]


def _write_npy(folder: Path, name: str, tensors: list[Pulled]) -> list[Path]:
    paths = _paths(folder, name, tensors, "npy")
    for path, one in zip(paths, tensors):
        np.save(path, one.array)
    return paths


def _write_csv(folder: Path, name: str, tensors: list[Pulled]) -> list[Path]:
    paths = _paths(folder, name, tensors, "csv")
    for path, one in zip(paths, tensors):
        table = np.atleast_2d(one.array.reshape(len(one.array), -1) if one.array.ndim else one.array)
        path.write_text("".join(",".join(map(_number, row)) + "\n" for row in table.tolist()))
    return paths


def _number(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else repr(value)


def _paths(folder: Path, name: str, tensors: list[Pulled], suffix: str) -> list[Path]:
    """Return a file for each tensor in a folder of the version; names are made safe, and stay distinct."""
    inner = folder / name
    inner.mkdir(exist_ok=True)
    seen: dict[str, int] = {}
    paths = []
    for one in tensors:
        safe = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in one.name)[:100].strip(".")
        seen[safe.lower()] = seen.get(safe.lower(), 0) + 1
        again = f"~{seen[safe.lower()]}" if seen[safe.lower()] > 1 else ""
        paths.append(inner / f"{safe or '_'}{again}.{suffix}")
    return paths


WRITERS = {"npz": _write_npz, "safetensors": _write_safetensors, "npy": _write_npy, "csv": _write_csv}

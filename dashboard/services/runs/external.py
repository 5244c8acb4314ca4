"""External runs: trainings whose process is elsewhere, which say themselves how far they are.

What a program sends again changes nothing. A run of which nothing was heard for a while counts as interrupted until it
sends something again (`catalogue.runs.state_now`); it is never queued.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import pushes
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue.rows import now
from dashboard.errors import Conflict, Invalid
from dashboard.parsing import Fields
from dashboard.records.run import STARTED_BY_LENGTH, Run
from dashboard.records.run_kinds import EXTERNAL
from dashboard.services.push.manifest import accepts_metric, read_key, read_metrics, read_number
from dashboard.services.versions.given import MOST_METRICS
from dashboard.services.workspace import Workspace

MOST_EPOCHS = 10**9
MOST_AT_ONCE = 1000
LONGEST_ERROR = 4000
COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy", "seconds", "learning_rate")
"""What an epoch may hold besides further metrics."""
ENDS = ("finished", "failed", "cancelled")
REVIVED = frozenset({"running", "failed", "interrupted"})
"""The states in which a further epoch lets a run go on."""


class Noted(NamedTuple):
    """The run after some epochs were noted, and how many of them were new."""

    run: Run
    added: int


def start_external(
    workspace: Workspace, network_name: str, data: Mapping[str, Any], started_by: str = ""
) -> tuple[Run, bool]:
    """Begin a run elsewhere, or return the one that has its key; and whether it is new.

    `data` holds `key`, and `epochs`: how many there will be, as far as that is known. Raises NotFound, or Invalid with
    a message for each wrong field.
    """
    fields = Fields(data)
    fields.known({"kind", "key", "epochs"})
    fields.choice("kind", EXTERNAL, (EXTERNAL,))
    key = read_key(fields)
    total = fields.integer("epochs", 0, 0, MOST_EPOCHS)
    fields.done()
    with workspace.catalogue.writing() as connection:
        network = network_rows.get_network(connection, network_name)
        pushes.lock_network(connection, network.id)
        run_id = pushes.external_run(connection, network.id, key)
        is_new = run_id is None
        if run_id is None:
            about = {"kind": EXTERNAL, "network_id": network.id, "push_key": key, "request": {"key": key}, "spec": {}}
            times = {"state": "running", "attempt": 1, "started": now(), "heartbeat": now()}
            row = about | times | {"total": total, "started_by": started_by[:STARTED_BY_LENGTH]}
            run_id = run_rows.insert_run(connection, row)
        return run_rows.get_run(connection, run_id), is_new


def note_epochs(workspace: Workspace, run_id: int, data: Sequence[object]) -> Noted:
    """Write down epochs of a run elsewhere, over those of the same number; none at all only say that it lives.

    Raises NotFound, Conflict if it is no run elsewhere or has ended for good, Invalid with a message for each wrong
    field.
    """
    epochs = parse_epochs(data)
    with workspace.catalogue.writing(hasty=True) as connection:
        run = _external(workspace, connection, run_id)
        state = run_rows.stored_state(connection, run_id)
        if state not in REVIVED:
            if {epoch["epoch"] for epoch in epochs} <= run_rows.epoch_numbers(connection, run_id):
                return Noted(run, 0)  # it is sent again, as its answer was lost
            raise Conflict(f"Run {run_id} has ended ({state}): begin another with a key of its own.", "run")
        added = pushes.put_epochs(connection, run_id, epochs)
        revived = {"state": "running", "error": None, "ended": None} if state == "running" or added else {}
        pushes.note_life(connection, run_id, revived)
        return Noted(run_rows.get_run(connection, run_id), added)


def end_external(workspace: Workspace, run_id: int, data: Mapping[str, Any]) -> Run:
    """Give a run elsewhere its final `state`, and perhaps an `error`; the same again changes nothing.

    Raises NotFound, Conflict if it is no run elsewhere or has ended otherwise, Invalid with a message for each wrong
    field.
    """
    fields = Fields(data)
    fields.known({"state", "error"})
    end = fields.choice("state", "", ENDS)
    if not fields.data.get("state"):
        fields.refuse("state", f"Choose one of: {', '.join(ENDS)}.")
    error = fields.text("error", longest=LONGEST_ERROR) or None
    fields.done()
    with workspace.catalogue.writing() as connection:
        run = _external(workspace, connection, run_id)
        state = run_rows.stored_state(connection, run_id)
        if state == end:
            return run
        if state not in {"running", "interrupted"}:
            raise Conflict(f"Run {run_id} has ended already ({state}).", "run")
        pushes.note_life(connection, run_id, {"state": end, "error": error, "ended": now()})
        return run_rows.get_run(connection, run_id)


def _external(workspace: Workspace, connection: Any, run_id: int) -> Run:  # noqa: ANN401 - the catalogue's connection
    """Return a run elsewhere, which nobody else changes before the transaction ends; raises NotFound or Conflict."""
    pushes.lock_run(connection, run_id)
    run = run_rows.get_run(connection, run_id)
    if run.kind != EXTERNAL:
        message = f"Run {run_id} is carried out by this dashboard. Begin an external run, and send its epochs."
        raise Conflict(message, "run")
    return run


def parse_epochs(data: Sequence[object]) -> list[dict[str, Any]]:
    """Return epochs as rows of the catalogue, the last one of each number; raises Invalid naming each wrong field."""
    fields = Fields({"epochs": data})
    if len(data) > MOST_AT_ONCE:
        raise Invalid({"epochs": f"Send at most {MOST_AT_ONCE:,} epochs at once; these are {len(data):,}."})
    epochs: dict[int, dict[str, Any]] = {}
    for inner in fields.items("epochs", 0, MOST_AT_ONCE):
        inner.path = inner.path.removeprefix("epochs.")
        epoch = _parse_epoch(inner)
        epochs[epoch["epoch"]] = epoch
    fields.done()
    return list(epochs.values())


def _parse_epoch(fields: Fields) -> dict[str, Any]:
    """Return one epoch, whose numbers stand next to `epoch` or in `metrics`: some have columns of their own."""
    number = fields.integer("epoch", 0, 1, MOST_EPOCHS)
    if not number:
        fields.refuse("epoch", "Say which epoch it is, from 1.")
    numbers = read_metrics(fields, "metrics")
    for name in fields.data:
        if name in numbers:
            fields.refuse(name, "It stands twice: once next to epoch, once in metrics.")
        elif name not in {"epoch", "metrics"} and accepts_metric(fields, name):
            numbers[name] = read_number(fields, name)
    if len(numbers) > MOST_METRICS:
        fields.refuse("metrics", f"At most {MOST_METRICS} metrics.")
    columns = {name: numbers.pop(name, None) for name in COLUMNS}
    return {"epoch": number, "metrics": numbers, **columns}

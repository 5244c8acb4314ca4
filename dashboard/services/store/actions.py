"""Long actions on the store as runs: verifying everything, copying to another store, emptying the trash."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import trash as trash_rows
from dashboard.errors import Conflict, Invalid, StoreUnavailable
from dashboard.files import make_space
from dashboard.jobs.job import Job
from dashboard.jobs.starting import ensure_coordinator
from dashboard.parsing import Fields
from dashboard.records.run import STARTED_BY_LENGTH, Run
from dashboard.records.run_kinds import ACTIONS, REPEATS
from dashboard.records.store import LONGEST_ADDRESS, split_password
from dashboard.services.runs import passwords
from dashboard.services.store.targets import target_address
from dashboard.services.workspace import Workspace
from dashboard.settings import Settings
from dashboard.weights.opening import open_store

GIVE_IT_AGAIN = "The password of the target was handed over for one run only. Start the copy from the Store page."


@dataclass(frozen=True)
class ActionJob(Job):
    """An action: `settings` let its process open a workspace of its own, `password` opens the target of a copy."""

    target: ClassVar[str] = "dashboard.services.store.process:main"
    lane: ClassVar[str] = ACTIONS

    kind: str
    request: Mapping[str, Any]
    settings: Settings = field(repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class RepeatJob(ActionJob):
    """Several trainings of one network, which are carried out like an action, in a lane of their own."""

    lane: ClassVar[str] = REPEATS


def action_job(workspace: Workspace, run: Run) -> ActionJob:
    """Return what the process of a claimed action needs; a password that was handed over among it."""
    password = passwords.secret_of(workspace.settings.home_folder, run.id) if run.request.get("password") else ""
    made = RepeatJob if run.repeats else ActionJob
    return made(run.id, run.attempt, run.kind, run.request, workspace.settings, password)


def start_verify(workspace: Workspace, started_by: str = "") -> Run:
    """Queue the verification of every version; if one is under way, return that."""
    return start_once(workspace, "verify", started_by)


def start_once(workspace: Workspace, kind: str, started_by: str = "") -> Run:
    """Queue an action that needs no request: verify, exact or reindex; if one is under way, return that."""
    with workspace.catalogue.writing() as connection:
        run_id = run_rows.active_action(connection, kind)
        run_id = run_id or run_rows.insert_run(connection, _row(kind, started_by))
        run = run_rows.get_run(connection, run_id)
    ensure_coordinator(workspace.settings)
    return run


def start_empty(workspace: Workspace, started_by: str = "") -> Run:
    """Start deleting all that is in the trash, and queue the removal of its tables; raises Conflict if it is empty."""
    make_space(workspace.settings.home_folder)
    with workspace.catalogue.writing() as connection:
        if not trash_rows.list_trash(connection):
            raise Conflict("The trash is empty already.", "trash")
        count = trash_rows.start_deleting_all(connection)
        run_id = run_rows.insert_run(connection, _row("empty", started_by) | {"total": count})
        run = run_rows.get_run(connection, run_id)
    ensure_coordinator(workspace.settings)
    return run


def start_copy(workspace: Workspace, data: Mapping[str, Any], started_by: str = "") -> Run:
    """Queue a copy of everything to another store; raises Invalid with a message for each wrong field.

    `data` holds `to` (an address, with or without a password), perhaps `password`, and `home`: the folder for the
    catalogue and datasets of the copy (the same home if it is left out).
    """
    fields = Fields(data)
    fields.known({"to", "password", "home"})
    to, within = split_password(fields.text("to", longest=LONGEST_ADDRESS))
    password = fields.text("password", longest=LONGEST_ADDRESS) or within
    home = fields.text("home", longest=LONGEST_ADDRESS)
    fields.done()
    # The process that copies may work in another folder than this one: paths are made absolute here.
    target = target_settings(workspace.settings, to, password, home).with_absolute_paths()
    request = {"to": split_password(target.store)[0], "home": target.home if home else "", "password": bool(password)}
    home_folder = workspace.settings.home_folder
    with workspace.catalogue.writing() as connection:
        run_id = run_rows.insert_run(connection, _row("copy", started_by) | {"request": request})
        if password:
            passwords.put(home_folder, run_id, password)  # before anybody can claim the run
        run = run_rows.get_run(connection, run_id)
    ensure_coordinator(workspace.settings)
    return run


def target_settings(settings: Settings, to: str, password: str, home: str) -> Settings:
    """Return the settings under which a copy is opened; raises Invalid for an address that cannot be a copy's.

    Before anything is opened, it is checked that visitors may copy there.
    """
    address = target_address(settings, to, password, home)
    target = replace(settings, store=address, home=home or settings.home)
    try:
        open_store(target)
    except StoreUnavailable as error:
        raise Invalid({"to": error.message}) from error
    require_apart(settings, target)
    return target


def require_apart(source: Settings, target: Settings) -> None:
    """Raise Invalid if two stores are one, or would share one catalogue in one home."""
    same_home = source.home_folder.resolve() == target.home_folder.resolve()
    if same_home and not (source.store_kind.holds_catalogue or target.store_kind.holds_catalogue):
        message = f"Both stores would have their catalogue in {source.home_folder}. Give the copy a home of its own."
        raise Invalid({"home": message})
    if source.store_identity == target.store_identity:
        raise Invalid({"to": "That is the store that is copied. Name another one."})


def _row(kind: str, started_by: str) -> dict[str, Any]:
    return {"kind": kind, "spec": {}, "started_by": started_by[:STARTED_BY_LENGTH]}

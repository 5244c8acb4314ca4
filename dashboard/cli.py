"""The command line `weightbase`. Without a verb it serves the dashboard."""

# Each verb imports what it needs by itself: the process that only watches the others stays small.
# ruff: noqa: PLC0415

import argparse
import json
import logging
import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.errors import OtherDashboard, WeightbaseError
from dashboard.privacy import keep_new_files_private
from dashboard.settings import Settings, from_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dashboard.jobs.job import Progress
    from dashboard.services.upload_parts import SentFile
    from dashboard.services.versions.verification import VersionProof

FROM_PASSWORD, TO_PASSWORD = "WEIGHTBASE_FROM_PASSWORD", "WEIGHTBASE_TO_PASSWORD"
MOST_SHOWN = 20
PREDECESSOR_SECONDS = 6.0
"""So long a worker waits for a dashboard to end that was stopped or killed a moment ago."""


def main(arguments: list[str] | None = None) -> int:
    """Carry out one verb; return the exit code (0 done, 1 found something wrong, 2 refused)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("alembic", "mysql.connector"):
        logging.getLogger(name).setLevel(logging.WARNING)
    keep_new_files_private()
    typed = sys.argv[1:] if arguments is None else arguments
    given = _parser(typed[0] if typed else serve.__name__).parse_args(typed)
    try:
        code = int(given.verb(given))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except WeightbaseError as error:
        print(error.message, file=sys.stderr)
        return 2


def serve(_: argparse.Namespace) -> int:
    """Serve the dashboard and train what is queued, until Ctrl-C."""
    from dashboard.jobs.supervisor import serve as supervise

    settings = from_environment()
    supervise(settings)
    from dashboard.catalogue.opening import settle  # 18 MB that are not needed while it serves

    settle(settings)
    return 0


def worker(given: argparse.Namespace) -> int:
    """Train what is queued (the dashboard starts this by itself)."""
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    from dashboard.jobs.coordinator import note_start
    from dashboard.jobs.memory import MALLOC
    from dashboard.jobs.supervisor import IN_USE
    from dashboard.jobs.wake_pipe import WAKE

    for name in MALLOC:  # they hold for this process, and trainings are started without them
        os.environ.pop(name, None)
    settings, wake = from_environment(), os.environ.pop(WAKE, None)
    until, starting = time.monotonic() + PREDECESSOR_SECONDS, note_start(settings.home_folder)
    started = starting.close if starting else lambda: None
    while True:
        try:
            return _work(settings, given.until_idle, wake, started)
        except OtherDashboard as error:
            if time.monotonic() > until:
                print(error.message, file=sys.stderr, flush=True)
                return IN_USE
        time.sleep(0.5)


def _work(settings: Settings, until_idle: bool, wake: str | None, started: "Callable[[], None]") -> int:
    """Carry out what is queued, and return the exit code; `wake` is the pipe to the supervisor, if there is one."""
    from dashboard.jobs.supervisor import NOT_OPENED
    from dashboard.jobs.wake_pipe import RESTED, RESTS, write
    from dashboard.services.runs.coordinator import NotOpened, coordinate

    if wake is None:
        coordinate(settings, until_idle=until_idle, waiting=not until_idle, started=started)
        return 0
    # A connection to a cluster takes seconds, so that worker stays; any other is started again when needed.
    try:
        rests = partial(write, int(wake), RESTS)
        has_rested = coordinate(settings, until_idle=not settings.dask, rests=rests, started=started)
    except NotOpened:
        return NOT_OPENED
    return RESTED if has_rested else 0


def verify(given: argparse.Namespace) -> int:
    """Read versions back from the store and compare them with what was in memory; 1 if any differs."""
    from dashboard.services.compare.versions import parse_reference
    from dashboard.services.store.existing import require_existing, require_own_store
    from dashboard.services.store.reindexing import unknown_versions
    from dashboard.services.versions.verification import verify_all, verify_version
    from dashboard.services.workspace import open_to_read

    if given.server:
        return _at_server(given)
    settings = from_environment()
    require_existing(settings)
    workspace = open_to_read(settings)
    require_own_store(workspace)
    if given.version is None:
        proofs = verify_all(workspace)
    else:
        proofs = iter([verify_version(workspace, *parse_reference(given.version, "version"))])
    if given.json or given.quiet:
        return _print_proofs(list(proofs), given)
    verdicts = [_print_proof(proof) for proof in proofs]
    different, unknown = verdicts.count(False), [] if given.version else unknown_versions(workspace)
    for network, number in unknown:
        print(f"{network}:{number} is in the store, but not in the catalogue: reindex adds it, or says why it cannot.")
    print(f"{_count(len(verdicts), 'version')} verified, {different} different")
    return 1 if different else 0


def _at_server(given: argparse.Namespace) -> int:
    """Let the server that --server names do it."""
    from dashboard.client_verbs import run_at_server

    return run_at_server(given.verb.__name__, given)


def _print_proofs(proofs: "list[VersionProof]", given: argparse.Namespace) -> int:
    """Print proofs as the API has them: of one version its own, of all what the run that verifies the store finds."""
    from dashboard.api.shapes import proof_json

    different = [proof for proof in proofs if not proof.identical]
    differences = [
        {"version": proof.version.reference, "tensor": tensor.name, "problem": tensor.problem}
        for proof in different
        for tensor in proof.tensors
        if not tensor.identical
    ]
    body = {"proven": len(proofs) - len(different), "different": len(different), "differences": differences}
    if given.json:
        print(json.dumps(proof_json(proofs[0]) if given.version else body))
    return 1 if different else 0


def copy(given: argparse.Namespace) -> int:
    """Copy everything to another store, exactly, and prove it; what is there already is skipped.

    Passwords are read from WEIGHTBASE_FROM_PASSWORD and WEIGHTBASE_TO_PASSWORD, which no list of processes shows.
    """
    from dashboard.services.store.actions import require_apart
    from dashboard.services.store.copying import copy_store
    from dashboard.services.store.existing import require_source
    from dashboard.services.workspace import open_to_read, open_workspace

    if given.server:
        return _at_server(given)
    source = _endpoint(given.source, given.from_home, FROM_PASSWORD)
    target = _endpoint(given.to, given.to_home, TO_PASSWORD)
    require_apart(source, target)
    require_source(source)
    result: dict[str, Any] = {}
    is_quiet = given.json or given.quiet

    def report(progress: "Progress") -> None:
        if not is_quiet:
            _print_progress(progress)
        result.update(progress.result)

    error = copy_store(open_to_read(source), open_workspace(target), report)
    if given.json:
        print(json.dumps(result, default=str))
    if not is_quiet:
        _print_result(result)
    if error and not given.json:
        print(error)
    return 1 if error else 0


def exact(_: argparse.Namespace) -> int:
    """Make FLOAT cells of older tables DOUBLE, proven by SHA-256, so that every program and every dump is exact."""
    from dashboard.services.store.exactness import make_exact
    from dashboard.services.workspace import open_workspace

    result = make_exact(open_workspace(from_environment()), _print_progress)
    for problem in result["left"]:
        print(problem)
    print(f"{_count(result['converted'], 'table')} converted, {len(result['left'])} left as they were")
    return 1 if result["left"] else 0


def reindex(_: argparse.Namespace) -> int:
    """Read what store and home hold into the catalogue, after it was lost, or for a folder copied from elsewhere."""
    from dashboard.services.store.reindexing import reindex_store
    from dashboard.services.workspace import open_workspace

    done = reindex_store(open_workspace(from_environment()))
    for name in done.datasets:
        print(f"{name}: its records are known again")
    for reference in done.added:
        print(f"{reference} indexed")
    for reference, reason in done.skipped:
        print(f"{reference} skipped: {reason}")
    print(f"{_count(len(done.added), 'version')} indexed, {len(done.skipped)} skipped")
    return 1 if done.skipped else 0


def backup(given: argparse.Namespace) -> int:
    """Back up everything into a FILE.zip, or a folder that takes only what is new; runs go on. 1 if a part is damaged.

    With --check prove the backups that are there instead.
    """
    from dashboard.services.backup.making import make_backup, open_home
    from dashboard.services.backup.words import backup_sentence, missing_lines

    if given.check:
        return _check_backups(Path(given.place))
    workspace = open_home(from_environment())
    result = make_backup(workspace, Path(given.place).absolute(), _print_progress)
    _end_progress()
    print("\n".join([*missing_lines(result), backup_sentence(result)]))
    return 1 if result["damaged"] else 0


def _check_backups(place: Path) -> int:
    from dashboard.services.backup.proving import prove_backups

    proven = prove_backups(place, _print_progress)
    _end_progress()
    for problem in proven.problems:
        print(problem)
    print(f"{_count(len(proven.heads), 'backup')}: {_count(proven.sound, 'member')} proven by SHA-256")
    return 1 if proven.problems else 0


def restore(given: argparse.Namespace) -> int:
    """Restore a backup into the configured home and store, which hold nothing yet, and prove it; again after a stop."""
    from dashboard.services.backup.restoring import restore_backup
    from dashboard.services.backup.words import restored_sentence

    settings = _endpoint(given.to, given.to_home, TO_PASSWORD)
    result = restore_backup(settings, Path(given.place), _print_progress, given.backup, given.without_damaged)
    _end_progress()
    for line in (*result["damaged"], *result["left_out"]):
        print(line)
    print(restored_sentence(result, settings))
    return 1 if result["damaged"] else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def settings(_: argparse.Namespace) -> int:
    """Print every setting with its value and what it does; passwords are hidden."""
    for name, value, about in from_environment().shown():
        print(f"{name}={value}\n    {about}")
    return 0


def _parser(first: str) -> argparse.ArgumentParser:
    """Return the command line; with the client's verbs, which load NumPy, unless the first word is one of our own."""
    parser = argparse.ArgumentParser(prog="weightbase", description=__doc__)
    parser.set_defaults(verb=serve, parser=parser)
    verbs = parser.add_subparsers(title="verbs")
    verbs_here = (
        serve,
        worker,
        import_weights,
        export_weights,
        verify,
        copy,
        backup,
        restore,
        exact,
        reindex,
        settings,
    )
    own = {function.__name__.partition("_")[0]: function for function in verbs_here}
    for name, function in own.items():
        added = verbs.add_parser(name, help=function.__doc__, description=function.__doc__)
        added.set_defaults(verb=function)
        if function is worker:
            added.add_argument("--until-idle", action="store_true", help="end when nothing has been queued for a while")
        if function is verify:
            added.add_argument("version", nargs="?", help="one version, as name:number; all if left out")
            _add_printing(added)
        if function is copy:
            _add_endpoints(added)
            _add_printing(added)
        if function is backup:
            added.add_argument("place", metavar="FILE.zip|FOLDER", help="where the backup is, or is made")
            added.add_argument("--check", action="store_true", help="prove the backups that are there; make none")
        if function is restore:
            _add_restore(added)
        if function is import_weights and (first == name or first not in own):  # it loads what others do without
            _add_import(added)
        if function is export_weights and (first == name or first not in own):
            _add_export(added)
    if first not in own:
        from dashboard.client_verbs import add_client_verbs

        add_client_verbs(verbs, leave_out=tuple(own))
    return parser


def _add_printing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", metavar="URL", help="let the dashboard at this address do it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _add_import(parser: argparse.ArgumentParser) -> None:
    from dashboard.services.imports.plan import IMPORT_SETTINGS

    parser.add_argument("files", nargs="+", type=Path, metavar="FILE|FOLDER", help="checkpoints, or folders of them")
    parser.add_argument("--as", choices=("dense", "foreign"), default="foreign", help="the kind of network")
    parser.add_argument("--proposal", help="of a dense network: which reading of its layers, from 0")
    parser.add_argument("--activations", help="one for each layer, separated by commas")
    parser.add_argument("--classes", help="the names of the outputs, separated by commas")
    for name, words in (("leave-out", "that is not saved"), ("keep", "that is saved, and no others")):
        what = f"a tensor of a foreign network {words}; * stands for any text; may be repeated"
        parser.add_argument(f"--{name}", action="append", metavar="NAME", help=what)
    for name, setting in IMPORT_SETTINGS.items():
        is_flag = isinstance(setting.default, bool)
        more: dict[str, Any] = {"action": "store_true"} if is_flag else {"required": name == "network"}
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"{setting.label}. {setting.help}", **more)
    _add_printing(parser)


def _add_export(parser: argparse.ArgumentParser) -> None:
    from dashboard.services.exports.offers import FORMATS

    parser.add_argument("version", metavar="VERSION", help="as name:number")
    parser.add_argument("--format", required=True, choices=FORMATS, help="the format of the file")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where it goes; named after it if left out")
    parser.add_argument("--json", action="store_true", help="print the proof as one JSON object")


def _add_restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="FILE.zip|FOLDER", help="where the backup is")
    parser.add_argument("--backup", default="", help="one of several in a folder; the newest if left out")
    parser.add_argument("--to", metavar="STORE", help="the empty store; the configured one if left out")
    parser.add_argument("--to-home", metavar="FOLDER", help="the new home; the configured one if left out")
    parser.add_argument("--without-damaged", action="store_true", help="leave out what is damaged in the backup")


def _add_endpoints(parser: argparse.ArgumentParser) -> None:
    from dashboard.records.store import EXAMPLES

    store = f"csv:, {EXAMPLES}"
    home = "the folder of its datasets, and of its catalogue if it is CSV; the configured one if left out"
    parser.add_argument("--from", dest="source", metavar="STORE", help=f"{store}; the configured one if left out")
    parser.add_argument("--to", required=True, metavar="STORE", help=store)
    parser.add_argument("--from-home", metavar="FOLDER", help=home)
    parser.add_argument("--to-home", metavar="FOLDER", help=home)


def _endpoint(address: str | None, home: str | None, password_name: str) -> Settings:
    """Return the settings of one end of a copy; what is None is as configured.

    The password comes from the environment; one in the address is taken, with a warning.
    """
    from dashboard.records.store import split_password, with_password

    configured = from_environment()
    store = configured.store
    if address is not None:
        bare, typed = split_password(address)
        if typed:
            warning = f"Others on this machine can read a password in a command line: set {password_name} instead."
            print(warning, file=sys.stderr)
        store = with_password(bare, os.environ.get(password_name) or typed)
    return replace(configured, store=store, home=home or configured.home)


def import_weights(given: argparse.Namespace) -> int:
    """Import files of weights as versions of a network; several files, or a folder, are a series of checkpoints."""
    from dashboard.services.imports.receiving import receive_import
    from dashboard.services.imports.saving import save_import
    from dashboard.services.imports.waiting import discard_import
    from dashboard.services.workspace import open_workspace

    if given.server:
        return _at_server(given)
    names = ["network", "purpose", "as", "task", "dataset", "scaling", "unnamed", "proposal", "optimizer"]
    names += ["stated", "accept_changes", "leave_out", "keep"]
    values = vars(given)
    choices = {name: values[name] for name in names if values[name] not in (None, "")}
    choices |= {name: values[name].split(",") for name in ("activations", "classes") if values[name]}
    workspace = open_workspace(from_environment(), sweeping=False)
    waiting = receive_import(workspace, _files_of(given.files))
    for name, why in waiting.left_out.items():
        print(f"{name} left out: {why}", file=sys.stderr)
    try:
        result = save_import(workspace, waiting, choices)
    finally:
        discard_import(workspace, waiting.token)
    if not given.quiet:
        saved = f"{result['network']}: versions {_numbers(result['versions'])} saved"
        print(json.dumps(result) if given.json else saved)
    return 0


def export_weights(given: argparse.Namespace) -> int:
    """Write a version into a file of any format, read it back, and compare it with what was saved."""
    import shutil

    from dashboard.services.compare.versions import parse_reference
    from dashboard.services.exports.making import export_version
    from dashboard.services.store.existing import require_existing, require_own_store
    from dashboard.services.workspace import open_to_read

    settings = from_environment()
    require_existing(settings)
    workspace = open_to_read(settings, sweeping=False)
    require_own_store(workspace)
    made = export_version(workspace, *parse_reference(given.version, "version"), given.format)
    with made.file:
        path = given.output or Path(made.name)
        with path.open("wb") as file:
            shutil.copyfileobj(made.file, file)
    proof = {"version": given.version, "file": str(path)} | made.proof.to_json()
    outputs = made.proof.outputs
    records = f"outputs of {outputs.records} records within {outputs.largest_difference:g}" if outputs else ""
    words = f"{path}: {_count(made.proof.equal, 'tensor')} read back, SHA-256 equal; {records or 'no outputs compared'}"
    print(json.dumps(proof) if given.json else words)
    return 0


def _files_of(paths: list[Path]) -> "Iterator[SentFile]":
    """Yield files, and those of folders under the folder's name, each open while it is read."""
    from dashboard.errors import NotFound
    from dashboard.services.upload_parts import SentFile

    for path in paths:
        if not path.exists():
            raise NotFound(f"There is no file {path}.", "file")
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        for one in files:
            with one.open("rb") as stream:
                yield SentFile(stream, str(one.relative_to(path.parent)))


def _numbers(numbers: list[int]) -> str:
    return f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else str(numbers[0])


def _print_proof(proof: "VersionProof") -> bool:
    """Print whether a version is as it was saved, with a line for each tensor that differs; return it."""
    verdict = "identical" if proof.identical else "DIFFERENT"
    print(f"{proof.version.reference}: {verdict} ({len(proof.tensors)} tensors)")
    for tensor in proof.tensors:
        if not tensor.identical:
            print(f"  {tensor.problem}")
    return proof.identical


def _print_progress(progress: "Progress") -> None:
    """Print what is being copied now: over the line before on a terminal, else a line for each version."""
    if sys.stdout.isatty():
        share = 100 * progress.done // progress.total if progress.total else 0
        print(f"\r\033[K{share:3} %  {progress.note}", end="", flush=True)
    elif ", version " in progress.note:
        print(progress.note, flush=True)


def _end_progress() -> None:
    if sys.stdout.isatty():
        print("\r\033[K", end="")


def _print_result(result: dict[str, Any]) -> None:
    """Print what a copy has left out, what differs, and the counts."""
    from dashboard.services.store.copying import counts_sentence

    _end_progress()
    for left in result["left_out"][:MOST_SHOWN]:
        print(f"{left['version']} left out: {left['reason']}")
    for line in result["differences"][:MOST_SHOWN]:
        print(f"{line['version']} {line['tensor']}: {line['problem']}")
    print(counts_sentence(result))


if __name__ == "__main__":
    sys.exit(main())

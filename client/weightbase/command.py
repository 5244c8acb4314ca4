"""The command line of the client: arguments, how answers are printed, exit codes."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from weightbase import verbs
from weightbase.completion import SHELLS, script
from weightbase.connection import DEFAULT_URL, Connection, Transport
from weightbase.errors import Unreachable, WeightbaseError
from weightbase.explaining import PARTS, explain
from weightbase.importing import import_weights
from weightbase.printing import Printed, text_of
from weightbase.spool import FOLDER

GOOD, DIFFERS, REFUSED, OUT_OF_REACH = 0, 1, 2, 3
Verb = Callable[[Transport, argparse.Namespace], Printed]


class Argument(NamedTuple):
    """An argument of a verb, as argparse takes it."""

    flag: str
    options: dict[str, Any]


def _argument(flag: str, help_text: str, **options: Any) -> Argument:  # noqa: ANN401 - argparse's own options
    return Argument(flag, {"help": help_text, **options})


LIMIT = _argument("--limit", "at most so many; all if left out", type=int)
RECORD = "FILE.csv | COLUMN=VALUE"
REFERENCE = "name:number, name:latest or name:best"
KINDS = ("dense", "foreign")
TENSOR, ANY_TEXT = "a tensor of a foreign network", "* stands for any text; may be repeated"
STATES = ("queued", "running", "ended")
METRIC = {"metavar": "NAME=NUMBER", "action": "append", "default": []}
VERBS: dict[Verb, list[Argument]] = {
    verbs.networks: [
        LIMIT,
        _argument("--search", "only those whose name has this text"),
        _argument("--kind", "only these", choices=KINDS),
    ],
    verbs.versions: [_argument("network", "the network"), LIMIT],
    verbs.show: [_argument("reference", f"{REFERENCE}; or a network")],
    verbs.runs: [
        LIMIT,
        _argument("--network", "only those of a network"),
        _argument("--state", "only these", choices=STATES),
    ],
    verbs.datasets: [LIMIT],
    verbs.searches: [LIMIT],
    verbs.compare: [_argument("base", REFERENCE), _argument("other", REFERENCE)],
    explain: [
        _argument("base", REFERENCE),
        _argument("other", REFERENCE),
        _argument("--part", "on which records; the first of these that has any if left out", choices=PARTS),
        _argument("--class", "only records of this class"),
        _argument("--record", "only this record of the dataset, counted from 0", type=int),
    ],
    verbs.log: [
        _argument("network", "the network; it is created when it is new"),
        _argument("file", "a .npz, .npy or .safetensors file"),
        _argument("--epoch", "its epoch", type=int, default=0),
        _argument("--metric", "a metric of it; may be repeated", **METRIC),
        _argument("--key", "a name for this version: with the same key nothing is saved a second time"),
    ],
    import_weights: [
        Argument("files", {"help": "checkpoints, or folders of them", "nargs": "+", "metavar": "FILE|FOLDER"}),
        _argument("--as", "the kind of network; foreign if left out", choices=KINDS, default=KINDS[1]),
        _argument("--network", "a new name, or a network of the same kind", required=True),
        _argument("--purpose", "of a new network: what it is for"),
        _argument("--proposal", "of a dense network: which reading of its layers, from 0"),
        _argument("--activations", "one for each layer, separated by commas"),
        _argument("--classes", "the names of the outputs, separated by commas"),
        _argument("--leave-out", f"{TENSOR} that is not saved; {ANY_TEXT}", action="append", metavar="NAME"),
        _argument("--keep", f"{TENSOR} that is saved, and no others; {ANY_TEXT}", action="append", metavar="NAME"),
        _argument("--task", "of a dense network: classification or regression"),
        _argument("--dataset", "of a dense network: on which it is measured at once"),
        _argument("--scaling", "what a dense network was given while it was trained; none if left out"),
        _argument("--unnamed", "what a number without a name in the files' names measures"),
        _argument("--optimizer", "take the optimizer's state in, too", action="store_true"),
        _argument("--stated", "take columns, classes and scaling as a file of ours states them", action="store_true"),
        _argument("--accept-changes", "save although tensors changed since the one before", action="store_true"),
    ],
    verbs.pull: [
        _argument("reference", REFERENCE),
        _argument("--output", "the folder; this one if left out", default="."),
        _argument("--format", "npz if left out", choices=tuple(verbs.WRITERS), default="npz"),
    ],
    verbs.inputs: [_argument("reference", REFERENCE)],
    verbs.draw: [
        _argument("reference", REFERENCE),
        _argument(
            "file", 'JSON: strokes of points, as in [[[10, 10], [80, 10], [40, 90]]]; or {"strokes"} or {"pixels"}'
        ),
    ],
    verbs.predict: [
        _argument("reference", REFERENCE),
        _argument("record", "a CSV of records; or one record, a value for each column", nargs="+", metavar=RECORD),
        _argument("--output", "the answered file of a CSV; printed if left out", metavar="FILE"),
    ],
    verbs.why: [
        _argument("reference", REFERENCE),
        _argument("record", "one record, a value for each column", nargs="*", metavar="COLUMN=VALUE"),
        _argument("--number", "instead: a record of the version's dataset, counted from 0", type=int),
        _argument("--output", "the contributions as a CSV; printed if left out", metavar="FILE.csv"),
    ],
    verbs.verify: [_argument("version", f"{REFERENCE}; every version if left out", nargs="?")],
    verbs.copy: [_argument("--to", "the store: csv:/folder or mysql://…", required=True, metavar="STORE")],
}


def add_verbs(parsers: Any, connect: Callable[[argparse.Namespace], Transport], leave_out: Sequence[str] = ()) -> None:  # noqa: ANN401 - argparse's subparsers have no public class
    """Add the verbs to a command line; `connect` gives what carries the requests of one of them."""
    for verb, arguments in VERBS.items():
        name = verb.__name__.partition("_")[0]  # import is a word of Python's
        if name not in leave_out:
            added = parsers.add_parser(name, help=verb.__doc__, description=verb.__doc__)
            for argument in arguments:
                added.add_argument(argument.flag, **argument.options)
            add_common(added)
            added.set_defaults(verb=_carried_out(verb, connect), verb_name=name)
    added = parsers.add_parser("sync", help=verbs.sync.__doc__, description=verbs.sync.__doc__)
    added.add_argument("folder", help=f"the spool; ./{FOLDER} if left out", nargs="?", default=FOLDER)
    add_common(added)
    added.set_defaults(verb=lambda given: carry_out(lambda: verbs.sync(given), given))
    added = parsers.add_parser("completion", help=COMPLETION, description=COMPLETION)
    added.add_argument("shell", choices=SHELLS, help="the shell")
    added.set_defaults(verb=lambda given: print(script(given.shell, given.parser)) or GOOD)


def verb_named(name: str) -> Verb:
    """Return the verb that is a function of this name."""
    return next(verb for verb in VERBS if verb.__name__ == name)


COMPLETION = "Print what lets a shell complete the verbs: `source <(weightbase completion bash)`."


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every verb of the client has."""
    parser.add_argument("--server", metavar="URL", help="the address of the dashboard (WEIGHTBASE_URL)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, as the API answers it")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def carry_out(work: Callable[[], Printed], given: argparse.Namespace) -> int:
    """Do what a verb does and print it; return the exit code: 0, 1 it differs, 2 refused, 3 server out of reach."""
    try:
        printed = work()
    except Unreachable as error:
        return _problem(error, OUT_OF_REACH, given)
    except (WeightbaseError, TypeError, OSError) as error:
        return _problem(error, REFUSED, given)
    if not given.quiet:
        print(text_of(printed, given.json))
    return printed.code


def _problem(error: Exception, code: int, given: argparse.Namespace) -> int:
    """Print an error: with --json as the API has it."""
    if given.json:
        about = {"code": getattr(error, "code", "") or "refused", "message": str(error)}
        print(json.dumps({"error": {**about, "field": getattr(error, "field", None)}}))
    print(error, file=sys.stderr)
    return code


def _carried_out(verb: Verb, connect: Callable[[argparse.Namespace], Transport]) -> Callable[[argparse.Namespace], int]:
    return lambda given: carry_out(lambda: verb(connect(given), given), given)


def parser_of_client() -> argparse.ArgumentParser:
    """Return the command line of the client alone."""
    from weightbase import __version__  # noqa: PLC0415 - the package imports this module's neighbours

    parser = argparse.ArgumentParser(prog="weightbase", description="Versions of weights on a Weightbase dashboard.")
    parser.add_argument("--version", action="version", version=f"weightbase-client {__version__}")
    parser.set_defaults(parser=parser)
    add_verbs(parser.add_subparsers(title="verbs", required=True, metavar="VERB"), connection_of)
    return parser


def connection_of(given: argparse.Namespace) -> Transport:
    """Return a connection to the server that is named, or that of the environment."""
    return Connection(given.server or os.environ.get("WEIGHTBASE_URL", "") or DEFAULT_URL)


def run_client(arguments: Sequence[str] | None = None) -> int:
    """Carry out one verb; return the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    given = parser_of_client().parse_args(arguments)
    try:
        code = int(given.verb(given))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DIFFERS

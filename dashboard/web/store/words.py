"""What pages say of the store: what a deletion frees, and how far an action has come."""

from pathlib import Path

from dashboard.records.run import Freed, Run
from dashboard.web.kit.formats import file_size, plural
from dashboard.web.runs.words import waiting_sentence
from dashboard.web.searches.words import searching_title

VERBS = {"verify": "Verify all versions", "copy": "Copy to", "empty": "Empty the trash"}


def freed_sentences(freed: Freed) -> list[str]:
    """Say what deleting for good frees, and what stays because others use it."""
    lines = [f"Deleted for good it frees {plural(freed.tables, 'table')} with {file_size(freed.bytes)} of weights."]
    if freed.shared:
        lines.append(f"{plural(freed.shared, 'table')} stay for others, such as {', '.join(freed.shared_with)}.")
    return lines


def action_title(run: Run) -> str:
    """Say what an action does, as a heading."""
    if run.is_of_search:
        return searching_title(run)
    return f"{VERBS[run.kind]} {place_of(run)}" if run.kind == "copy" else VERBS[run.kind]


def place_of(run: Run) -> str:
    """Return where a copy goes, in short: its address, and its home if it has one of its own."""
    home = run.request["home"]
    return f"{run.request['to']}{f' of {Path(home).name}' if home else ''}"


def action_sentence(run: Run, turn: int | None) -> str:
    """Say how far an action has come, or what came of it; `turn` is its place in the queue."""
    if run.state == "queued":
        return waiting_sentence(run, turn)
    if run.kind == "search":
        return f"{run.done:,} of {plural(run.total, 'trial')} tried; {run.state}."
    if not run.result:
        return {"running": "Starting."}.get(run.state, f"{run.state.capitalize()}.")
    said = {"verify": _verified, "copy": _copied, "empty": _emptied}[run.kind](run)
    return said if run.state in {"running", "finished"} else f"{run.state.capitalize()}: {said}"


def _verified(run: Run) -> str:
    proven, different = run.result["proven"], run.result["different"]
    if different:
        return f"{plural(different, 'version')} of {proven + different:,} not as saved."
    if run.state == "finished":
        return f"All {plural(proven, 'version')} were read back and are what was saved, bit for bit."
    return f"{proven:,} of {plural(run.total, 'version')} read back, all as saved."


def _copied(run: Run) -> str:
    result = run.result
    text = f"{plural(result['copied'], 'version')} copied, {result['skipped']:,} there before"
    if result["left_out"]:
        text += f", {len(result['left_out']):,} left out"
    if result["different"]:
        return f"{text}; {result['different']:,} not what was saved."
    done = result["proven"] if result["proven"] else 0
    return f"{text}; {done:,} proven at the target, bit for bit." if done else f"{text}."


def _emptied(run: Run) -> str:
    return f"{plural(run.result['removed'], 'version')} removed."

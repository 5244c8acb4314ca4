"""What pages say of the store: what it holds, what is in the trash, what a deletion frees."""

from collections.abc import Sequence

from dashboard.records.run import Freed, TrashItem
from dashboard.services.store.tables import Totals
from dashboard.web.kit.formats import file_size, plural


def store_sentence(totals: Totals, versions: int, search: str) -> str:
    """Say how many tables there are (whose names begin with `search`), and how large they are."""
    weights = f"hold {file_size(totals.bytes)} of weights"
    shared = f"; {totals.shared:,} shared by several versions" if totals.shared else ""
    what = f"beginning with “{search}”" if search else f"of {plural(versions, 'version')}"
    return f"{plural(totals.tables, 'table')} {what} {weights}{shared}."


def trash_sentences(items: Sequence[TrashItem], freed: Freed, most: int) -> list[str]:
    """Say what is in the trash, of which the `most` newest items are shown, and what emptying it frees."""
    if not items:
        return ["The trash is empty. Versions and networks that you delete stay in it until you empty it."]
    shown = f" The {most:,} newest are shown." if len(items) > most else ""
    return [f"{plural(len(items), 'item')}, hidden everywhere else.{shown}", *freed_sentences(freed)]


def freed_sentences(freed: Freed) -> list[str]:
    """Say what a permanent deletion frees, and what stays because others use it."""
    tables = f"{plural(freed.tables, 'table')} with {file_size(freed.bytes)} of weights"
    sentences = [f"Deleted permanently, it frees {tables}."]
    if freed.shared:
        sentences.append(
            f"{plural(freed.shared, 'table stays', 'tables stay')} for others, such as {', '.join(freed.shared_with)}."
        )
    return sentences

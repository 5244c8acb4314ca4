"""What pages say of the store: what a deletion frees."""

from dashboard.records.run import Freed
from dashboard.web.kit.formats import file_size, plural


def freed_sentences(freed: Freed) -> list[str]:
    """Say what a permanent deletion frees, and what stays because others use it."""
    sentences = [
        f"Deleted permanently, it frees {plural(freed.tables, 'table')} with {file_size(freed.bytes)} of weights."
    ]
    if freed.shared:
        sentences.append(f"{plural(freed.shared, 'table')} stay for others, such as {', '.join(freed.shared_with)}.")
    return sentences

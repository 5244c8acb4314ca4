"""What keeps the cells of a column from being numbers or dates, said in a sentence."""

import re
from collections.abc import Sequence

from dashboard.data.dates import ORDERS, moment
from dashboard.data.number_marks import with_other_marks

MOST_LOOKED_AT = 500
NEARLY_ALL = 0.9
WITH_MORE = re.compile(
    r"(?:about|approx\.?|ca\.?|[<>~≈≤≥±])? ?[+-]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]{1,4})?"
    r" ?(?:[kKmMbB]|[kKmM]il|mln|mio|±.*|\+/-.*|\(.*\)|\[.*\]|[*†‡]+|[<>])?"
)
"""A number with a bound, an error, a mark of a note, or a letter for thousands or millions."""


def fault(texts: Sequence[str]) -> str:
    """Return what is wrong with words of which no one is a number; empty for other words."""
    some = texts[:MOST_LOOKED_AT]
    if shown := with_other_marks(texts):
        return f"Its cells, such as {shown[:40]!r}, are no numbers with the marks of the file: correct them."
    if some and all(any(moment(text, order) for order in ORDERS) for text in some):
        other = next((text for text in some if not moment(text, _order(some[0]))), some[0])
        return f"It holds dates in different orders, such as {some[0][:40]!r} and {other[:40]!r}: write all in one."
    if some and sum(WITH_MORE.fullmatch(text) is not None for text in some) >= NEARLY_ALL * len(some):
        return f"Its cells, such as {some[0][:40]!r}, are numbers with more behind or before them: correct them."
    return ""


def _order(text: str) -> str:
    return next(order for order in ORDERS if moment(text, order))


def fault_of_some(numbers: int, others: Sequence[str], count: int) -> str:
    """Return what is wrong with a column most of whose cells are numbers, but many are not."""
    shown = ", ".join(repr(text[:40]) for text in dict.fromkeys(others))
    remedy = "take it as a number and say what is done with them, or name them as words for missing"
    return f"{numbers:,} of its cells are numbers, but {count:,} are not, such as {shown}: {remedy}."

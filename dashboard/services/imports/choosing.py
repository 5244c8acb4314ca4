"""Which tensors of an import are saved: all but those to leave out, or of the others those to keep, by their names."""

import re
from collections.abc import Collection, Sequence

from dashboard.parsing import Fields

FIELDS = ("leave_out", "keep")


def left_out(fields: Fields, known: Collection[str], may_choose: bool) -> frozenset[str]:
    """Return those of the `known` names that are left out by `leave_out` or by `keep`; `*` stands for any text.

    Refused is a text that names none of them, and any where one may not choose: of a chain of layers.
    """
    chosen: dict[str, set[str]] = {}
    for field in FIELDS:
        texts = _texts(fields, field)
        if texts and not may_choose:
            fields.refuse(field, "A dense network has the tensors of its layers: of a foreign one some can be chosen.")
            continue
        named = {text: _named(text, known) for text in texts}
        missing = [text for text, names in named.items() if not names]
        if missing:
            fields.refuse(field, f"No tensor is named {missing[0]!r}. Write a whole name, or * for any text in it.")
        chosen[field] = {name for names in named.values() for name in names}
    wanted = chosen.get("keep") or set(known)
    return frozenset(name for name in known if name not in wanted or name in chosen.get("leave_out", ()))


def _texts(fields: Fields, field: str) -> Sequence[str]:
    given = fields.data.get(field) or ()
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        fields.refuse(field, "List the names of tensors.")
        return ()
    return given


def _named(text: str, known: Collection[str]) -> list[str]:
    """Return the names that a text means: the one that it is, or else those that it fits with * for any text."""
    if text in known or "*" not in text:
        return [text] if text in known else []
    pattern = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)
    return [name for name in known if pattern.fullmatch(name)]

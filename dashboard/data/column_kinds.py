"""The suggested kind of a column, with the reason in a sentence where it is not plain."""

import re
from dataclasses import dataclass

from dashboard.data.cells import MOST_CATEGORIES, MOST_EXACT

FEWEST_ROWS_JUDGED = 10
"""In fewer rows a column that is constant, or counts, says nothing: the file may be a few records to evaluate."""
FEW = 20
MOST_ODD_SHARE = 0.05
ID_NAME = re.compile(
    r"(?i:unnamed: ?\d+|index|idx|id|no\.?|nr\.?|number|num|#|key|record|obs|observation|serial|s\.?no\.?|sno|case"
    r"|uid|uuid|guid|row|row[ _]?(?:id|no|nr|num|number)|.*[ _](?:id|no|nr|key|uuid|guid|index))|.*[a-z](?:Id|ID)"
)
NAMELESS_FIRST = "column_1"
"""The name that is given to a first column without one."""


@dataclass(frozen=True)
class Facts:
    """What is known of a column: its cells are `missing`, `numbers` or `words`.

    `name` is empty for a first column to which the header gives none: it is that of row names.
    `distinct` counts the different values, `different_numbers` those that are numbers. `code` is a cell spelled
    as only a code is, `counts` says that the numbers are first, first + 1, … in the order of the rows; `truths` are
    the words for 0 and 1 (`truths.truth_words`), and `dates` says that all cells are dates, and why. `doubt` says what
    numbers may be otherwise, and `fault` says in a sentence what keeps words from being numbers or dates.
    """

    name: str
    rows: int
    missing: int
    numbers: int
    words: int
    distinct: int
    different_numbers: int
    low: float
    high: float
    is_whole: bool
    code: str
    counts: bool
    example: str
    truths: tuple[str, ...] = ()
    dates: str = ""
    doubt: str = ""
    fault: str = ""

    @property
    def known(self) -> int:
        """How many cells are not missing."""
        return self.numbers + self.words

    @property
    def is_numeric(self) -> bool:
        """Whether the column has numbers, and nothing else but missing and a few odd cells."""
        return self.numbers > 0 and (not self.words or self.is_odd)

    @property
    def is_odd(self) -> bool:
        """Whether the column is one of numbers with a few cells that are none."""
        most = max(1, int(self.known * MOST_ODD_SHARE))
        few = 0 < self.words <= most and self.numbers >= FEWEST_ROWS_JUDGED
        return few and (self.words == 1 or self.different_numbers > FEW)

    @property
    def are_own(self) -> bool:
        """Whether every row has a value of its own."""
        return self.distinct == self.known and self.known > FEW

    @property
    def is_nearly_unique(self) -> bool:
        """Whether most rows have a value of their own."""
        return self.distinct > FEW and (self.distinct * 2 > self.known or self.distinct > MOST_CATEGORIES)


def suggested(facts: Facts) -> tuple[str, str]:
    """Return (numeric, boolean, categorical or ignore; why, or an empty text)."""
    if not facts.known:
        return "ignore", "It is empty."
    if facts.rows >= FEWEST_ROWS_JUDGED and (why := _useless(facts)):
        return "ignore", why
    if facts.words and not facts.is_odd:
        return _of_words(facts)
    if facts.dates:
        return _of_dates(facts)
    if facts.code:
        return _of_codes(facts)
    return "numeric", facts.doubt


def _useless(facts: Facts) -> str:
    """Return why a column cannot help; empty if it may."""
    if facts.missing * 2 > facts.rows:
        return f"{facts.missing:,} of its {facts.rows:,} cells are missing, more than half."
    if facts.distinct == 1 and not facts.missing:
        return f"All its cells are the same: {facts.example[:40]}."
    if facts.words or not facts.is_whole:
        return ""
    is_named_id = not facts.name or ID_NAME.fullmatch(facts.name) is not None
    if facts.counts and (is_named_id or facts.name == NAMELESS_FIRST):
        return f"It numbers the rows: {facts.low:.0f}, {facts.low + 1:.0f}, {facts.low + 2:.0f} …"
    if is_named_id and facts.is_nearly_unique:
        by = "by its name" if facts.name else "of rows, as the header has no name for it"
        return f"It is an id {by}, and most rows have one of their own."
    return ""


def _of_words(facts: Facts) -> tuple[str, str]:
    if all(facts.truths) and facts.truths:
        no, yes = facts.truths
        return "boolean", f"It says whether or not: '{no[:40]}' is 0 and '{yes[:40]}' is 1, one input instead of two."
    if facts.dates:
        return _of_dates(facts)
    if facts.fault and (facts.distinct > MOST_CATEGORIES or facts.are_own or facts.is_nearly_unique):
        return "ignore", facts.fault
    if facts.distinct > MOST_CATEGORIES:
        return "ignore", f"It has more than {MOST_CATEGORIES:,} different words, the most that a category may have."
    if facts.are_own or facts.is_nearly_unique:
        return "ignore", f"It has {facts.distinct:,} different words in {facts.known:,} rows: names or ids."
    return "categorical", ""


def _of_dates(facts: Facts) -> tuple[str, str]:
    is_ignored = facts.distinct > MOST_CATEGORIES or facts.are_own or facts.is_nearly_unique
    kind, what = ("ignore", "Ignored") if is_ignored else ("categorical", "Taken as categories")
    return kind, f"{facts.dates} {what}, unless you choose number parts."


def _of_codes(facts: Facts) -> tuple[str, str]:
    if facts.is_nearly_unique:
        return "ignore", f"It holds codes or ids such as {facts.code[:40]}, and most rows have one of their own."
    if max(abs(facts.low), abs(facts.high)) >= MOST_EXACT:
        return "categorical", f"As numbers, whole numbers as long as {facts.code[:40]} would merge."
    if facts.doubt:
        return "categorical", facts.doubt
    return "categorical", f"It holds codes such as {facts.code[:40]}: as numbers they would lose their spelling."

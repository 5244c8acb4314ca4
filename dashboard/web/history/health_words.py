"""What the measures of health are called, and what each means, in one sentence."""

from collections.abc import Sequence

from dashboard.services.history.health import HealthHistory, dead_of
from dashboard.services.history.units import MEANINGS as OF_UNITS
from dashboard.web.history.words import since_words
from dashboard.web.kit.formats import number, plural

FINDINGS = ("dead", "no_input", "no_output", "never_active", "unvarying", "undefined", "constant", "saturating")
FINDING_WORDS = {
    "dead": "dead",
    "no_input": "no weights in",
    "no_output": "no weights out",
    "never_active": "never active",
    "unvarying": "never varies",
    "undefined": "not a number",
    "constant": "constant",
    "saturating": "saturated",
    "duplicates": "duplicate",
}
"""What pages call the findings about units."""
NAMES = {
    "dead": "dead units",
    "duplicates": "duplicate units",
    "constant": "constant units",
    "saturating": "saturated units",
    "undefined": "units of unknown health",
    "norm_growth": "norm growth",
    "stable_rank": "stable rank",
    "spectral_norm": "spectral norm",
    "tail_exponent": "tail exponent",
    "not_finite": "not finite",
}
MEANINGS = OF_UNITS | {
    "dead": "Units that contribute nothing: no weights in or out, or one output for all records, as a ReLU's 0.",
    "duplicates": "Units with the same weights and bias, bit for bit: all but one of each group are wasted.",
    "norm_growth": "The tensor's norm as a multiple of the first version's: steady growth calls for weight decay.",
    "stable_rank": "In how many directions the tensor really works, the squared norm over the squared largest stretch.",
    "spectral_norm": "The most by which the tensor can stretch its input: large values make training unsteady.",
    "tail_exponent": "How heavy the tail of the eigenvalues is; for well-trained layers it is mostly from 2 to 6.",
    "records": "How many records of the dataset were put through the version; without any, dead units are unknown.",
    "not_finite": "Cells that are NaN or infinite: one of them makes every output unusable.",
}
"""What the findings about units and the measures of a tensor mean."""
NOT_UNITS = {
    "dead": "Which columns or rows are units is not known, so that none is called dead.",
    "no_input": "All weights of the column are zero.",
    "undefined": "A weight of the column is NaN or infinite.",
    "duplicates": "These columns are the same, bit for bit.",
    "constant": "All weights of the column are equal.",
    "saturating": "Which columns or rows are units is not known, nor what they answer.",
}
"""What they mean where it is not known along which axis the units are, and columns are spoken of."""


UNKNOWN_AXIS = "whether its columns or its rows are units is not known, so that none is called dead"


def finding_words(finding: str, word: str) -> str:
    """Return what pages call a finding about one unit, or about one column."""
    return "all zero" if finding == "no_input" and word != "unit" else FINDING_WORDS[finding]


def meaning(name: str, word: str) -> str:
    """Return what a finding about units, or about columns, or a measure means."""
    return MEANINGS[name] if word == "unit" else NOT_UNITS.get(name, MEANINGS[name])


def measure_name(name: str, word: str) -> str:
    """Return what a measure is called: it is about units, or where these are not known about columns."""
    of_columns = {"duplicates", "constant", "undefined"}
    if name == "undefined" and word != "unit":
        return f"{word}s that are not finite"
    return NAMES[name].replace("unit", word) if name in of_columns else NAMES[name]


def health_sentence(health: HealthHistory) -> str:
    """Say how many units of the newest version are dead, and since when, or that it cannot be known."""
    newest, findings = health.versions[-1], health.findings[-1]
    if findings is None:
        count = plural(len(health.versions), "version")
        if newest.number in health.damaged:
            return f"{count}; the newest one, v{newest.number}, is damaged, so that its health cannot be counted."
        return f"{count}; the newest one's health is not counted yet."
    word = health.word
    facts = [_dead(health) if health.axis else UNKNOWN_AXIS, *_odd(findings["undefined"], word)]
    wasted = health.measures[-1]["duplicates"]
    facts += [plural(int(wasted), f"duplicate {word}")] if wasted else []
    facts += [f"{plural(len(findings['saturating']), 'unit')} saturated"] if findings["saturating"] else []
    growth = health.measures[-1]["norm_growth"]
    facts += [f"norm {number(growth)} times that of v{health.versions[0].number}"] if growth is not None else []
    return f"v{newest.number}: {'; '.join(facts)}."


def health_note(health: HealthHistory) -> str:
    """Say what the health of the newest version was counted from."""
    findings = health.findings[-1]
    if findings is None:
        return ""
    if not findings["records"]:
        return "Counted from the stored weights alone: what units do on records is unknown, since none are here."
    return f"Counted from the stored weights, and from {plural(findings['records'], 'record')} of the dataset."


def _dead(health: HealthHistory) -> str:
    findings = health.findings[-1] or {}
    dead, units = dead_of(findings), plural(findings["units"], "unit")
    if not findings["records"]:
        certain = f"{plural(len(dead), 'unit')} of {findings['units']:,} dead by the weights alone, " if dead else ""
        return f"{certain}whether {'others' if dead else 'any'} of {units} are dead cannot be known without records"
    if not dead:
        return f"no unit of {units} is dead"
    return f"{plural(len(dead), 'unit')} of {findings['units']:,} dead{_since(health, len(dead))}"


def _odd(undefined: Sequence[int], word: str) -> list[str]:
    return [f"the health of {plural(len(undefined), word)} is unknown: NaN or infinite"] if undefined else []


def _since(health: HealthHistory, dead: int) -> str:
    """Say since which version there are at least so many dead units, where there were fewer before."""
    since = health.dead_since(dead)
    return " from the first version on" if since is None or since.is_first else f" {since_words(since)}"

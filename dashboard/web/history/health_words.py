"""What the measures of health are called, and what each means, in one sentence."""

from dashboard.services.history.health import HealthHistory, dead_of
from dashboard.services.history.units import MEANINGS as OF_UNITS
from dashboard.web.kit.formats import number, plural

FINDINGS = ("deaf", "unheard", "silent", "constant", "saturating")
FINDING_WORDS = {
    "deaf": "no weights in",
    "unheard": "no weights out",
    "silent": "never active",
    "constant": "constant",
    "saturating": "saturating",
    "duplicates": "duplicate",
}
"""What pages call the findings about units."""
NAMES = {
    "dead": "dead units",
    "duplicates": "duplicate units",
    "constant": "constant columns",
    "saturating": "saturating units",
    "norm_growth": "norm growth",
    "stable_rank": "stable rank",
    "spectral_norm": "spectral norm",
    "tail_exponent": "tail exponent",
    "not_finite": "not finite",
}
MEANINGS = OF_UNITS | {
    "dead": "Units that contribute nothing: all weights in or out are zero, or behind a relu they are never active.",
    "duplicates": "Units with the same weights and bias, bit for bit: all but one of each group are wasted.",
    "norm_growth": "The tensor's norm as a multiple of the first version's: steady growth calls for weight decay.",
    "stable_rank": "In how many directions the tensor really works, the squared norm over the squared largest stretch.",
    "spectral_norm": "The most by which the tensor can stretch its input: large values make training unsteady.",
    "tail_exponent": "How heavy the tail of the eigenvalues is; for well-trained layers it is mostly from 2 to 6.",
    "not_finite": "Cells that are NaN or infinite: one of them spoils every answer.",
}
"""What the findings about units and the measures of a tensor mean."""


def health_sentence(health: HealthHistory) -> str:
    """Say how many units of the newest version are dead, and since when."""
    newest, findings = health.versions[-1], health.findings[-1]
    if findings is None:
        return f"{plural(len(health.versions), 'version')}; their health is not counted yet."
    dead = dead_of(findings)
    facts = [f"no unit of {plural(findings['units'], 'unit')} is dead"]
    if dead:
        facts = [f"{plural(len(dead), 'unit')} of {findings['units']:,} dead{_since(health, len(dead))}"]
    wasted = health.measures[-1]["duplicates"]
    facts += [plural(int(wasted), "duplicate unit")] if wasted else []
    facts += [f"{plural(len(findings['saturating']), 'unit')} near saturation"] if findings["saturating"] else []
    growth = health.measures[-1]["norm_growth"]
    facts += [f"norm {number(growth)} times that of v{health.versions[0].number}"] if growth is not None else []
    return f"v{newest.number}: {'; '.join(facts)}."


def _since(health: HealthHistory, dead: int) -> str:
    """Say since which version there are at least so many dead units, where there were fewer before."""
    counts = [measures["dead"] for measures in health.measures]
    place = len(counts)
    while place and (counts[place - 1] or 0) >= dead:
        place -= 1
    return f" since v{health.versions[place].number}" if place else " from the first version on"

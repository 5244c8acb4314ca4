"""What the measures of health are called, and what each means, in one sentence."""

from dashboard.services.history.health import HealthHistory, dead_of
from dashboard.services.history.units import MEANINGS as OF_UNITS
from dashboard.web.kit.formats import number, plural

FINDINGS = ("deaf", "unheard", "silent", "constant", "saturating")
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
    "dead": "Units that contribute nothing: all weights in or out are zero, or behind a relu no input can wake them.",
    "duplicates": "Units with the same weights and bias, bit for bit: all but one of each group are wasted.",
    "norm_growth": "The table's norm as a multiple of that in the first version: steady growth asks for weight decay.",
    "stable_rank": "In how many directions the table really works, the squared norm over the squared largest stretch.",
    "spectral_norm": "The most by which the table can stretch its input: large ones make training unsteady.",
    "tail_exponent": "How heavy the tail of the eigenvalues is; for well-trained layers it is mostly from 2 to 6.",
    "not_finite": "Cells that are NaN or infinite: one of them spoils every answer.",
}
"""Of the findings about units, and of the measures of a table."""


def health_sentence(health: HealthHistory) -> str:
    """Say how many units of the newest version are dead, and since when."""
    newest, found = health.versions[-1], health.findings[-1]
    if found is None:
        return f"{plural(len(health.versions), 'version')}; their health is not counted yet."
    dead = dead_of(found)
    facts = [f"no unit of {plural(found['units'], 'unit')} is dead"]
    if dead:
        facts = [f"{plural(len(dead), 'unit')} of {found['units']:,} dead{_since(health, len(dead))}"]
    wasted = health.measures[-1]["duplicates"]
    facts += [f"{plural(int(wasted), 'unit')} doubled"] if wasted else []
    facts += [f"{plural(len(found['saturating']), 'unit')} near saturation"] if found["saturating"] else []
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

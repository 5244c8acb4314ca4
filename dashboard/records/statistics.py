"""The numbers that are stored of every tensor, each declared once; `analysis.statistics` counts them."""

from dataclasses import dataclass

VERSION, HISTORY = "version", "history"
"""The tables of pages: a version's tensors, a tensor's versions. The files have every number."""


@dataclass(frozen=True)
class Statistic:
    """One number of a tensor: its name in JSON and files, its heading, its meaning and format, the tables that show it.

    `is_compared` says that it stands in comparisons of versions, too.
    """

    name: str
    heading: str
    meaning: str
    format: str = "number"
    tables: tuple[str, ...] = ()
    is_compared: bool = True


STATISTICS = (
    Statistic("count", "Cells", "How many numbers the tensor has.", "count", is_compared=False),
    Statistic("mean", "Mean", "The mean of all its numbers.", tables=(VERSION,)),
    Statistic(
        "std",
        "Deviation",
        "How far the numbers are from their mean, in the square mean: the standard deviation.",
        tables=(VERSION,),
    ),
    Statistic("min", "Lowest", "The smallest number.", tables=(VERSION, HISTORY)),
    Statistic("q05", "5 %", "A twentieth of the numbers are at most this.", tables=(HISTORY,)),
    Statistic("q25", "25 %", "A quarter of the numbers are at most this.", tables=(VERSION,)),
    Statistic("median", "Median", "Half of the numbers are at most this, half at least.", tables=(VERSION, HISTORY)),
    Statistic("q75", "75 %", "Three quarters of the numbers are at most this.", tables=(VERSION,)),
    Statistic("q95", "95 %", "All but a twentieth of the numbers are at most this.", tables=(HISTORY,)),
    Statistic("max", "Highest", "The largest number.", tables=(VERSION, HISTORY)),
    Statistic(
        "norm",
        "Norm",
        "The length of the weights as one vector: the root of the sum of their squares.",
        tables=(VERSION, HISTORY),
    ),
    Statistic("zeros", "Zeros", "The share of numbers that are exactly 0.", "percent", tables=(VERSION, HISTORY)),
    Statistic(
        "not_finite",
        "Not finite",
        "How many numbers are NaN or infinite: one of them makes every output unusable.",
        "count",
    ),
    Statistic(
        "limit",
        "Limit of the heat map",
        "The size of number that the heat map shows in full colour; fewer than one in a hundred are beyond it.",
        is_compared=False,
    ),
)
NAMES = tuple(statistic.name for statistic in STATISTICS)
COMPARED = {statistic.name: statistic for statistic in STATISTICS if statistic.is_compared}

"""The numbers that are stored of every tensor, each declared once; `analysis.statistics` counts them."""

from dataclasses import dataclass

VERSION, HISTORY = "version", "history"
"""The tables of pages: a version's tensors, a tensor's versions. The files have every number."""


@dataclass(frozen=True)
class Statistic:
    """One number of a tensor: its name in JSON and files, its heading and format, and the tables that show it.

    `is_compared` says that it stands in comparisons of versions, too.
    """

    name: str
    heading: str
    format: str = "number"
    tables: tuple[str, ...] = ()
    is_compared: bool = True


STATISTICS = (
    Statistic("count", "Cells", "count", is_compared=False),
    Statistic("mean", "Mean", tables=(VERSION,)),
    Statistic("std", "Deviation", tables=(VERSION,)),
    Statistic("min", "Lowest", tables=(VERSION, HISTORY)),
    Statistic("q05", "5 %", tables=(HISTORY,)),
    Statistic("q25", "25 %", tables=(VERSION,)),
    Statistic("median", "Median", tables=(VERSION, HISTORY)),
    Statistic("q75", "75 %", tables=(VERSION,)),
    Statistic("q95", "95 %", tables=(HISTORY,)),
    Statistic("max", "Highest", tables=(VERSION, HISTORY)),
    Statistic("norm", "Norm", tables=(VERSION, HISTORY)),
    Statistic("zeros", "Zeros", "percent", tables=(VERSION, HISTORY)),
    Statistic("not_finite", "Not finite", "count"),
    Statistic("limit", "Limit of the heat map", is_compared=False),
)
NAMES = tuple(statistic.name for statistic in STATISTICS)
COMPARED = {statistic.name: statistic for statistic in STATISTICS if statistic.is_compared}

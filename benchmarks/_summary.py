"""The table at the end of `make bench`: every figure next to its goal, and next to what was committed before it."""

import json
import os
import platform
import re
import subprocess
from datetime import date
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).parent / "results"
COLLECTED = "BENCH_FIGURES"
"""The variable with the file into which a benchmark writes its figures; without it they are only printed."""
WORSE = 0.15
"""How much worse than the last committed result is reported."""
HEAD = "| benchmark | what | against | figure | goal | before |"


class Figure(NamedTuple):
    """A ratio to a peer or a limit, or a number in a unit; `goal` is what it has to reach, or to stay below."""

    benchmark: str
    what: str
    against: str
    value: float
    unit: str
    goal: float | None
    is_less_better: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it in the table."""
        return self.benchmark, self.what, self.against

    @property
    def is_met(self) -> bool:
        """Whether it reaches its goal, if it has one."""
        return self.goal is None or (self.value <= self.goal if self.is_less_better else self.value >= self.goal)


def note(
    benchmark: str,
    what: str,
    against: str,
    value: float,
    unit: str = "×",
    goal: float | None = None,
    less: bool = False,
) -> None:
    """Add a figure to the table, if one is being made; with `less` it is the better the smaller."""
    if COLLECTED in os.environ:
        figure = Figure(benchmark, what.replace("|", "/"), against, float(value), unit, goal, less)
        with Path(os.environ[COLLECTED]).open("a") as file:
            file.write(json.dumps(figure) + "\n")


def read_figures(path: Path) -> list[Figure]:
    """Return the figures that the benchmarks have written."""
    return [Figure(*json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def table_of(figures: list[Figure], before: dict[tuple[str, str, str], float]) -> str:
    """Return the figures as a table of Markdown."""
    lines = [HEAD, "|---|---|---|---|---|---|"]
    for one in figures:
        sign = "≤" if one.is_less_better else "≥"
        goal = "" if one.goal is None else f"{sign} {one.goal:g}{'' if one.is_met else ', **missed**'}"
        known = f"{before[one.key]:.4g}" if one.key in before else ""
        lines.append(f"| {' | '.join(one.key)} | {one.value:.4g} {one.unit} | {goal} | {known} |")
    return "\n".join(lines) + "\n"


def figures_of(table: str) -> dict[tuple[str, str, str], float]:
    """Return (benchmark, what, against) -> figure of such a table."""
    rows = re.findall(r"^\| ([^|]*) \| ([^|]*) \| ([^|]*) \| ([-+\d.e]+) [^|]*\|", table, re.MULTILINE)
    return {(benchmark, what, against.strip()): float(value) for benchmark, what, against, value in rows}


def regressions(figures: list[Figure], before: dict[tuple[str, str, str], float]) -> list[str]:
    """Return in a line each which figures are worse than before by more than WORSE of it."""
    found = []
    for one in figures:
        was = before.get(one.key)
        if not was:
            continue
        change = one.value / was - 1 if one.is_less_better else was / one.value - 1 if one.value else float("inf")
        if change > WORSE:
            words = " ".join(part for part in one.key if part)
            found.append(f"{words}: {one.value:.4g} {one.unit}, {change:.0%} worse than {was:.4g}")
    return found


def last_result() -> tuple[str, str]:
    """Return the name and the text of the newest committed result; both empty if there is none."""
    listed = subprocess.run(
        ["git", "ls-files", "benchmarks/results"], cwd=RESULTS.parents[1], capture_output=True, text=True, check=False
    )
    names = sorted(name for name in listed.stdout.split() if re.search(r"/\d{4}-\d\d-\d\d\.md$", name))
    if not names:
        return "", ""
    shown = subprocess.run(
        ["git", "show", f"HEAD:{names[-1]}"], cwd=RESULTS.parents[1], capture_output=True, text=True, check=True
    )
    return Path(names[-1]).stem, shown.stdout


def write_result(figures: list[Figure], failed: list[str]) -> tuple[Path, list[str]]:
    """Write benchmarks/results/<date>.md; return its path, and what has become worse since the last committed one."""
    name, text = last_result()
    before = figures_of(text)
    worse = regressions(figures, before)
    cores, load = os.cpu_count(), os.getloadavg()[0]
    lines = [
        f"# Benchmarks of {date.today().isoformat()}\n",
        f"{platform.system()} {platform.machine()}, {cores} cores, Python {platform.python_version()}.",
        f"Programs that wanted a core at the end: {load:.1f}.",
        f"*before* is {name}.\n" if name else "There is no earlier result.\n",
        table_of(figures, before),
    ]
    lines += [f"Ended badly: {', '.join(failed)}.\n"] if failed else []
    lines += ["Worse by more than 15 %:\n", *(f"- {line}" for line in worse), ""] if worse else []
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{date.today().isoformat()}.md"
    path.write_text("\n".join(lines))
    return path, worse

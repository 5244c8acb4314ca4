"""Search: the neural sampler against random search and Optuna's TPE and Gaussian process, on public tables.

    python benchmarks/search.py [--tables all] [--seeds 20] [--trials 100] [--samplers random,tpe,gp,neural]
                                [--processes 1] [--keep FILE] [--no-noise] [--together]

Printed are, after 25, 50 and 100 trials, the normalised regret (0: the table's best candidate, 1: its median) and the
mean rank among the samplers, with standard errors over the seeds; what a suggestion costs; and what the proposer does
when scores are replaced by noise. Every sampler sees the same luck: a score is that of one of the candidate's
trainings, drawn by the seed; the regret is that of the mean of them all. FCNet's levels are permuted by the seed (see
_tables.py).

A run of 100 trials costs 1 s for TPE, about 5 s for ours and 20 s for GP, so all takes hours. With --keep, runs are
added to a file and those found there are not done again; --tables takes names, or their beginnings, as in hpobench/s.
GP needs torch and scipy, which Weightbase does not: without them it is left out.
"""

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import argparse
import importlib.util
import itertools
import json
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _tables
import optuna
from optuna.distributions import CategoricalDistribution, IntDistribution

from dashboard.engine.batched import StackTraining
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.engine.training import Training
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec
from dashboard.search.proposer import FIRST, NeuralSampler
from dashboard.search.scores import ranks
from dashboard.search.together import is_quicker, on_seeds

BUDGETS = (25, 50, 100)
NOISE_TABLES = ("hpobench/segment", "fcnet/protein_structure")
NOISE_SEEDS, NOISE_TRIALS = 5, 60
TOP = 0.1


def sampler_of(name, table, seed):
    """Return a sampler as a person gets it who leaves all its settings alone."""
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed)
    if name == "gp":
        return optuna.samplers.GPSampler(seed=seed)
    counts = zip(table.settings, table.ordered, table.scores.shape, strict=False)
    space = {
        setting: IntDistribution(0, count - 1)
        if is_ordered
        else CategoricalDistribution([str(level) for level in range(count)])
        for setting, is_ordered, count in counts
    }
    return NeuralSampler(space, seed=seed)


def search(name, table, seed, trials):
    """Run one search; return its table, the candidates in order, the regret after each, each suggestion's seconds."""
    rng = np.random.default_rng([seed, 7])
    if table.name.startswith("fcnet"):
        table = table.permuted(rng)
    study = optuna.create_study(direction="maximize", sampler=sampler_of(name, table, seed))
    best, regret, regrets, places, seconds = -np.inf, 1.0, [], [], []
    for _ in range(trials):
        began = time.process_time()
        trial = study.ask()
        place = table.suggest(trial)
        seconds.append(time.process_time() - began)
        score = float(table.scores[place][rng.integers(table.scores.shape[-1])])
        if score > best:
            best, regret = score, table.regret(place)
        study.tell(trial, score)
        regrets.append(regret)
        places.append(place)
    return table, places, regrets, seconds


def run(cell):
    """Run one cell (table, seed, sampler, trials) and return what is kept of it."""
    name, seed, sampler, trials = cell
    quiet()
    _, _, regrets, seconds = search(sampler, _tables.read(name), seed, trials)
    kept = {"regret": [round(one, 6) for one in regrets], "seconds": float(np.mean(seconds[-10:]))}
    return {"table": name, "seed": seed, "sampler": sampler} | kept


def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", module="optuna")


def run_all(cells, processes, keep):
    """Run what is not in the file yet, add it there, and return all runs by (table, seed, sampler)."""
    found = {}
    if keep and keep.exists():
        for line in keep.read_text().splitlines():
            one = json.loads(line)
            found[one["table"], one["seed"], one["sampler"]] = one
    missing = [cell for cell in cells if len(found.get(cell[:3], {"regret": ()})["regret"]) < cell[3]]
    print(f"{len(cells)} searches, {len(missing)} of them to be run", flush=True)
    with ProcessPoolExecutor(processes, mp_context=get_context("forkserver")) as pool:
        for one in pool.map(run, missing) if processes > 1 else map(run, missing):
            found[one["table"], one["seed"], one["sampler"]] = one
            if keep:
                with keep.open("a") as file:
                    file.write(json.dumps(one) + "\n")
    return {cell[:3]: found[cell[:3]] for cell in cells}


def error(values):
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def regrets_of(runs, tables, seeds, sampler, budget):
    """Return the regrets after a budget, (tables, seeds)."""
    return np.array([[runs[table, seed, sampler]["regret"][budget - 1] for seed in seeds] for table in tables])


def print_regrets(runs, tables, seeds, samplers, budgets):
    print("\nNormalised regret × 1000, mean and standard error over the seeds")
    for budget in budgets:
        print(f"\n{f'after {budget} trials':<34}" + "".join(f"{name:>14}" for name in samplers))
        for table in tables:
            cells = [1000 * regrets_of(runs, [table], seeds, name, budget)[0] for name in samplers]
            print(f"{table:<34}" + "".join(f"{cell.mean():8.0f} ± {error(cell):3.0f}" for cell in cells))


def print_ranks(runs, tables, seeds, samplers, budgets):
    """Print mean ranks and regrets over all tables; the standard error is that of the seeds' means."""
    print(f"\nOver {len(tables)} tables and {len(seeds)} seeds: mean rank (1 is best), and mean regret × 1000")
    for budget in budgets:
        regrets = np.array([regrets_of(runs, tables, seeds, name, budget) for name in samplers])
        placed = np.apply_along_axis(ranks, 0, regrets).mean(axis=1)
        means = 1000 * regrets.mean(axis=1)
        print(f"after {budget} trials")
        for number, name in enumerate(samplers):
            line = f"  {name:<8} rank {placed[number].mean():.2f} ± {error(placed[number]):.2f}"
            print(f"{line}   regret {means[number].mean():4.0f} ± {error(means[number]):.0f}")
        if "neural" in samplers:
            print_differences(samplers, placed)


def print_differences(samplers, placed):
    """Print how our rank differs from each other's, seed by seed: within two standard errors is no difference."""
    own = placed[samplers.index("neural")]
    for number, name in enumerate(samplers):
        if name != "neural":
            gap = own - placed[number]
            verdict = "no difference" if abs(gap.mean()) <= 2 * error(gap) else "better" if gap.mean() < 0 else "worse"
            print(f"  neural against {name:<6} {gap.mean():+.2f} ± {error(gap):.2f} ranks: {verdict}")


def print_worse_than_random(runs, tables, seeds, budget):
    """Print on which tables our regret is more than two standard errors above random search's."""
    worse = []
    for table in tables:
        ours, random = (regrets_of(runs, [table], seeds, name, budget)[0] for name in ("neural", "random"))
        gap = ours - random
        if gap.mean() > 2 * error(gap):
            worse.append(f"{table} ({1000 * gap.mean():+.0f} ± {1000 * error(gap):.0f})")
    print(f"\nSignificantly worse than random after {budget} trials: {', '.join(worse) or 'on no table'}")


def print_cost(runs, samplers, trials):
    print(f"\nCPU time of a suggestion, mean of the last ten of {trials} trials")
    for name in samplers:
        times = [one["seconds"] for key, one in runs.items() if key[2] == name]
        print(f"  {name:<8} {1000 * np.mean(times):6.1f} ms, at most {1000 * np.max(times):.0f} ms")


def print_noise():
    """Print what the proposer does where nothing can be learnt: where it looks, and how often it hits."""
    print(f"\nScores replaced by noise, {NOISE_SEEDS} seeds of {NOISE_TRIALS} trials: shares of the proposals")
    for name in NOISE_TABLES:
        hits, edges = [], []
        for seed in range(NOISE_SEEDS):
            noise = _tables.read(name).noise(np.random.default_rng([seed, 11]))
            table, places, _, _ = search("neural", noise, seed, NOISE_TRIALS)
            least = np.quantile(table.means, 1.0 - TOP)
            counts = table.scores.shape[:-1]
            hits.append(np.mean([table.means[place] >= least for place in places[FIRST:]]))
            ends = [[level in (0, count - 1) for level, count in zip(place, counts, strict=True)] for place in places]
            edges.append(np.mean(ends[FIRST:]))
        even = np.mean([min(1.0, 2.0 / count) for count in counts])
        print(f"  {name:<26} among the best tenth {np.mean(hits):.0%} ± {error(hits):.0%} (chance {TOP:.0%})", end="")
        print(f"; at an edge {np.mean(edges):.0%} ± {error(edges):.0%} (drawn evenly {even:.0%})")


def print_together(rows=1200, count=3, runs=5):
    """Print how much less CPU time it takes to train a winner on three seeds as one stack than one after another."""
    print(f"\nA definition on {count} seeds, Adam, batch 16: CPU time one after another / as one stack")
    rng = np.random.default_rng(0)
    for sizes in ((4, 16, 3), (13, 32, 32, 3), (64, 32, 10), (64, 64, 64, 10), (64, 256, 256, 10)):
        samples = Samples(rng.normal(size=(rows, sizes[0])), rng.integers(0, sizes[-1], rows))
        layers = [LayerSpec(units, "relu") for units in sizes[1:-1]]
        training = TrainingSpec(batch_size=16, epochs=3, save="last")
        spec = NetworkSpec(sizes[0], (*layers, LayerSpec(sizes[-1], "softmax")), training)
        ratios = [alone_over_together(on_seeds(spec, range(1, count + 1)), samples) for _ in range(runs)]
        quicker = "together" if is_quicker(on_seeds(spec, range(count)), rows) else "alone"
        print(
            f"  {'-'.join(map(str, sizes)):<16} {spec.parameters:>7,} parameters {np.median(ratios):5.2f} ({quicker})"
        )


def alone_over_together(specs, samples):
    began = time.process_time()
    for spec in specs:
        network = Network(spec)
        network.initialize(spec.training.seed)
        list(Training(network, samples, None, "classification").epochs())
    alone = time.process_time() - began
    seeds, rates = zip(*((spec.training.seed, spec.training.learning_rate) for spec in specs), strict=True)
    list(StackTraining(specs[0], seeds, rates, samples, None, "classification").epochs())
    return alone / (time.process_time() - began - alone)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", default="nasbench201/cifar10,fcnet/protein_structure,hpobench/segment")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--samplers", default="random,tpe,gp,neural")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--no-noise", action="store_true")
    parser.add_argument("--together", action="store_true", help="print only what training together saves")
    options = parser.parse_args()
    if options.together:
        print_together()
        return
    quiet()
    asked = _tables.TABLES if options.tables == "all" else options.tables.split(",")
    tables = [table for table in _tables.TABLES if table.startswith(tuple(asked))]
    samplers, seeds = options.samplers.split(","), range(options.seeds)
    if "gp" in samplers and not all(importlib.util.find_spec(name) for name in ("torch", "scipy")):
        print("GP is left out: it needs torch and scipy (pip install torch scipy).")
        samplers.remove("gp")
    cells = [(*cell, options.trials) for cell in itertools.product(tables, seeds, samplers)]
    runs = run_all(cells, options.processes, options.keep)
    budgets = sorted({min(budget, options.trials) for budget in BUDGETS})
    print_regrets(runs, tables, seeds, samplers, budgets)
    print_ranks(runs, tables, seeds, samplers, budgets)
    if {"random", "neural"} <= set(samplers):
        print_worse_than_random(runs, tables, seeds, budgets[0])
    print_cost(runs, samplers, options.trials)
    if not options.no_noise:
        print_noise()


if __name__ == "__main__":
    main()

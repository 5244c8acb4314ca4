"""Times epochs of PyTorch with and without logging to a server that is lost; prints what logging makes of them.

One block of a pair logs and one does not, and which is first alternates, so that whatever else the machine does falls
on both alike. An epoch that was logged is still written to disk during the next one: so a block begins by logging, and
ends when everything is on disk. The ratios are looked at after so many pairs as LOOKS says, and it ends once the
interval of their median is on one side of the limit. Who looks more often is more often wrong by chance: so each look
has its part of the doubt only (Bonferroni), and that the interval misses the median at any of them has the chance DOUBT
at most.
"""

import json
import math
import statistics
import time
from pathlib import Path

import torch

import weightbase

LIMIT = 1.05
EPOCHS, STEPS = 2, 60
LOOKS = (12, 24, 48, 96)
DOUBT = 0.01


class Training:
    """A training of a small network, with epochs of about a tenth of a second."""

    def __init__(self):
        torch.set_num_threads(1)
        torch.manual_seed(1)
        self.model = torch.nn.Sequential(torch.nn.Linear(784, 200), torch.nn.ReLU(), torch.nn.Linear(200, 10))
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1)
        self.x, self.y = torch.randn(256, 784), torch.randint(0, 10, (256,))
        self.logged = 0

    def epoch(self):
        for _ in range(STEPS):
            self.optimizer.zero_grad()
            torch.nn.functional.cross_entropy(self.model(self.x), self.y).backward()
            self.optimizer.step()

    def log(self):
        self.logged += 1
        weightbase.log("net", self.model, {"loss": 1.0}, epoch=self.logged)

    def block(self, logs):
        """Return the seconds of a few epochs, by the clock and of this thread's processor time."""
        if logs:
            self.log()
        clock, used = time.perf_counter(), time.thread_time()
        for _ in range(EPOCHS):
            self.epoch()
            if logs:
                self.log()
        seconds = time.perf_counter() - clock, time.thread_time() - used
        while self.logged > sum(one.suffix != ".part" for one in Path(".weightbase").glob("0*")):
            time.sleep(0.01)
        return seconds


def interval(ratios):
    """Return the two ratios between which the median is, but for the doubt of one look: by the binomial distribution.

    Of n ratios fewer than k are below the true median with the chance that a coin shows fewer than k heads of n.
    """
    count, rank, chance = len(ratios), 0, 0.0
    while (chance := chance + math.comb(count, rank) / 2**count) <= DOUBT / len(LOOKS) / 2:
        rank += 1
    ordered = sorted(ratios)
    return ordered[max(0, rank - 1)], ordered[min(count - 1, count - rank)]


def main():
    training = Training()
    training.block(True)
    by_clock, of_processor = [], []
    for pair in range(LOOKS[-1]):
        blocks = {logs: training.block(logs) for logs in ((True, False) if pair % 2 else (False, True))}
        by_clock.append(blocks[True][0] / blocks[False][0])
        of_processor.append(blocks[True][1] / blocks[False][1])
        if pair + 1 in LOOKS:
            low, high = interval(by_clock)
            if high <= LIMIT or low > LIMIT:
                break
    found = {"pairs": len(by_clock), "median": statistics.median(by_clock), "low": low, "high": high}
    print(json.dumps(found | {"processor": statistics.median(of_processor)}), flush=True)


main()

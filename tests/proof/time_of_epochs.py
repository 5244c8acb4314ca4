"""Times epochs of PyTorch with and without logging to a server that is not there; prints the ratio of the medians."""

import statistics
import time

import torch

import weightbase

EPOCHS = 15
STEPS = 150


def epoch(model, optimizer, x, y):
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(784, 200), torch.nn.ReLU(), torch.nn.Linear(200, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    x, y = torch.randn(256, 784), torch.randint(0, 10, (256,))
    plain, logged = [], []
    epoch(model, optimizer, x, y)
    for number in range(EPOCHS):  # one after the other, so that a busy machine is busy for both
        begin = time.perf_counter()
        epoch(model, optimizer, x, y)
        plain.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        epoch(model, optimizer, x, y)
        weightbase.log("net", model, {"loss": 1.0}, epoch=number + 1)
        logged.append(time.perf_counter() - begin)
    print(statistics.median(logged) / statistics.median(plain))


main()

"""Tables with several targets of classes for tests: each target follows from the numbers, but for some noise."""

import io
import random

from dashboard.services.datasets import create_dataset, receive_upload
from dashboard.services.networks import create_network
from tests.unit.services.carry_out import train

HEADERS = {2: "size,colour", 3: "size,colour,risk"}
CLASSES = {"size": ["big", "small"], "colour": ["blue", "green", "red"], "risk": ["no", "yes"]}
ROWS = 120


def table(targets, rows=ROWS):
    """Return a CSV with two or three targets of classes, of 2, 3 and 2 classes, behind two numbers and a category."""
    rng = random.Random(7)
    lines = [f"a,b,shape,{HEADERS[targets]}"]
    for _ in range(rows):
        a, b, shape = rng.uniform(-2, 2), rng.uniform(-2, 2), rng.choice(["round", "flat"])
        size = "big" if a + rng.gauss(0, 0.3) > 0.4 else "small"
        colour = "red" if b > 0.7 else "green" if b > -0.5 else "blue"
        risk = "yes" if (shape == "round") != (rng.random() < 0.1) else "no"
        own = [size, colour, risk][:targets]
        lines.append(f"{a:.3f},{b:.3f},{shape},{','.join(own)}")
    return "\n".join(lines) + "\n"


def choices(targets, **more):
    """Return what a person chooses of it: the first target, and the others as further ones."""
    first, *others = HEADERS[targets].split(",")
    return {"target": first, "kinds": dict.fromkeys(others, "target"), "validation": 0.2, "test": 0.2} | more


def trained_version(workspace, targets=3, name="groups"):
    """Train a network on the table in this process; it and its dataset are called `name`."""
    upload = receive_upload(workspace, io.BytesIO(table(targets).encode()), "table.csv")
    create_dataset(workspace, upload, choices(targets, name=name))
    training = {"loss": "binary_cross_entropy", "learning_rate": 0.05, "epochs": 12, "batch_size": 8, "save": "6"}
    definition = {"layers": [{"units": 8, "activation": "tanh"}], "output": {"activation": "sigmoid"}}
    create_network(workspace, {"name": name, "dataset": name, "training": training, **definition})
    train(workspace, name, {})

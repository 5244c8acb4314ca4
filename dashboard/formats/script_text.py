"""The program that a network becomes: plain NumPy, computing as the engine here does, to the bit.

Its formulas are those of `engine/activations.py`, and blocks of 1,024 records, each as a batch of one, those of
`Network.predict`: other ways to add the same numbers give other last digits.
"""

from dashboard.formats.description import Description, chain_of, own_facts

PROGRAM = '''#!/usr/bin/env python3
"""A network as a program: predicts the records of a CSV file. Needs Python 3.9 and NumPy, nothing else.

    python @FILE@ records.csv            writes the answers as CSV, one line for each record

It was written by Weightbase. Inputs are the columns by their names; parts of dates are columns of their own.
"""

import base64
import csv
import json
import pathlib
import sys

import numpy as np

ABOUT = json.loads(
    @ABOUT@
)
LAYERS = ABOUT["spec"]["layers"]
PREPROCESSING = ABOUT["preprocessing"]
DTYPE = np.dtype(ABOUT["spec"]["training"]["dtype"])
BLOCK = 1024
HALF, ONE, ZERO = np.float32(0.5), np.float32(1.0), np.float32(0.0)
MISSING = @MISSING@


def sigmoid(z):
    return np.tanh(z * HALF) * HALF + HALF


def gelu(z):
    inner = 0.7978845608028654 * (z + 0.044715 * z * z * z)
    return z * ((np.tanh(inner) + ONE) * HALF)


def softmax(z):
    z = np.exp(z - np.maximum.reduce(z, axis=-1, keepdims=True))
    return z / np.add.reduce(z, axis=-1, keepdims=True)


ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, np.zeros_like(z)),
    "leaky_relu": lambda z: np.maximum(z, z * 0.01),
    "elu": lambda z: np.maximum(z, ZERO) + np.expm1(np.minimum(z, ZERO)),
    "gelu": gelu,
    "silu": lambda z: z * sigmoid(z),
    "softplus": lambda z: np.maximum(z, ZERO) + np.log1p(np.exp(-np.absolute(z))),
    "softmax": softmax,
}


@TENSORS@


def predict(inputs):
    """Return the outputs, (records, outputs), for inputs that are scaled already, each record by itself."""
    inputs, weights = np.asarray(inputs, DTYPE), tensors()
    outputs = np.empty((len(inputs), LAYERS[-1]["units"]), DTYPE)
    for start in range(0, len(inputs), BLOCK):
        values = inputs[start : start + BLOCK, None, :]
        for number, layer in enumerate(LAYERS, 1):
            values = values @ weights["layer_%02d.weight" % number].astype(DTYPE)
            if layer["bias"]:
                np.add(values, weights["layer_%02d.bias" % number].astype(DTYPE), out=values)
            values = ACTIVATIONS[layer["activation"]](values)
        outputs[start : start + BLOCK] = values[:, 0]
    return outputs


def number_of(column, text):
    text = text.strip()
    if text.lower() in MISSING:
        if not column["may_miss"]:
            raise SystemExit("%s: a value is needed" % column["name"])
        return column["fill"]
    if text in column.get("words", ()):
        return float(column["words"].index(text))
    try:
        return float(text)
    except ValueError:
        raise SystemExit("%s: %r is no number" % (column["name"], text))


def levels_of(column, text):
    text = text.strip()
    if text not in column["levels"] and text.lower() in MISSING and column["may_miss"]:
        text = column["fill"]
    if text not in column["levels"]:
        raise SystemExit("%s: %r is none of %s" % (column["name"], text, ", ".join(column["levels"])))
    return [float(text == level) for level in column["levels"]]


def encode(rows):
    """Return scaled inputs, (records, inputs), for records that map columns to texts."""
    encoded = []
    for row in rows:
        line = [number_of(one, row[one["name"]]) * one["scale"] + one["offset"] for one in PREPROCESSING["numeric"]]
        for column in PREPROCESSING["categorical"]:
            line += levels_of(column, row[column["name"]])
        for name in PREPROCESSING["indicators"]:
            line.append(float(is_missing(row, name)))
        encoded.append(line)
    return np.array(encoded, np.float64).reshape(len(rows), ABOUT["spec"]["inputs"])


def is_missing(row, name):
    known = [level for one in PREPROCESSING["categorical"] if one["name"] == name for level in one["levels"]]
    parts = [part for date in PREPROCESSING["dates"] if date["name"] == name for part in date["parts"]]
    text = row["%s.%s" % (name, parts[0]) if parts else name].strip()
    return text.lower() in MISSING and text not in known


def answers(outputs):
    """Return the heads and the lines of the answers: classes with the outputs, or numbers in their own unit."""
    p = PREPROCESSING
    if p.get("groups"):  # several targets of classes: in each group of outputs the largest one is the answer
        heads, labels, start = [], [], 0
        for one in p["groups"]:
            codes = np.argmax(outputs[:, start : start + len(one["classes"])], axis=1)
            heads.append("prediction.%s" % one["name"])
            labels.append([one["classes"][code] for code in codes])
            start += len(one["classes"])
        return heads + p["classes"], [list(own) + line for *own, line in zip(*labels, outputs.astype(float).tolist())]
    if p["task"] == "regression":
        targets = p["targets"] or [{"name": "prediction", "scale": p["target_scale"], "offset": p["target_offset"]}]
        values = [(outputs[:, i].astype(float) - one["offset"]) / one["scale"] for i, one in enumerate(targets)]
        return [one["name"] for one in targets], np.stack(values, axis=1).tolist()
    if outputs.shape[1] == 1:
        codes = (outputs[:, 0] > (p["low"] + p["high"]) / 2.0).astype(int)
    else:
        codes = np.argmax(outputs, axis=1)
    heads = ["prediction"] + (p["classes"] if outputs.shape[1] > 1 else ["output"])
    return heads, [[p["classes"][code]] + line for code, line in zip(codes, outputs.astype(float).tolist())]


def main(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    heads, lines = answers(predict(encode(rows)))
    writer = csv.writer(sys.stdout, lineterminator="\\n")
    writer.writerows([heads] + lines)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
'''


INLINE = '''def tensors():
    """Return the weights by name, as they are in the version; bfloat16 as float32, which holds it exactly."""
    return {name: array(*WEIGHTS[name]) for name in WEIGHTS}


def array(kind, shape, text):
    raw = np.frombuffer(base64.b85decode(text), "<u2" if kind == "bfloat16" else np.dtype(kind).newbyteorder("<"))
    if kind == "bfloat16":
        raw = (raw.astype("<u4") << np.uint32(16)).view("<f4")
    return raw.reshape(shape)


WEIGHTS = {
@DATA@}'''
NEXT_TO = '''def tensors():
    """Return the weights by name, from the file next to this program; bfloat16 as float32, which holds it exactly."""
    read = np.load
    with read(pathlib.Path(__file__).with_name("@WEIGHTS@"), allow_pickle=False) as file:
        return {name: file[name] for name in ABOUT["tensors"]}'''


def program_text(description: Description, format_name: str, file_name: str, weights: str = "") -> str:
    """Return the program of a version up to its weights, or whole if they are in the file `weights` next to it."""
    about = own_facts(description, format_name, chain_of(description))
    tensors = NEXT_TO.replace("@WEIGHTS@", weights) if weights else INLINE
    parts = {"FILE": file_name, "MISSING": repr(tuple(description.missing_words)), "TENSORS": tensors}
    text = PROGRAM
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text.replace("@ABOUT@", repr(about))  # last: what people typed is in it

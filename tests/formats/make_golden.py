"""Makes the golden files: small files of weights by the real frameworks, and the truth about each.

Run in an environment with the packages of requirements-proof.txt: `python tests/formats/make_golden.py`. The truth
(`truth.json`) is what the framework itself said: names, types, shapes and the SHA-256 of every tensor's little-endian
bytes in C order. No reader of ours has a part in it.
"""

import hashlib
import json
import os
import shutil
import sys
import warnings
import zipfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

import joblib
import keras
import ml_dtypes
import numpy as np
import onnx
import safetensors.numpy
import safetensors.torch
import skops.io
import torch
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier, MLPRegressor

FOLDER = Path(__file__).parent / "golden"
NAN_BITS = np.array([0x7F800001, 0xFFC12345, 0x80000000, 0x00000001, 0x7FC00000, 0xFF800000], "<u4")
WIDENED = {"float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"}
truth = {}


def facts(tensor):
    """Return [type here, type there, shape, SHA-256 of the bytes] of a tensor of torch or an array of numpy."""
    if isinstance(tensor, torch.Tensor):
        tensor = tensor.detach().contiguous()
        source, shape = str(tensor.dtype).removeprefix("torch."), list(tensor.shape)
        if source in WIDENED:
            return ["float16", source, *facts(tensor.to(torch.float16))[2:]]
        data = tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
        return [source, source, shape, hashlib.sha256(data).hexdigest()]
    array = np.asarray(tensor)
    source = array.dtype.newbyteorder("=").name
    if source in WIDENED:
        return ["float16", source, *facts(array.astype(np.float16))[2:]]
    little = array.astype(array.dtype.newbyteorder("<")) if array.dtype.byteorder == ">" else array
    return [source, source, list(array.shape), hashlib.sha256(little.tobytes()).hexdigest()]


def keep(file, form, tensors, optimizer=None, skipped=()):
    """Write down what this file holds."""
    truth[file] = {
        "format": form,
        "tensors": {name: facts(tensor) for name, tensor in tensors.items()},
        "optimizer": {name: facts(tensor) for name, tensor in (optimizer or {}).items()},
        "skipped": sorted(skipped),
    }


def refuse(file, reason):
    """Write down that this file must be refused, and a word of the reason."""
    truth[file] = {"refused": reason}


# ---------------------------------------------------------------- PyTorch


class Mixed(torch.nn.Module):
    """One layer of each common kind."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 3, 3)
        self.norm = torch.nn.BatchNorm2d(3)
        self.fc1 = torch.nn.Linear(8, 6)
        self.slope = torch.nn.PReLU()
        self.lstm = torch.nn.LSTM(3, 4)
        self.words = torch.nn.Embedding(5, 3)


def mlp():
    return torch.nn.Sequential(torch.nn.Linear(8, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))


def every_type():
    """Return tensors of every type that tables hold, and of every form in which they may lie in a file."""
    base = torch.arange(48, dtype=torch.float32).reshape(6, 8) / 7
    return {
        "f64": torch.randn(3, 4, dtype=torch.float64),
        "f32": torch.randn(3, 4),
        "f16": torch.randn(3, 4).half(),
        "bf16": torch.randn(3, 4).bfloat16(),
        "i64": torch.tensor([-(2**63), 2**63 - 1]),
        "i32": torch.tensor([-5, 7], dtype=torch.int32),
        "i16": torch.tensor([-5, 7], dtype=torch.int16),
        "i8": torch.tensor([-5, 7], dtype=torch.int8),
        "u8": torch.tensor([5, 250], dtype=torch.uint8),
        "u16": torch.tensor([65535, 1], dtype=torch.uint16),
        "u32": torch.tensor([2**32 - 1, 1], dtype=torch.uint32),
        "u64": torch.tensor([2**63, 1], dtype=torch.uint64),
        "bool": torch.tensor([True, False]),
        "f8_e4": torch.randn(4, 4).to(torch.float8_e4m3fn),
        "f8_e5": torch.randn(4, 4).to(torch.float8_e5m2),
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 5),
        "rank_5": torch.randn(2, 1, 3, 1, 2),
        "parameter": torch.nn.Parameter(torch.randn(2, 2)),
        "nan": torch.from_numpy(NAN_BITS.view(np.float32).copy()),
        "turned": base.t(),
        "strided": base[::2, 1:4],
        "offset": base[3],
        "expanded": torch.ones(1, 3).expand(4, 3),
        "shared_a": base,
        "shared_b": base,
    }


def torch_files():
    """Write files of PyTorch: ZIP and legacy, bare and in a checkpoint."""
    torch.manual_seed(0)
    state = Mixed().state_dict()
    for file, as_zip in (("state_dict.pt", True), ("legacy.pth", False)):
        torch.save(state, FOLDER / file, _use_new_zipfile_serialization=as_zip)
        keep(file, "pytorch", state)
    every = every_type()
    torch.save(every, FOLDER / "every_type.pt")
    keep("every_type.pt", "pytorch", every)
    older = {name: tensor for name, tensor in every.items() if name not in ("u16", "u32", "u64", "f8_e4", "f8_e5")}
    torch.save(older, FOLDER / "every_type_legacy.pt", _use_new_zipfile_serialization=False)
    keep("every_type_legacy.pt", "pytorch", older)
    network = mlp()
    torch.save(network.state_dict(), FOLDER / "mlp.pt")
    keep("mlp.pt", "pytorch", network.state_dict())
    torch.save({f"module.{name}": tensor for name, tensor in network.state_dict().items()}, FOLDER / "parallel.pt")
    keep("parallel.pt", "pytorch", network.state_dict())
    torch.save({"c": torch.ones(2, dtype=torch.complex64), "w": torch.ones(2)}, FOLDER / "complex.pt")
    keep("complex.pt", "pytorch", {"w": torch.ones(2)}, skipped=["c"])
    torch_checkpoints(network)
    torch.save(torch.nn.Linear(2, 2), FOLDER / "whole_module.pt")
    refuse("whole_module.pt", "program")
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(FOLDER / "script.pt"))
    refuse("script.pt", "TorchScript")


def torch_checkpoints(network):
    """Write a checkpoint as PyTorch's tutorial has it, and one as Lightning writes it, both after a step."""
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9)
    network(torch.ones(4, 8)).square().mean().backward()
    optimizer.step()
    model, state = network.state_dict(), optimizer.state_dict()
    for file, as_zip in (("checkpoint.pt", True), ("checkpoint_legacy.tar", False)):
        whole = {"epoch": 7, "model_state_dict": model, "optimizer_state_dict": state, "loss": 0.5, "accuracy": 0.75}
        torch.save(whole, FOLDER / file, _use_new_zipfile_serialization=as_zip)
        keep(file, "pytorch", model, moments("optimizer_state_dict", state))
    lightning = {
        "epoch": 3,
        "global_step": 40,
        "pytorch-lightning_version": "2.6.6",
        "state_dict": {f"model.{name}": tensor for name, tensor in model.items()},
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.25)}},
        "optimizer_states": [state],
        "lr_schedulers": [],
    }
    torch.save(lightning, FOLDER / "lightning.ckpt")
    left = {**moments("optimizer_states.0", state)}
    left["callbacks.ModelCheckpoint.best_model_score"] = torch.tensor(0.25)
    keep("lightning.ckpt", "pytorch", lightning["state_dict"], left)


def moments(prefix, state):
    return {
        f"{prefix}.state.{index}.{name}": tensor
        for index, values in state["state"].items()
        for name, tensor in values.items()
    }


# ---------------------------------------------------------------- Keras


def keras_tensors(model):
    """Return each weight by the path that Keras gives it, less the name of the model itself."""
    return {weight.path.removeprefix(model.name + "/"): weight.value for weight in model.weights}


def keras_optimizer(model, form):
    """Return the optimizer's tensors, named as the kind of file names them."""
    if form == "legacy":
        return {f"optimizer_weights/{value.path}": value.value for value in model.optimizer.variables}
    return {f"optimizer/vars/{index}": value.value for index, value in enumerate(model.optimizer.variables)}


def fitted(layers, name):
    """Return a network of these layers after one step, so that its optimizer has moments."""
    model = keras.Sequential(layers, name=name)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    model.fit(np.linspace(0, 1, 32).reshape(4, 8), np.eye(3)[[0, 1, 2, 0]], epochs=1, verbose=0)
    return model


def keras_save(model, stem, endings):
    """Save a model in forms of Keras' files."""
    has_optimizer = getattr(model, "optimizer", None) is not None
    for ending in endings:
        save = model.save_weights if ending == "weights.h5" else model.save
        save(FOLDER / f"{stem}.{ending}")
        optimizer = keras_optimizer(model, "legacy" if ending == "h5" else "vars") if has_optimizer else {}
        keep(f"{stem}.{ending}", "keras" if ending == "keras" else "hdf5", keras_tensors(model), optimizer)


def keras_files():
    """Write files of Keras: plain, nested, recurrent, and in half and mixed precision."""
    layers = keras.layers
    keras.utils.set_random_seed(1)
    plain = [
        keras.Input((8,)),
        layers.Dense(6, activation="relu", name="hidden"),
        layers.Dense(3, activation="softmax"),
    ]
    keras_save(fitted(plain, "plain"), "plain", ("keras", "h5"))
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(5, activation="tanh", name="d1")], name="inner")
    nested = [keras.Input((6,)), inner, layers.BatchNormalization()]
    keras_save(keras.Sequential(nested, name="nested"), "nested", ("keras", "h5"))
    recurrent = [keras.Input((7, 4)), layers.LSTM(3), layers.Dense(3, use_bias=False)]
    keras_save(keras.Sequential(recurrent, name="recurrent"), "recurrent", ("weights.h5",))
    half = [layers.Dense(3, dtype="bfloat16"), layers.Dense(2, dtype="mixed_float16")]
    keras_save(keras.Sequential([keras.Input((4,)), *half], name="half"), "half", ("keras",))


# ---------------------------------------------------------------- ONNX


def onnx_save(file, nodes, initializers, outputs=3, inputs=8, functions=(), opset=21):
    """Write a model of these nodes from x (n, inputs) to y (n, outputs)."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", outputs])],
        initializers,
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ours", 1)]
    model = helper.make_model(graph, opset_imports=imports, functions=list(functions), producer_name="golden")
    onnx.save(model, FOLDER / file)


def onnx_files():
    """Write files by the onnx package and by PyTorch's exporter."""
    rng = np.random.default_rng(2)
    first, bias, second = (rng.normal(size=shape).astype("f4") for shape in ((6, 8), (6,), (6, 3)))
    nodes = [
        helper.make_node("Gemm", ["x", "fc1.weight", "fc1.bias"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Constant", [], ["fc2"], value=numpy_helper.from_array(second)),
        helper.make_node("MatMul", ["r", "fc2"], ["z"]),
        helper.make_node("Softmax", ["z"], ["y"]),
    ]
    onnx_save(
        "gemm.onnx", nodes, [numpy_helper.from_array(first, "fc1.weight"), numpy_helper.from_array(bias, "fc1.bias")]
    )
    keep("gemm.onnx", "onnx", {"fc1.weight": first, "fc1.bias": bias, "fc2": second})
    onnx_types(rng, first)
    onnx_branches(first, bias)
    network = mlp()
    torch.onnx.export(network, (torch.zeros(1, 8),), FOLDER / "exported.onnx", dynamo=False)
    keep("exported.onnx", "onnx", network.state_dict())
    program = torch.onnx.export(network, (torch.zeros(1, 8),), dynamo=True, verbose=False)
    program.save(FOLDER / "exported_program.onnx", external_data=False)
    keep("exported_program.onnx", "onnx", network.state_dict())


def onnx_types(rng, first):
    """Write every type as raw bytes and as typed fields, and those that no table holds."""
    arrays = {
        name: (rng.normal(size=(2, 3)) * 50).astype(kind)
        for name, kind in (("f32", "f4"), ("f64", "f8"), ("f16", "f2"), ("i8", "i1"), ("i16", "i2"), ("i32", "i4"))
    }
    arrays |= {"i64": np.array([2**53 + 1, -(2**63)]), "u64": np.array([2**64 - 1], "u8"), "b": np.array([True, False])}
    arrays |= {"u8": np.array([255], "u1"), "u16": np.array([65535], "u2"), "u32": np.array([2**32 - 1], "u4")}
    arrays |= {"bf16": np.array([1.5, -2], ml_dtypes.bfloat16), "nan": NAN_BITS.view("f4"), "scalar": np.float32(2.5)}
    arrays |= {"e4": np.array([1.5, -2], ml_dtypes.float8_e4m3fn), "e5": np.array([1.5, -2], ml_dtypes.float8_e5m2)}
    arrays |= {"empty": np.zeros((0, 3), "f4")}
    raw = [numpy_helper.from_array(np.asarray(array), f"raw.{name}") for name, array in arrays.items()]
    typed = [
        helper.make_tensor(f"typed.{name}", tensor.data_type, tensor.dims, np.asarray(array).reshape(-1).tolist())
        for (name, array), tensor in zip(arrays.items(), raw, strict=True)
        if name not in ("nan",)
    ]
    odd = [
        helper.make_tensor("int4", TensorProto.INT4, [4], [1, -2, 3, 4]),
        helper.make_tensor("text", TensorProto.STRING, [1], [b"hello"]),
        helper.make_tensor("complex", TensorProto.COMPLEX64, [1], [1 + 2j]),
    ]
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    onnx_save("types.onnx", nodes, [*raw, *typed, *odd, numpy_helper.from_array(first, "w")], outputs=8)
    tensors = {f"raw.{name}": array for name, array in arrays.items()} | {"w": first}
    tensors |= {f"typed.{name}": array for name, array in arrays.items() if name not in ("nan",)}
    keep("types.onnx", "onnx", tensors, skipped=["int4", "text", "complex"])


def onnx_branches(first, bias):
    """Write a model with an If, a function, and constants given as numbers."""
    inside = [helper.make_node("Constant", [], ["scale"], value=numpy_helper.from_array(bias)),
              helper.make_node("Mul", ["a", "scale"], ["b"])]  # fmt: skip
    function = helper.make_function("ours", "Scale", ["a"], ["b"], inside, [helper.make_opsetid("", 21)])
    branches = {
        f"{name}_branch": helper.make_graph(
            [helper.make_node("Add", ["s", "shift"], [f"{name}_y"])],
            name,
            [],
            [helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, ["n", 6])],
            [numpy_helper.from_array(bias + number, "shift")],
        )
        for number, name in enumerate(("then", "else"))
    }
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["h"], transB=1),
        helper.make_node("Scale", ["h"], ["s"], domain="ours"),
        helper.make_node("Constant", [], ["yes"], value_ints=[1, 0]),
        helper.make_node("Constant", [], ["floats"], value_floats=[0.5, 0.25]),
        helper.make_node("Constant", [], ["flag"], value=numpy_helper.from_array(np.array(True))),
        helper.make_node("If", ["flag"], ["y"], name="choice", **branches),
    ]
    onnx_save("branches.onnx", nodes, [numpy_helper.from_array(first, "w")], outputs=6, functions=[function])
    tensors = {"w": first, "yes": np.array([1, 0]), "floats": np.array([0.5, 0.25], "f4"), "flag": np.array(True)}
    tensors |= {"choice/then_branch/shift": bias, "choice/else_branch/shift": bias + 1, "ours.Scale/scale": bias}
    keep("branches.onnx", "onnx", tensors)


# ---------------------------------------------------------------- safetensors, NumPy, scikit-learn


def array_files():
    """Write files of safetensors and NumPy."""
    torch.manual_seed(3)
    views = ("turned", "strided", "offset", "expanded", "shared_b")
    every = {name: value.detach().contiguous() for name, value in every_type().items() if name not in views}
    safetensors.torch.save_file(every, FOLDER / "every_type.safetensors", metadata={"format": "pt"})
    keep("every_type.safetensors", "safetensors", every)
    rng = np.random.default_rng(4)
    arrays = {
        "w1": rng.normal(size=(5, 4)),
        "fortran": np.asfortranarray(rng.normal(size=(5, 4)).astype("f4")),
        "big_endian": rng.normal(size=(3,)).astype(">f8"),
        "big_endian_turned": np.asfortranarray(rng.normal(size=(2, 3)).astype(">i4")),
        "nan": NAN_BITS.view("f4"),
        "i": np.arange(4),
        "b": np.array([True, False]),
        "empty": np.zeros((0, 3)),
        "scalar": np.float32(2.5),
    }
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items() if "big" not in name}
    safetensors.numpy.save_file(plain, FOLDER / "numpy.safetensors")
    keep("numpy.safetensors", "safetensors", plain)
    np.savez(FOLDER / "plain.npz", **arrays)
    keep("plain.npz", "npz", arrays)
    np.savez_compressed(FOLDER / "packed.npz", **arrays, words=np.array(["a", "bc"]))
    keep("packed.npz", "npz", arrays, skipped=["words"])
    np.save(FOLDER / "one.npy", arrays["fortran"])
    keep("one.npy", "npy", {"one": arrays["fortran"]})
    np.savez(FOLDER / "objects.npz", a=np.array([{}], object))
    refuse("objects.npz", "object")


def sklearn_files():
    """Write networks of scikit-learn, by skops and as programs."""
    inputs, targets = load_iris(return_X_y=True)
    names = np.array(["a", "b", "c"])[targets]
    classifier = MLPClassifier(hidden_layer_sizes=(5, 4), max_iter=5, random_state=0, early_stopping=True).fit(
        inputs, names
    )
    regressor = MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", max_iter=5, random_state=0).fit(
        inputs[:, :3], inputs[:, 3]
    )
    for file, model in (("classifier.skops", classifier), ("regressor.skops", regressor)):
        skops.io.dump(model, FOLDER / file, compression=zipfile.ZIP_DEFLATED, compresslevel=9)
        tensors = {f"coefs_.{index}": array for index, array in enumerate(model.coefs_)}
        tensors |= {f"intercepts_.{index}": array for index, array in enumerate(model.intercepts_)}
        keep(file, "skops", tensors)
        truth[file] |= {"optimizer": None, "skipped": None}  # what else is in it changes with each release
    joblib.dump(classifier, FOLDER / "classifier.joblib", compress=3)
    refuse("classifier.joblib", "program")


def as_text(whole):
    """Return the truth as JSON, a line for each tensor, so that a change can be read."""
    files = []
    for file, about in whole.items():
        parts = []
        for key, value in about.items():
            lines = (
                [f"  {json.dumps(name)}: {json.dumps(what)}" for name, what in value.items()]
                if value and isinstance(value, dict)
                else []
            )
            parts.append(f" {json.dumps(key)}: " + ("{\n" + ",\n".join(lines) + "}" if lines else json.dumps(value)))
        files.append(json.dumps(file) + ": {\n" + ",\n".join(parts) + "}")
    return "{\n" + ",\n".join(files) + "}\n"


def main():
    """Write every file and the truth, and say how much it is."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for write in (torch_files, keras_files, onnx_files, array_files, sklearn_files):
        write()
    (FOLDER / "truth.json").write_text(as_text(truth))
    sizes = {path.name: path.stat().st_size for path in sorted(FOLDER.iterdir())}
    sys.stdout.write("".join(f"{size:9,} {name}\n" for name, size in sizes.items()) + f"{sum(sizes.values()):9,}\n")


if __name__ == "__main__":
    main()

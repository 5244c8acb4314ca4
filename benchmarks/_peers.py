"""The same network in TensorBoard, MLflow and Datasette: run by the Python of an environment that has all three.

`python _peers.py FOLDER` reads FOLDER/versions.npz (metrics and tensors of each version) and writes what each of them
shows; `benchmarks/browser.py` starts them on it.
"""

import sqlite3
import sys
from pathlib import Path

import numpy as np


def main() -> None:
    folder = Path(sys.argv[1])
    with np.load(folder / "versions.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    metrics = {name: values for name, values in arrays.items() if values.ndim == 1}
    tensors = {name: values for name, values in arrays.items() if values.ndim == 3}
    for_tensorboard(folder / "tensorboard", metrics, tensors)
    for_mlflow(folder, metrics)
    for_datasette(folder / "datasette.db", metrics, tensors)


def for_tensorboard(folder: Path, metrics: dict, tensors: dict) -> None:
    """Log scalars and histograms, as `SummaryWriter.add_histogram` of training scripts does."""
    from tensorboard.compat.proto.event_pb2 import Event  # noqa: PLC0415
    from tensorboard.plugins.histogram.summary_v2 import histogram_pb as histogram  # noqa: PLC0415
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb as scalar  # noqa: PLC0415
    from tensorboard.summary.writer.event_file_writer import EventFileWriter  # noqa: PLC0415

    writer = EventFileWriter(str(folder / "run"))
    for number in range(len(next(iter(metrics.values())))):
        for name, values in metrics.items():
            writer.add_event(Event(step=number + 1, summary=scalar(name, float(values[number]))))
        for name, values in tensors.items():
            writer.add_event(Event(step=number + 1, summary=histogram(name, values[number])))
    writer.close()


def for_mlflow(folder: Path, metrics: dict) -> None:
    """Log a run with its metrics at each step."""
    import mlflow  # noqa: PLC0415

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment("book")
    with mlflow.start_run(run_name="book") as run:
        for name, values in metrics.items():
            for number, value in enumerate(values.tolist(), 1):
                mlflow.log_metric(name, value, step=number)
    (folder / "mlflow.txt").write_text(f"/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}")


def for_datasette(path: Path, metrics: dict, tensors: dict) -> None:
    """Write a table of versions, and a table of each version's weights."""
    with sqlite3.connect(path) as base:
        names = list(metrics)
        base.execute(
            f"create table versions (version integer primary key, {', '.join(f'{name} real' for name in names)})"
        )
        rows = np.column_stack([metrics[name] for name in names]).tolist()
        marks = ", ".join("?" * (len(names) + 1))
        base.executemany(f"insert into versions values ({marks})", [[place, *row] for place, row in enumerate(rows, 1)])
        for name, versions in tensors.items():
            for number, values in enumerate(versions, 1):
                table = f"{name.replace('.', '_')}_v{number}"
                columns = ", ".join(f"c{column} real" for column in range(values.shape[1]))
                base.execute(f"create table {table} ({columns})")
                marks = ", ".join("?" * values.shape[1])
                base.executemany(f"insert into {table} values ({marks})", values.astype(float).tolist())


if __name__ == "__main__":
    main()

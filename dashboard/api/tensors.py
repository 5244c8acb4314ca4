"""Tensors: a window of cells, or the whole table, as JSON, CSV or .npy; and the distribution of its weights."""

from typing import IO

from flask import Blueprint, Response, abort

from dashboard.api.answers import file_answer, is_known, json_answer, tagged, unchanged
from dashboard.api.query import given, read_query
from dashboard.api.shapes import window_json
from dashboard.http import etag_of, workspace
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.versions import tensors as service
from dashboard.services.versions.analyses import tensor_distribution

blueprint = Blueprint("tensors", __name__)

TENSOR = "/networks/<network>/versions/<number:version>/tensors/<tensor:tensor>"
PROVEN = "Weightbase-Proven"
"""The header of a CSV that says whether its cells were compared with what was saved: yes or no."""
WINDOW = ("row", "column", "rows", "columns")


@blueprint.get(TENSOR + ".json")
def get_tensor_json(network: str, version: int, tensor: str) -> Response:
    """Answer a window of a tensor's table, by default its first 50 rows and 20 columns."""
    owner, info, etag = _find(network, version, tensor)
    place = read_query(*WINDOW)
    return tagged(json_answer(window_json(service.window(workspace(), owner, info, *place))), etag)


@blueprint.get(TENSOR + ".csv")
def get_tensor_csv(network: str, version: int, tensor: str) -> Response:
    """Answer the whole table as CSV, or a window of it, with row numbers, if the query names one."""
    owner, info, etag = _find(network, version, tensor)
    *place, header = read_query(*WINDOW, "header")
    if given(WINDOW):
        window = service.window(workspace(), owner, info, *place)
        file: IO[bytes] | bytes = service.window_csv(window, header == "yes").encode()
        is_proven = window.is_proven
    else:
        file, is_proven = service.tensor_csv(workspace(), owner, info, header == "yes"), True
    answer = file_answer(file, "text/csv", _file_name(owner, info, "csv"), etag)
    answer.headers[PROVEN] = "yes" if is_proven else "no"
    return answer


@blueprint.get(TENSOR + ".npy")
def get_tensor_npy(network: str, version: int, tensor: str) -> Response:
    """Answer a tensor as a .npy file."""
    owner, info, etag = _find(network, version, tensor)
    content = service.tensor_npy(workspace(), owner, info)
    return file_answer(content, "application/octet-stream", _file_name(owner, info, "npy"), etag)


@blueprint.get(TENSOR + "/distribution")
def get_distribution(network: str, version: int, tensor: str) -> Response:
    """Answer how many weights are in each of `bins` equal bins."""
    owner, info, etag = _find(network, version, tensor)
    bins, limits = read_query("bins", "limits")
    spread = tensor_distribution(workspace(), owner, info, bins, limits)
    about = {"version": owner.reference, "tensor": info.name, "bins": bins, "limits": limits}
    numbers = {name: values[0] for name, values in spread.to_json().items() if name != "edges"}
    return tagged(json_answer(about | {"edges": spread.edges.tolist()} | numbers), etag)


def _find(network: str, version: int, tensor: str) -> tuple[Version, TensorInfo, str]:
    """Return the version, the tensor, and the etag of answers about them; answers 304 to a client that has it."""
    owner, info = service.find_tensor(workspace(), network, version, tensor)
    etag = etag_of(owner.id, info.sha256, info.dtype, info.shape)
    if is_known(etag):
        abort(unchanged(etag))
    return owner, info, etag


def _file_name(version: Version, tensor: TensorInfo, suffix: str) -> str:
    return service.file_name(tensor.key(version.slug, version.number)) + f"_v{version.number:04d}.{suffix}"

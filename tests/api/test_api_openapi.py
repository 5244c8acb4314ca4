"""The OpenAPI document is valid, and says all that there is and nothing else."""

import dataclasses
import re
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from dashboard.api.descriptions import OPERATIONS, PATH
from dashboard.api.openapi import api_rules
from dashboard.api.query import PARAMETERS
from dashboard.api.schemas import DATASET_UPLOAD, DEFINITION, SCHEMAS, TRAINING
from dashboard.data.formats import IMPORT_SETTINGS
from dashboard.data.specification import SPEC_FIELDS
from dashboard.records.training import TrainingSpec
from dashboard.services.networks import KNOWN_FIELDS


def references(node):
    """Yield the names of all schemas that are referred to."""
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].removeprefix("#/components/schemas/")
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_document_is_valid_openapi_3_1(client):
    document = client.get("/api/v1/openapi.json")
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_every_view_is_described_and_every_description_has_its_view(app):
    assert {rule.endpoint.removeprefix("api.") for rule in api_rules(app)} == set(OPERATIONS)


def test_every_route_under_the_prefix_is_in_the_document(app, client):
    document = client.get("/api/v1/openapi.json")
    documented = {
        (path.replace("{", "<").replace("}", ">"), method)
        for path, item in document["paths"].items()
        for method in item
    }
    served = set()
    for rule in app.url_map.iter_rules():
        if (rule.rule.startswith("/api/") or rule.rule == "/healthy") and not rule.endpoint.startswith("api_unknown."):
            bare = rule.rule.replace("number:", "").replace("tensor:", "").replace("suffix:", "")
            served |= {(bare, method.lower()) for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert documented == served


def test_every_schema_and_parameter_is_used(client):
    document = client.get("/api/v1/openapi.json")
    assert set(references(document)) == set(SCHEMAS)
    used = {
        parameter["name"]
        for item in document["paths"].values()
        for op in item.values()
        for parameter in op["parameters"]
    }
    assert used == set(PATH) | set(PARAMETERS)


def test_operation_ids_are_unique_and_every_summary_is_a_sentence(client):
    operations = [op for item in client.get("/api/v1/openapi.json")["paths"].values() for op in item.values()]
    assert len({op["operationId"] for op in operations}) == len(operations)
    assert all(op["summary"].endswith(".") for op in operations)


def test_the_fields_that_are_described_are_those_that_are_read():
    assert set(TRAINING) == {field.name for field in dataclasses.fields(TrainingSpec)}
    assert set(DEFINITION) == KNOWN_FIELDS
    assert set(DATASET_UPLOAD) == SPEC_FIELDS | {"file", "validation_file", "test_file", *IMPORT_SETTINGS}


def test_the_index_leads_to_the_document(client):
    index = client.get("/api/v1/")
    assert client.get(index["openapi"])["info"]["version"] == index["version"]


def test_the_manual_lists_every_address_with_its_methods(client):
    manual = (Path(__file__).parent.parent.parent / "docs" / "api.md").read_text()
    listed = set()
    for cell, methods in re.findall(r"^\| (`/.+?|`….+?) \| ([A-Z, ]+) \|", manual, re.MULTILINE):
        for address in re.findall("`([^`]+)`", cell):
            listed |= {
                (address.replace("…", "/networks/<name>/versions/<n>"), method) for method in methods.split(", ")
            }
    words = {"network": "name", "version": "n", "run_id": "id", "search_id": "id", "trial": "n"}
    served = {
        (
            re.sub(r"{(\w+)}", lambda name: f"<{words.get(name[1], name[1])}>", path.removeprefix("/api/v1")),
            method.upper(),
        )
        for path, item in client.get("/api/v1/openapi.json")["paths"].items()
        for method in item
    }
    assert listed == served - {("/", "GET"), ("/openapi.json", "GET")}

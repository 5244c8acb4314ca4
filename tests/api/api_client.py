"""A client that checks every answer it gets: what is bought here once holds for each API test, for ever.

An answer's status, media type and body are what the OpenAPI document promises for that view; a failure has the one
error shape; JSON is strict (no NaN); nothing fails with a 5xx unless a test says that it must.
"""

import json
import re
import time
from functools import cache

import orjson
from jsonschema import Draft202012Validator
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.test import encode_multipart

from dashboard.api.openapi import openapi_document

HOST = "http://127.0.0.1"
SIMPLE = {"code", "message", "field"}
EXTRA = {"errors", "nearest", "id"}


@cache
def document_of(app):
    """Return the document of an app: writing it takes longer than most requests."""
    return openapi_document(app)


class ApiClient:
    """Flask's test client, with checks; `get` and the others return the decoded body, `fetch` the response."""

    def __init__(self, app):
        self.app = app
        self.client = app.test_client()
        self.document = document_of(app)
        self.routes = app.url_map.bind("127.0.0.1")

    def get(self, path, **more):
        return self._decoded("GET", path, **more)

    def post(self, path, **more):
        return self._decoded("POST", path, **more)

    def put(self, path, **more):
        return self._decoded("PUT", path, **more)

    def delete(self, path, **more):
        return self._decoded("DELETE", path, **more)

    def fails(self, method, path, status, **more):
        """Return the error of a request that must fail with this status."""
        return self._decoded(method, path, status=status, **more)["error"]

    def fetch(self, method, path, **more):
        """Return the checked response; `json` is written by Python's own module, not by the app's."""
        if "json" in more:
            more |= {"data": json.dumps(more.pop("json")), "content_type": "application/json"}
        if isinstance(more.get("data"), dict):
            # Encoded here because the test client leaves the temporary files of large bodies open.
            files = {name: FileStorage(*value) for name, value in more["data"].items() if isinstance(value, tuple)}
            boundary, body = encode_multipart(more["data"] | files)
            more |= {"data": body, "content_type": f'multipart/form-data; boundary="{boundary}"'}
        response = self.client.open(path, method=method, base_url=HOST, **more)
        self.check(method, path.partition("?")[0], response)
        return response

    def _decoded(self, method, path, status=200, **more):
        response = self.fetch(method, path, **more)
        assert response.status_code == status, response.text[:500]
        return orjson.loads(response.data) if response.mimetype == "application/json" else response.data

    def check(self, method, path, response):
        """Hold a response to the document; raises AssertionError."""
        if response.status_code >= 400 and path != "/healthy":
            check_error(response)
        operation = self.operation(method, path)
        if operation is None:
            assert response.status_code in {401, 404, 405}
            return
        promised = operation["responses"].get(str(response.status_code), operation["responses"]["default"])
        content = promised.get("content")
        if content is None or response.status_code == 304:
            assert response.data == b""
            return
        assert response.mimetype in content
        if schema := content[response.mimetype].get("schema"):
            self.validate(schema, orjson.loads(response.data))

    def operation(self, method, path):
        """Return the document's entry for a request, or None if it has no view of the API."""
        try:
            rule, _ = self.routes.match(path, "GET" if method == "HEAD" else method, return_rule=True)
        except HTTPException:
            return None
        if not rule.endpoint.startswith("api."):
            return None
        return self.document["paths"][re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule)][method.lower()]

    def validate(self, schema, body):
        Draft202012Validator(schema | {"components": self.document["components"]}).validate(body)

    def wait_for_run(self, run_id, until=("finished", "failed", "cancelled", "interrupted"), epochs=0):
        """Return a run once its state is one of these and it has so many epochs."""
        while True:
            run = self.get(f"/api/v1/runs/{run_id}")
            if run["state"] in until and len(run["epochs"]) >= epochs:
                return run
            assert run["state"] in {"queued", "running"}, run
            time.sleep(0.02)


def check_error(response):
    """Assert the one error shape."""
    assert response.mimetype == "application/json"
    body = orjson.loads(response.data)
    assert set(body) == {"error"}
    error = body["error"]
    assert set(error) >= SIMPLE
    assert set(error) <= SIMPLE | EXTRA
    assert re.fullmatch("[a-z_]+", error["code"])
    assert error["message"].strip().endswith((".", "!", "?"))
    assert "Traceback" not in error["message"]
    assert error["field"] is None or isinstance(error["field"], str)
    if "errors" in error:
        assert error["errors"][error["field"]] == error["message"]
    assert ("id" in error) == (response.status_code >= 500)

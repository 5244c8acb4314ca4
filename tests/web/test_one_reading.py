"""Every page and each of its charts read their address once, in one transaction: one state of the catalogue."""

from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import request
from sqlalchemy import event

from dashboard.web.kit.query import Query
from tests.web.page_check import Page

KNOWN = {"networks.index", "networks.new", "networks.show", "versions.show", "tensors.show", "history.show"}
KNOWN |= {"health.show", "compare.show", "compare.cell", "compare.unit", "several.show"}
KNOWN |= {"several.all_versions", "datasets.index", "datasets.new", "datasets.show", "runs.index", "runs.show"}
KNOWN |= {"searches.index", "searches.new", "store.show", "help.show"}
MOST_OF_A_KIND = 4
START = ("/", "/compare?base=demo-digits:1&other=demo-digits:3", "/networks/demo-digits/history?tensor=layer_02.weight")


@pytest.fixture
def begun(trained_workspace):
    """The transactions that the catalogue's database has begun."""
    transactions = []

    def note(connection):
        transactions.append(connection)

    event.listen(trained_workspace.catalogue.engine, "begin", note)
    yield transactions
    event.remove(trained_workspace.catalogue.engine, "begin", note)


@pytest.fixture
def read(monkeypatch):
    """The path and the query of every address that was read: that of a page, and those of its charts."""
    queries, first = [], Query.__init__

    def note(query, args):
        queries.append((request.path, tuple(args.items(multi=True))))
        first(query, args)

    monkeypatch.setattr(Query, "__init__", note)
    return queries


def kind_of(app, address):
    """Return the endpoint of an address and the names in its query: pages of one kind are read in one way."""
    parts = urlsplit(address)
    endpoint, _ = app.url_map.bind("localhost").match(parts.path)
    return endpoint, tuple(sorted(set(parse_qs(parts.query))))


def test_every_kind_of_page_reads_its_address_once_and_the_catalogue_in_one_transaction(demo, demo_app, begun, read):
    waiting, seen, pages, faults = list(START), set(), Counter(), []
    while waiting:
        address = waiting.pop(0)
        begun.clear()
        read.clear()
        response = demo.client.get(address, buffered=True)
        if response.mimetype != "text/html" or response.status_code != 200:
            continue
        pages[kind_of(demo_app, address)[0]] += 1
        if len(begun) > 1 or len(read) > len(set(read)):
            faults.append((address, f"{len(begun)} transactions", f"{len(read)} readings of the query"))
        for link in Page(response).links():
            if not link.startswith("/") or link.startswith("/api/"):
                continue
            kind = kind_of(demo_app, link)
            if kind not in seen and pages[kind[0]] < MOST_OF_A_KIND:
                seen.add(kind)
                waiting.append(link)
    assert faults == []
    assert KNOWN - set(pages) == set()

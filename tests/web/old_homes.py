"""Data folders of earlier forms, unpacked for a test; and walking all that an app answers."""

import re
import tarfile
from pathlib import Path
from urllib.parse import quote, urlencode

from dashboard.services.exports.offers import SUFFIXES
from dashboard.settings import Settings
from tests.server import connect

EXPORTS = re.compile(rf"(?:{'|'.join(map(re.escape, SUFFIXES))})$")
"""The ends of exported files, each of which takes seconds to make; they have tests of their own."""
HOMES = Path(__file__).parent.parent / "data" / "homes"


def unpack(name, folder):
    """Unpack the data folder of an archive of HOMES, and return it."""
    with tarfile.open(HOMES / f"{name}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def settings_of(home, mysql_url=None):
    """Return the settings for an unpacked folder; one with a database is loaded into the empty one at `mysql_url`."""
    dump = home / "database.sql"
    if not dump.exists():
        return Settings(home=str(home))
    server, _, database = mysql_url.rpartition("/")
    connection = connect(server, database)
    cursor = connection.cursor()
    for statement in dump.read_text().splitlines():
        cursor.execute(statement)
    connection.close()
    dump.unlink()
    return Settings(home=str(home), store=mysql_url)


def walk(browser, with_queries=True):
    """Fetch what can be reached by links, with tables' files, figures and pictures; return the addresses.

    Of those that differ only in numbers, in the format of an export, or in the value of one query parameter, one is
    fetched; without queries, of those that differ in their queries, too. Raises PageError for what is refused, or a
    page that breaks a rule.
    """
    seen, kinds, waiting = set(), set(), ["/"]
    while waiting:
        address = waiting.pop()
        path, _, query = address.partition("?")
        path, query = (re.sub(r"\d+", "0", part) for part in (EXPORTS.sub(".exported", path), query))
        parameters = {f"{path}?{part.partition('=')[0]}" for part in query.split("&") if part and with_queries}
        if {path, *parameters} <= kinds:
            continue
        seen.add(address)
        kinds |= {path, *parameters}
        page = browser.either(address)
        waiting += [link.split("#")[0] for link in page.links() if not link.startswith("#")]
        waiting += page.parts()
    return seen


def api_addresses(client):
    """Return path of the OpenAPI document -> the addresses of all that it answers about what is stored there."""
    things = list(_things(client))
    return {
        path: _addresses(path, operations["get"]["parameters"], things)
        for path, operations in client.document["paths"].items()
        if "get" in operations
    }


def _addresses(path, parameters, things):
    needed = {(one["in"], one["name"]) for one in parameters if one["required"]}
    known = {(one["in"], one["name"]) for one in parameters}
    usable = [{key: thing[key] for key in known & set(thing)} for thing in things if needed <= set(thing)]
    most = max(map(len, usable), default=0)
    return sorted({_filled(path, values) for values in usable if len(values) == most})


def _filled(path, values):
    for (place, name), value in values.items():
        if place == "path":
            path = path.replace(f"{{{name}}}", quote(str(value)))
    query = urlencode({name: value for (place, name), value in values.items() if place == "query"}, doseq=True)
    return f"{path}?{query}" if query else path


def _things(client):
    """Yield what an address may be about, each as (where it stands, name of the parameter) -> value."""
    yield {}
    for dataset in client.get("/api/v1/datasets")["items"]:
        yield {("path", "name"): dataset["name"]}
    for run in client.get("/api/v1/runs")["items"]:
        yield {("path", "run_id"): run["id"]}
    for search in client.get("/api/v1/searches")["items"]:
        for trial in client.get(f"/api/v1/searches/{search['id']}/trials")["items"]:
            yield {("path", "search_id"): search["id"], ("path", "trial"): trial["trial"]}
    for network in client.get("/api/v1/networks")["items"]:
        yield from _tensors(client, network["name"])


def _tensors(client, network):
    versions = client.get(f"/api/v1/networks/{network}/versions")["items"]
    numbers = [version["version"] for version in versions]
    for number, before in zip(numbers, [*numbers[1:], *numbers[:1]], strict=True):
        exported = {("path", "suffix"): "npz"} if number == numbers[0] else {}
        yield {("path", "network"): network, ("path", "version"): number} | exported
        several = {"version": [f"{network}:{before}", f"{network}:{number}"]} if number != before else {}
        for tensor in client.get(f"/api/v1/networks/{network}/versions/{number}")["tensors"]:
            query = {"base": f"{network}:{before}", "other": f"{network}:{number}", "tensor": tensor["name"]} | several
            path = {"network": network, "version": number, "tensor": tensor["name"]}
            things = {"query": query, "path": path}
            yield {(place, name): value for place, values in things.items() for name, value in values.items()}

"""The page of a network's lineage: a drawing in which each node is a link, and the same as a table."""

from flask import Blueprint, render_template, url_for

from dashboard.charts.lineage import Drawn, lineage_drawing
from dashboard.http import workspace
from dashboard.records.network import Network
from dashboard.services.compare.versions import parse_reference
from dashboard.services.history.lineage import MOST_NODES, MOST_VERSIONS, Descent, Node, descents, nodes_of
from dashboard.services.networks import get_network
from dashboard.web.kit.formats import plural
from dashboard.web.kit.paging import pager
from dashboard.web.kit.tables import Column, Table, exports, numbers_at
from dashboard.web.kit.urls import address
from dashboard.web.versions.origins import HOW

blueprint = Blueprint("lineage", __name__, url_prefix="/networks/<name>/lineage")
ROWS_SHOWN = 100
MADE_BY = HOW | {"trial": HOW["search"], "external": HOW["push"]}


@blueprint.get("")
def show(name: str) -> str:
    """Show what each version of a network comes from."""
    network = get_network(workspace(), name)
    versions = descents(workspace(), network)
    table, pages = _table(network, versions[::-1]), pager(len(versions), length=ROWS_SHOWN)
    nodes = nodes_of(versions)
    return render_template(
        "networks/lineage.html",
        network=network,
        drawing=lineage_drawing([_drawn(node) for node in nodes], f"Lineage of {name}"),
        is_cut=len(nodes) == MOST_NODES,
        most_nodes=MOST_NODES,
        most_versions=MOST_VERSIONS if len(versions) == MOST_VERSIONS else 0,
        table=table.part(pages.offset, pages.length),
        pages=pages,
    )


@numbers_at(blueprint, "/versions")
def versions(name: str) -> Table:
    """Return the versions with what they come from."""
    network = get_network(workspace(), name)
    return _table(network, descents(workspace(), network)[::-1])


def _table(network: Network, versions: list[Descent]) -> Table:
    columns = (
        Column("version", "Version", "reference"),
        Column("how", "Came to be", "how", shown=lambda row: MADE_BY.get(row.how, row.how)),
        Column("parents", "Comes from", lambda row: " ".join(row.parents), shown=lambda row: ", ".join(row.parents)),
        Column("run", "Run", format="count"),
        Column("epoch", "Epoch", format="count"),
        Column("created", "Saved", format="when"),
    )
    files = exports("lineage.versions", name=network.name)

    def link(row: Descent) -> str:
        return address("versions.show", name=network.name, number=row.number)

    return Table(f"{network.name}_lineage", columns, versions, "Versions and what they come from", files, link=link)


def _drawn(node: Node) -> Drawn:
    return Drawn(node.id, _words(node), _address(node), node.kind, node.parents)


def _words(node: Node) -> str:
    if node.kind == "run":
        return f"run {node.run}: {node.how}"
    if node.kind == "group":
        return f"v{node.first} … v{node.last}: {plural(node.versions, 'version')}"
    if not node.first:
        return node.reference
    made = f": {node.how}" if node.run is None and node.how else ""
    return f"v{node.last}{made}"


def _address(node: Node) -> str:
    if node.kind == "run":
        return url_for("runs.show", run_id=node.run)
    network, number = parse_reference(node.reference, "version")
    return address("versions.show", name=network, number=number)

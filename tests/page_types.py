"""Every type of page, once: what the tests of all pages go through, and what `make pictures` renders.

`tests/page_home.py` makes the home in which all of them are there. Further pages are added here, and the names that
their addresses have in braces in `page_home.py`; a rule compares this list with the app's addresses.
"""

from typing import NamedTuple


class PageType(NamedTuple):
    """A page: its name (a picture's file name), its view, and its address in the home with everything."""

    name: str
    endpoint: str
    address: str


DEMO, V6 = "/networks/demo-digits", "/networks/demo-digits/versions/6"
PAIR = "base=demo-digits:1&other=demo-digits:6"
OF_WEIGHT = f"{PAIR}&tensor=layer_01.weight"
RECORD = "when=2024-03-04&size=0.5&weight=&member=yes&colour=red&grade=8"

PAGE_TYPES = [
    PageType("networks", "networks.index", "/"),
    PageType("network", "networks.show", DEMO),
    PageType("network-untrained", "networks.show", "/networks/untrained"),
    PageType("network-foreign", "networks.show", "/networks/imported"),
    PageType("network-targets", "networks.show", "/networks/groups"),
    PageType("network-new", "networks.new", "/networks/new?dataset=digits"),
    PageType("network-delete", "networks.delete", f"{DEMO}/delete"),
    PageType("lineage", "lineage.show", f"{DEMO}/lineage"),
    PageType("version", "versions.show", V6),
    PageType("version-foreign", "versions.show", "/networks/imported/versions/1"),
    PageType("version-targets", "versions.show", "/networks/groups/versions/1"),
    PageType("version-delete", "versions.delete", f"{V6}/delete"),
    PageType("version-change", "children.show", f"{V6}/change"),
    PageType("version-mix", "children.show", f"{V6}/change?change=interpolate&other=demo-digits:3"),
    PageType("export", "exports.show", f"{V6}/export"),
    PageType("evaluate", "evaluate.show", f"{V6}/evaluate?dataset=digits"),
    PageType("tensor", "tensors.show", f"{V6}/tensors/layer_01.weight"),
    PageType("tensor-cell", "tensors.show", f"{V6}/tensors/layer_01.weight?row=20&column=5"),
    PageType("tensor-bias", "tensors.show", f"{V6}/tensors/layer_01.bias"),
    PageType("history", "history.show", f"{DEMO}/history?tensor=layer_01.weight"),
    PageType("history-unit", "history.show", f"{DEMO}/history?tensor=layer_01.weight&unit=5"),
    PageType("history-cell", "history.show", f"{DEMO}/history?tensor=layer_01.weight&row=20&column=5"),
    PageType("health", "health.show", f"{DEMO}/health"),
    PageType("learning", "steps.show", f"{DEMO}/history/why"),
    PageType("compare-choose", "compare.show", "/compare"),
    PageType("compare-side", "compare.choose", "/compare/choose?side=other&base=demo-digits:3"),
    PageType("compare", "compare.show", f"/compare?{PAIR}"),
    PageType("compare-tensor", "compare.show", f"/compare?{OF_WEIGHT}"),
    PageType("compare-bias", "compare.show", f"/compare?{PAIR}&tensor=layer_01.bias"),
    PageType("compare-identical", "compare.show", "/compare?base=demo-digits:2&other=demo-digits:2"),
    PageType("compare-foreign", "compare.show", "/compare?base=imported:1&other=imported:2"),
    PageType("compare-unit", "compare.unit", f"/compare/unit?{OF_WEIGHT}&unit=5"),
    PageType("compare-cell", "compare.cell", f"/compare/cell?{OF_WEIGHT}&row=20&column=5"),
    PageType("why", "why.show", f"/compare/why?{PAIR}"),
    PageType(
        "several", "several.show", "/compare/several?version=demo-digits:1&version=demo-digits:3&version=demo-digits:6"
    ),
    PageType("several-choose", "several.show", "/compare/several?version=demo-digits:3&choose=1"),
    PageType("all-versions", "several.all_versions", "/compare/all"),
    PageType("datasets", "datasets.index", "/datasets"),
    PageType("dataset", "datasets.show", "/datasets/digits"),
    PageType("dataset-mixed", "datasets.show", "/datasets/mixed"),
    PageType("dataset-colours", "datasets.show", "/datasets/shades"),
    PageType("dataset-new", "datasets.new", "/datasets/new"),
    PageType("dataset-choose", "datasets.choose", "/datasets/new/{upload}"),
    PageType("dataset-choose-pictures", "datasets.choose", "/datasets/new/{pictures}"),
    PageType("dataset-delete", "datasets.delete", "/datasets/mixed/delete"),
    PageType("import", "imports.new", "/import"),
    PageType("import-choose", "imports.choose", "/import/{file}"),
    PageType("runs", "runs.index", "/runs"),
    PageType("run", "runs.show", "/runs/1"),
    PageType("run-repeats", "runs.show", "/runs/{repeats}"),
    PageType("run-action", "runs.show", "/runs/{action}"),
    PageType("run-failed", "runs.show", "/runs/{failed}"),
    PageType("run-running", "runs.show", "/runs/{running}"),
    PageType("run-elsewhere", "runs.show", "/runs/{elsewhere}"),
    PageType("run-queued", "runs.show", "/runs/{queued}"),
    PageType("searches", "searches.index", "/searches"),
    PageType("search", "searches.show", "/searches/1"),
    PageType("search-waiting", "searches.show", "/searches/2"),
    PageType("search-new", "searches.new", "/searches/new?dataset=digits"),
    PageType("search-delete", "searches.delete", "/searches/1/delete"),
    PageType("store", "store.show", "/store"),
    PageType("backup", "backups.show", "/store/backup"),
    PageType("trash-one", "store.delete_permanently", "/store/trash/{trashed}"),
    PageType("trash-empty", "store.empty", "/store/trash/empty"),
    PageType("use-drawing", "use.show", "/use/demo-digits:6?record=3"),
    PageType("use", "use.show", f"/use/mixed:1?{RECORD}"),
    PageType("use-not", "use.show", "/use/imported:1"),
    PageType("use-file", "use.show_result", "/use/mixed:1/file/{answered}"),
    PageType("help", "help.show", "/help"),
    PageType("help-log", "help.log", "/help/log"),
    PageType("style", "help.style", "/help/style"),
]

REFUSED = [
    ("not-found", 404, "/networks/demo-digit"),
    ("not-valid", 422, f"{V6}/tensors/layer_01.weight?row=-1"),
    ("compare-one", 404, "/compare?version=demo-digits:99"),
    ("compare-refused", 404, "/compare?base=demo-digits:1&other=demo-digits:99"),
]
"""Pages that say what is wrong: name, status, address."""

EMPTY = {
    "networks": "/",
    "network-new": "/networks/new",
    "datasets": "/datasets",
    "dataset-new": "/datasets/new",
    "import": "/import",
    "runs": "/runs",
    "searches": "/searches",
    "search-new": "/searches/new",
    "compare-choose": "/compare",
    "all-versions": "/compare/all",
    "store": "/store",
    "backup": "/store/backup",
    "help": "/help",
}
"""The pages that a home without anything has, too: name -> address."""

NO_PAGES = {  # parts of pages, and what leads elsewhere
    "api.health.healthy",
    "changes.pixel",
    "compare.pixel",
    "compare.progress",
    "health.progress",
    "help.client",
    "help.docs",
    "history.progress",
    "joined",
    "networks.change_map_part",
    "plotly",
    "runs.progress",
    "runs.queue",
    "searches.progress",
    "searches.trial",
    "static",
    "steps.progress",
    "use.choose_random",
}

// The table of a tensor: a click on a cell gives its address and shows all its digits; a click on the heat map goes there.
"use strict";
(() => {
  function address(row, column) {
    const url = new URL(location.href);
    url.searchParams.set("row", row);
    url.searchParams.set("column", column);
    url.hash = "";
    return url;
  }

  function name(shape, row, column) { // as cell_name in records/tensor.py
    const inner = shape.slice(1).reverse().map((length) => { const index = column % length; column = Math.floor(column / length); return index; });
    return `[${shape.length ? [row, ...inner.reverse()].join(", ") : ""}]`;
  }

  function point(cell) {
    const row = cell.parentElement.dataset.row;
    const { column: first, shape } = cell.closest("table").dataset;
    const column = Number(first) + cell.cellIndex - 1;
    document.querySelector("td.here")?.classList.remove("here");
    cell.classList.add("here");
    document.getElementById("cell").textContent = `${name(shape.split(" ").filter(Boolean).map(Number), row, column)}: ${cell.title || cell.textContent}`;
    for (const link of document.querySelectorAll("a[data-of-cell]")) {
      link.search = new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(link.search)), row, column });
    }
    history.replaceState(history.state, "", address(row, column));
  }

  function jump(map, event) {
    const box = map.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * Number(map.dataset.rows));
    const column = Math.floor(((event.clientX - box.left) / box.width) * Number(map.dataset.columns));
    window.weightbase.swap(address(Math.max(0, row), Math.max(0, column)));
  }

  document.addEventListener("click", (event) => {
    const cell = event.target.closest("table.window td");
    const map = event.target.closest(".map[data-rows]");
    if (cell) point(cell);
    if (map) jump(map, event);
  });
})();

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

  function point(cell) {
    const row = cell.parentElement.dataset.row;
    const column = Number(cell.closest("table").dataset.column) + cell.cellIndex - 1;
    document.querySelector("td.here")?.classList.remove("here");
    cell.classList.add("here");
    document.getElementById("cell").textContent = `row ${row}, column ${column}: ${cell.title || cell.textContent}`;
    const over = document.getElementById("over-versions");
    over.search = new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(over.search)), row, column });
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

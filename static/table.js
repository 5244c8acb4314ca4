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
    const copied = document.getElementById("copy-cell");
    copied.hidden = false;
    copied.querySelector("button").dataset.copy = `${copied.dataset.reference} ${document.getElementById("cell").textContent.replace(": ", " = ")}`;
    for (const link of document.querySelectorAll("a[data-of-cell]")) {
      link.search = new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(link.search)), row, column });
    }
    history.replaceState(history.state, "", address(row, column));
  }

  function under(map, event) { // the row and column of the cell below the pointer
    const box = map.getBoundingClientRect();
    const at = (share, length) => Math.max(0, Math.min(length - 1, Math.floor(share * length)));
    return [at((event.clientY - box.top) / box.height, Number(map.dataset.rows)),
      at((event.clientX - box.left) / box.width, Number(map.dataset.columns))];
  }

  let asked = 0;
  function describe(map, event) { // says what is below the pointer; its value is fetched once the pointer rests
    const [row, column] = under(map, event);
    const output = document.getElementById("pointed");
    const place = name(map.dataset.shape.split(" ").map(Number), row, column);
    output.textContent = `${place}: click to go there.`;
    const number = ++asked;
    setTimeout(async () => {
      if (number !== asked) return;
      const answer = await fetch(`${map.dataset.cell}?${new URLSearchParams({ row, column, rows: 1, columns: 1 })}`);
      if (!answer.ok || number !== asked) return;
      const { cells } = await answer.json();
      const [[cell]] = cells; // NaN and infinities come as texts
      output.textContent = `${place}: ${typeof cell === "number" ? cell.toPrecision(4) : cell}. Click to go there.`;
    }, 120);
  }

  document.addEventListener("click", (event) => {
    const cell = event.target.closest("table.window td");
    const map = event.target.closest(".map[data-rows]");
    if (cell) point(cell);
    if (map) window.weightbase.swap(address(...under(map, event)));
  });
  document.addEventListener("pointermove", (event) => {
    const map = event.target.closest?.(".map[data-rows]");
    if (map) describe(map, event);
  });
})();

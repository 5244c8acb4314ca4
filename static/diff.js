// The map of a change: the pointer shows its unit and input; a click shows that unit's pictures, or the cell
// where single cells are seen; a drag looks closer. Forms with data-submit-on-change are sent when one of their fields changes.
"use strict";
(() => {
  let from = null; // where a drag began

  function place(map, event) {
    const box = [...map.querySelectorAll("img")].find((image) => image.offsetParent).getBoundingClientRect();
    const share = (from, size) => Math.min(Math.max(from / size, 0), 0.999999);
    const { units, place, places, input, inputs } = map.dataset;
    const down = share(event.clientY - box.top, box.height);
    const names = units.split(" ");
    return {
      unit: names[Math.floor(down * names.length)],
      place: Number(place) + Math.floor(down * Number(places)),
      input: Number(input) + Math.floor(share(event.clientX - box.left, box.width) * Number(inputs)),
    };
  }

  const near = (event) => event.target.closest?.("#change-map");
  const moved = (event) => from && Math.hypot(event.clientX - from.x, event.clientY - from.y) > 5;

  function go(address, values) {
    const url = new URL(address, location.href);
    for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
    return url;
  }

  function frame(map, event) {
    const box = map.getBoundingClientRect();
    const [left, right] = [from.x, event.clientX].sort((a, b) => a - b).map((x) => x - box.left);
    const [top, bottom] = [from.y, event.clientY].sort((a, b) => a - b).map((y) => y - box.top);
    let drawn = map.querySelector(".frame");
    if (!drawn) map.append((drawn = Object.assign(document.createElement("span"), { className: "frame" })));
    Object.assign(drawn.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  }

  function closer(map, event) {
    const [one, two] = [from.at, place(map, event)];
    const span = (name) => `${Math.min(one[name], two[name])}-${Math.max(one[name], two[name])}`;
    window.weightbase.swap(go(map.dataset.zoom, { places: span("place"), inputs: span("input") }));
  }

  document.addEventListener("pointerdown", (event) => {
    const map = near(event);
    if (!map || event.button) return;
    event.preventDefault(); // the picture itself is not to be dragged
    from = { x: event.clientX, y: event.clientY, at: place(map, event) };
  });
  document.addEventListener("pointermove", (event) => {
    const map = near(event);
    const words = document.getElementById("pointed");
    if (!words) return;
    const { unit, input } = map ? place(map, event) : {};
    const [down, across] = map ? map.dataset.words.split(" ") : [];
    words.textContent = map ? `${down} ${unit}, ${across} ${input}` : "";
    if (map && moved(event)) frame(map, event);
  });
  document.addEventListener("pointerup", (event) => {
    const map = near(event);
    if (map && moved(event)) closer(map, event);
    else if (map && from) {
      const { unit, input } = place(map, event);
      const [row, column] = map.dataset.down === "row" ? [unit, input] : [input, unit]; // which axis of the table the units are
      if (map.dataset.cell) location.assign(go(map.dataset.cell, { row, column }));
      else window.weightbase.swap(go(map.dataset.select, { unit }));
    }
    document.querySelector("#change-map .frame")?.remove();
    from = null;
  });
  document.addEventListener("change", (event) => event.target.closest("form[data-submit-on-change]")?.requestSubmit());
})();

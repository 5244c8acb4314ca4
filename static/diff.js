// The map of a change: the pointer shows its unit, input and cell; a click opens the cell, with Shift its unit's pictures;
// a drag looks closer. Forms with data-submit-on-change are sent when one of their fields changes.
"use strict";
(() => {
  let from = null; // where a drag began
  let pointed = ""; // the pixel under the pointer, as the address of its values
  const values = new Map(); // what was fetched of pixels
  const MOST_VALUES = 2000;

  function place(map, event) {
    const box = [...map.querySelectorAll("img")].find((image) => image.offsetParent).getBoundingClientRect();
    const share = (from, size) => Math.min(Math.max(from / size, 0), 0.999999);
    const { units, place, places, input, inputs, lines } = map.dataset;
    const [across, down] = [share(event.clientX - box.left, box.width), share(event.clientY - box.top, box.height)];
    const names = units.split(" ");
    return {
      x: Math.floor(across * names.length),
      y: Math.floor(down * Number(lines)),
      unit: names[Math.floor(across * names.length)],
      place: Number(place) + Math.floor(across * Number(places)),
      input: Number(input) + Math.floor(down * Number(inputs)),
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

  function say(map, event) { // the unit and input at once, both values and the change as soon as they are there
    const words = document.getElementById("pointed");
    if (!words) return;
    if (!map) { words.textContent = pointed = ""; return; }
    const { x, y, unit, input } = place(map, event);
    const url = go(map.dataset.pixel, { x, y }).href;
    if (url === pointed) return;
    pointed = url;
    const [name, along] = map.dataset.words.split(" ");
    const head = `${name} ${unit}, ${along} ${input}`;
    words.textContent = values.has(url) ? `${head} · ${values.get(url)}` : head;
    if (!values.has(url)) setTimeout(() => fetchValues(url, head), 40);
  }

  async function fetchValues(url, head) {
    if (url !== pointed) return; // the pointer has moved on
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    if (!response.ok) return; // the cell's page says what is wrong with it
    if (values.size >= MOST_VALUES) values.clear();
    values.set(url, (await response.json()).words);
    const words = document.getElementById("pointed");
    if (words && url === pointed) words.textContent = `${head} · ${values.get(url)}`;
  }

  document.addEventListener("pointerdown", (event) => {
    const map = near(event);
    if (!map || event.button) return;
    event.preventDefault(); // the picture itself is not to be dragged
    from = { x: event.clientX, y: event.clientY, at: place(map, event) };
  });
  document.addEventListener("pointermove", (event) => {
    const map = near(event);
    say(map, event);
    if (map && moved(event)) frame(map, event);
  });
  document.addEventListener("pointerup", (event) => {
    const map = near(event);
    if (map && moved(event)) closer(map, event);
    else if (map && from) {
      const { x, y, unit } = place(map, event);
      if (event.shiftKey) window.weightbase.swap(go(map.dataset.select, { unit }));
      else location.assign(go(map.dataset.cell, { x, y }));
    }
    document.querySelector("#change-map .frame")?.remove();
    from = null;
  });
  document.addEventListener("change", (event) => event.target.closest("form[data-submit-on-change]")?.requestSubmit());
})();

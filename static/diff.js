// The map of a change: the pointer is told which unit and input it is on, and a click shows that unit's pictures.
"use strict";
(() => {
  function place(map, event) {
    const box = map.querySelector("img").getBoundingClientRect();
    const units = map.dataset.units.split(" ");
    const share = (from, size) => Math.min(Math.max(from / size, 0), 0.999999);
    const row = Math.floor(share(event.clientY - box.top, box.height) * units.length);
    return { unit: units[row], input: Math.floor(share(event.clientX - box.left, box.width) * Number(map.dataset.inputs)) };
  }

  const near = (event) => event.target.closest?.("#change-map");

  document.addEventListener("pointermove", (event) => {
    const map = near(event);
    const words = document.getElementById("pointed");
    if (!words) return;
    const { unit, input } = map ? place(map, event) : {};
    words.textContent = map ? `unit ${unit}, input ${input}` : "";
  });
  document.addEventListener("click", (event) => {
    const map = near(event);
    if (!map) return;
    const url = new URL(map.dataset.select, location.href);
    url.searchParams.set("unit", place(map, event).unit);
    window.weightbase.swap(url);
  });
})();

// Fields that show at once what they choose, the slider, which stops only at versions that there are, and the map.
"use strict";
(() => {
  function nearest(slider) {
    const numbers = slider.dataset.numbers.split(" ").map(Number);
    const wanted = Number(slider.value);
    return numbers.reduce((best, number) => (Math.abs(number - wanted) < Math.abs(best - wanted) ? number : best), numbers[0]);
  }

  document.addEventListener("click", (event) => { // a click on the map leads to the cell there
    const map = event.target.closest("a.map[data-cell]");
    if (!map || event.detail === 0) return; // pressed by the keyboard it leads to all of them
    const box = map.getBoundingClientRect();
    const place = (at, length, count) => Math.max(0, Math.min(count - 1, Math.floor((at / length) * count)));
    const url = new URL(map.dataset.cell, location.href);
    url.searchParams.set("row", place(event.clientY - box.top, box.height, Number(map.dataset.rows)));
    url.searchParams.set("column", place(event.clientX - box.left, box.width, Number(map.dataset.columns)));
    map.href = url.href;
  });
  document.addEventListener("input", (event) => {
    const slider = event.target.closest("input[type=range][data-numbers]");
    if (slider) slider.closest("section").querySelector("h2").textContent = `v${nearest(slider)}`;
  });
  document.addEventListener("change", (event) => {
    const field = event.target.closest("[data-submit-on-change]");
    if (!field) return;
    if (field.dataset.numbers) field.value = nearest(field);
    field.form.requestSubmit();
  });
})();

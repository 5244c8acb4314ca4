// Fields that show at once what they choose, and the slider, which stops only at versions that there are.
"use strict";
(() => {
  function nearest(slider) {
    const numbers = slider.dataset.numbers.split(" ").map(Number);
    const wanted = Number(slider.value);
    return numbers.reduce((best, number) => (Math.abs(number - wanted) < Math.abs(best - wanted) ? number : best), numbers[0]);
  }

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

// A slider shows its value next to it.
"use strict";
for (const slider of document.querySelectorAll("input[data-slider]")) {
  const shown = document.createElement("output");
  shown.htmlFor = slider.id;
  const show = () => { shown.value = Number(slider.value).toFixed(2); };
  slider.addEventListener("input", show);
  slider.after(shown);
  show();
}

// The end of the demo: whoever has waited for it is taken to what it has changed, and does not stay with the curves.
// Going back leads to where the demo was started, not into the same wait again.
"use strict";
document.addEventListener("livechange", () => {
  const next = document.querySelector("[data-goes-on]");
  if (next) location.replace(next.href);
});

// The theme: light, dark, or the system's. This runs before the page is painted, so that nothing flashes.
"use strict";
(() => {
  const root = document.documentElement;
  const stored = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const announce = () => document.dispatchEvent(new CustomEvent("themechange"));

  function choose(theme) {
    root.dataset.theme = theme;
    try { localStorage.setItem("theme", theme); } catch { /* storage is switched off: the choice lasts for this page */ }
    announce();
  }

  root.classList.add("js");
  if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
  window.weightbase = { isDark };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-toggle]")) choose(isDark() ? "light" : "dark");
  });
})();

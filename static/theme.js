// The theme: light, dark, or the system's. a script within each page (start_script.py) sets the chosen one before it is painted.
"use strict";
(() => {
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const announce = () => document.dispatchEvent(new CustomEvent("themechange"));

  function choose(theme) {
    root.dataset.theme = theme;
    try { localStorage.setItem("theme", theme); } catch { /* storage is switched off: the choice lasts for this page */ }
    announce();
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
  window.weightbase = { isDark };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-toggle]")) choose(isDark() ? "light" : "dark");
  });
})();

// The theme: light, dark, or the system's. A script within each page (start_script.py) sets the chosen one before it is painted.
"use strict";
(() => {
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const announce = () => document.dispatchEvent(new CustomEvent("themechange"));

  function show(theme) {
    root.dataset.theme = theme;
    announce();
  }

  function choose(theme) {
    try { localStorage.setItem("theme", theme); } catch { /* storage is switched off: the choice lasts for this page */ }
    show(theme);
  }

  function follow() { // what was chosen in another tab, or on a page after this one
    let theme = null;
    try { theme = localStorage.getItem("theme"); } catch { /* storage is switched off: nothing was chosen elsewhere */ }
    if (["light", "dark"].includes(theme) && theme !== root.dataset.theme) show(theme);
  }

  addEventListener("storage", follow);
  addEventListener("pageshow", (event) => event.persisted && follow()); // back to a page as the browser left it

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
  window.weightbase = { isDark };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-toggle]")) choose(isDark() ? "light" : "dark");
  });
})();

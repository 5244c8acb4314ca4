// Stepping without a new page: a link or GET form with data-swap is fetched and its main part put in place, so that
// the scripts and drawn charts stay alive. Address, title and history are those of the page that was requested.
"use strict";
(() => {
  let sent = 0;

  function keepCharts(fresh) {
    for (const chart of document.querySelectorAll("main .chart[id]")) {
      const successor = fresh.querySelector(`#${CSS.escape(chart.id)}`);
      if (!successor?.dataset.figureUrl || !chart.figure) continue;
      chart.dataset.figureUrl = successor.dataset.figureUrl;
      chart.setAttribute("aria-label", successor.getAttribute("aria-label") ?? "");
      successor.replaceWith(chart);
    }
  }

  async function show(url, remember) {
    const number = ++sent;
    const main = document.querySelector("main");
    main.setAttribute("aria-busy", "true");
    const response = await fetch(url, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (number !== sent) return;
    const fresh = document.adoptNode(page.querySelector("main"));
    const focus = document.activeElement?.dataset?.key ?? "";
    const scroll = main.querySelector(".scroll[id]");
    const left = scroll?.scrollLeft ?? 0;
    keepCharts(fresh);
    main.replaceWith(fresh);
    document.title = page.title;
    if (remember) history.pushState({ swapped: true }, "", response.url);
    if (scroll) (document.getElementById(scroll.id) ?? {}).scrollLeft = left;
    [...fresh.querySelectorAll("[data-key]")].find((element) => focus && element.dataset.key === focus)?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("pagechange"));
  }

  const swap = (url, remember = true) => show(url, remember).catch(() => location.assign(url));
  window.weightbase.swap = swap;

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    swap(link.href.baseVal ?? link.href); // a link in a drawing has an address of another kind
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[method=get][data-swap]")) return;
    event.preventDefault();
    swap(`${form.getAttribute("action").split("?")[0]}?${new URLSearchParams(new FormData(form, event.submitter))}`);
  });
  window.addEventListener("popstate", () => swap(location.href, false));
  history.replaceState({ swapped: true }, "");
})();
